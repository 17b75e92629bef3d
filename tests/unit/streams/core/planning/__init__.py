"""The decisions about intents."""
