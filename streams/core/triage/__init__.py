"""Triage: what is decided about alerts, stage by stage.

A file belongs here if it speaks of alerts, their changes or those who are told of them. You are in
the wrong room if you ask by which channel, when, or in which words somebody is told.
"""
