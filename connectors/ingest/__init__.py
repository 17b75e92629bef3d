"""Ingest: what the world says, written to `alerts.raw` before anybody is told "yes".

Here live the HTTP gateway, its limits, its keys and signatures, and what it answers.
What a payload means is said in `formats`; what an alert is worth is said by triage, elsewhere.
You are in the wrong room if your code needs to know whether an alert is silenced or urgent.
"""
