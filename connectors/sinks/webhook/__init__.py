"""Webhook: the channel `webhook`, signed posts to endpoints of others.

What may be called stands beside it (`addresses`, `wire`), for hooks of Slack go the same way.
"""
