"""Hold what runs Tocsin: the local stack, images, manifests and dashboards.

Never a rule about alerts, intents or deliveries, and nothing that the applications import.
"""
