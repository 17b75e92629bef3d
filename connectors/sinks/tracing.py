"""The trace that the delivery in hand belongs to, for sinks whose provider takes it."""

from contextvars import ContextVar

# Set for the one call of a provider: each delivery is handled in a task of its own.
TRACE: ContextVar[str] = ContextVar("trace", default="")
