"""Slack: the channel `slack`, by the Web API and by incoming webhooks.

What an alert's message, updates and thread look like, and what Slack's words mean.
"""
