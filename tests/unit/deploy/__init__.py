"""Hold tests of the local stack that need no service."""
