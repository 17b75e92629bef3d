"""Stores: PostgreSQL and Redis, each behind the one module that imports its library.

Here live the connections, the migrations, the SQL, API keys and what was heard of a fingerprint.
Nothing here reads a topic or speaks HTTP.
You are in the wrong room if the code decides when to write instead of how.
"""
