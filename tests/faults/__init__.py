"""Faults: processes are killed, brokers restarted, and the counts are held against a model."""
