"""Tests of what is made of what comes back."""
