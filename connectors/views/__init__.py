"""Views: what topics say, as rows that a person can ask for.

Here live the reader of changes, deliveries, decisions and dead letters, and the rows made of them.
Nothing here answers a request, and nothing decides: a view can be thrown away and read again.
You are in the wrong room if losing the row would lose a fact.
"""
