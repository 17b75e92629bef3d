"""Planning: what is decided about intents: who, by which channels, when, and how often.

A file belongs here if it speaks of intents, plans, people or deliveries. You are in the wrong room
if you ask whether there is an alert at all, or how a template is run.
"""
