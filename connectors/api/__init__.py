"""API: what a person or a program asks over HTTP, answered from the views.

Here live the routes of the inbox, of intents and of deliveries, their models, and the commands
they pass on.
Nothing here changes a view: an order goes to `alerts.commands`, and the view shows what came of it.
You are in the wrong room if the code writes a row.
"""
