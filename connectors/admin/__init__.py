"""Admin: what an operator does from a shell, and a start does before anything else.

Here live the commands that create topics, migrate the database, make keys, load files and look
at dead letters. Each can be run again without harm.
Nothing here serves requests or runs for long.
You are in the wrong room if a person with a browser should be able to do it.
"""
