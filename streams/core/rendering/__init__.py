"""Rendering: the words of a message, from a template in its sandbox to what a channel can carry.

A file belongs here if it knows templates, languages or lengths, and nothing of plans or alerts.
"""
