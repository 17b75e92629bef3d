"""Hold every test: a test here speaks of a promise, never of how it is kept."""
