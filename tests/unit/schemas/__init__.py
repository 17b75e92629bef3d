"""Unit tests of the agreements."""
