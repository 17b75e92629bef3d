"""Hold tests that need the real services: Kafka, PostgreSQL and Valkey, never a stand-in."""
