"""Tests of the sinks on real Kafka, PostgreSQL and Valkey."""
