"""The only place where streams read the time."""

import time


def now_ms() -> int:
    """Give wall-clock time in epoch milliseconds."""
    return time.time_ns() // 1_000_000


def monotonic_s() -> float:
    """Give seconds that never go back, for intervals."""
    return time.monotonic()
