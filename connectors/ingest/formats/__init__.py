"""Formats: one translator a sender, payload in, RawAlerts out.

Each is a pure function: no clock, no network, no state, and never an exception, whatever the
payload holds. Each answers from the closed set in `answers`.
You are in the wrong room if you need to await something.
"""
