"""The core: what is decided, as pure functions of what is known.

Here live values and functions alone; the same arguments always give the same answer.
Nothing here reads a clock, draws a random number, logs, or knows Kafka.
`triage` decides about alerts, `planning` about intents, `rendering` makes words, `schedule` keeps
what waits; stages are strangers, and `streams.pipeline` and `streams.planning` set them in a row.
You are in the wrong room if your function must wait for anything.
"""
