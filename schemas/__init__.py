"""Agreements: what two processes must see alike, and nothing else.

Here live the records and their wire form, the names of topics, groups and metrics, keys, ids,
fingerprints, the closed lists of reasons, and the error tree.
Nothing here opens a connection, reads a clock or decides anything about an alert.
You are in the wrong room if only one process would ever import it.
"""
