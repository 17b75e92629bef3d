"""API: what a person or a program asks over HTTP, answered from the views.

Here live the routes of the inbox, of intents, deliveries and preferences, their models, and what
they pass on to Kafka.
Nothing here changes a view: an order goes to `alerts.commands`, an intent to its lane, a preference
to its topic, and the view shows what came of it. The only rows written here say what was asked.
You are in the wrong room if the code writes what a view holds.
"""
