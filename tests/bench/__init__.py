"""Benches: what `make bench NAME=...` runs; a ratio in one run, never a timed test."""
