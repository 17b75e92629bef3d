"""Queries: every SQL statement but the migrations, as functions that take a connection.

Nothing here opens a connection, begins a transaction or commits one.
You are in the wrong room if the code shapes an answer for a person.
"""
