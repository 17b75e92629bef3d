"""Mail: the channel `email`, by SendGrid, by a mail server, or by one after the other.

What a mail says and how it is written lies here; when it is tried again is the runner's.
"""
