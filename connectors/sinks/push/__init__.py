"""Push: the channel `push`, messages to devices by FCM.

The library is kept here from trying again and from blocking.
"""
