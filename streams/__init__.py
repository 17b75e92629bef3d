"""Decisions: Kafka in, Kafka out, and nothing else, ever.

Here live the stages as pure functions (`core`), their order (`pipeline`), and the Faust apps
that feed them (`agents` over `kafka`).
Nothing here calls a provider, opens a database or answers HTTP, and nothing in `core` reads a
clock.
You are in the wrong room if what you write must reach anything but Kafka.
"""
