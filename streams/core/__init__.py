"""The stages: what is decided about alerts and intents, as pure functions of what is known.

Here live values and functions alone; the same arguments always give the same answer.
Nothing here reads a clock, draws a random number, logs, or knows Kafka.
Stages are strangers to each other: `streams.pipeline` and `streams.planning` set them in a row,
and what they share lies in `stage`, `rules`, `item` and `draft`, or `person` and `kinds`.
`plain` is the short way through all the stages of triage.
You are in the wrong room if your function must wait for anything.
"""
