"""Tests of the sinks' pure parts."""
