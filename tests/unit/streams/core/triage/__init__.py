"""The decisions about alerts."""
