"""Edges: one foot in Kafka, one in the world.

Here live the gateway that takes alerts, the views in PostgreSQL, the API, and the tools that
tend topics; each talks to something that is not Kafka.
Nothing here decides about an alert: what is a duplicate, silenced or urgent is said in `streams`,
and nothing here imports it.
You are in the wrong room if your code needs no connection to the outside.
"""
