"""Sinks: deliveries go out to providers, and what became of each comes back as an event.

Here live one file a channel's provider, and the runner that claims, orders, paces and retries
for all of them. Nothing here chooses a channel, a person or a word of the message.
You are in the wrong room if you decide whether somebody is told.
"""
