"""Tests of the pure parts of one channel."""
