"""How we drive Faust: batches in, durable state, outputs, offsets, and nothing of alerts.

Here live the transport that hands Faust one event for a partition's batch, the checkpoint that
orders outputs, state and offsets, the store, the producer, control data, dead letters, the
watchdog. Nothing here knows what an alert is.
You are in the wrong room if a word of DESIGN section 2 other than "change" comes to mind.
"""
