"""How much one key, and one tenant, may send: token buckets in this process's memory.

Each process counts for itself, so that a door asks nobody; behind a load balancer a sender may
send as many times more as there are processes.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from prometheus_client import Counter

from connectors.problems import Problem
from connectors.settings import Rating
from schemas import metrics

LONGEST_WAIT_S = 3600.0
FEW = 1_000  # buckets that nobody has used for long are not looked for below this

REFUSED = Counter(metrics.RATE_REFUSED.name, metrics.RATE_REFUSED.help, metrics.RATE_REFUSED.labels)


@dataclass(slots=True)
class Bucket:
    """Hold up to `burst` tokens, and gain `rate` of them a second; it begins full."""

    rate: float
    burst: float
    tokens: float
    at: float

    def wait_s(self, cost: float, *, now: float) -> float:
        """Say in how many seconds there is enough for this; 0 where there is now."""
        if now > self.at:
            self.tokens = min(self.burst, self.tokens + (now - self.at) * self.rate)
            self.at = now
        return 0.0 if self.tokens >= cost else (cost - self.tokens) / self.rate

    def is_full(self, *, now: float) -> bool:
        """Say whether a new bucket would be the same."""
        return self.tokens + (now - self.at) * self.rate >= self.burst


class Rates:
    """Let through what a key and its tenant may send; Problem 429 for what exceeds it.

    A key gets at most half of what its tenant may send, so that no key alone leaves nothing to
    the others. What is refused uses up nothing.
    """

    def __init__(self, rating: Rating, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._burst_s = rating.burst_s
        self._per_tenant = rating.per_tenant
        most = rating.per_tenant / 2
        self._per_key = min(rating.per_key or most, most) if most else rating.per_key
        self._keys: dict[tuple[str, str], Bucket] = {}
        self._tenants: dict[str, Bucket] = {}
        self._clear_at = FEW

    def enter(self, *, tenant: str, key: str, door: str) -> None:
        """Count one request at a door, before anything of it is read."""
        self._take(1.0, tenant=tenant, key=key, door=door, before=0.0)

    def more(self, items: int, *, tenant: str, key: str, door: str) -> None:
        """Count what a request brings beyond its first item; all of it is let through or none."""
        if items > 0:
            self._take(float(items), tenant=tenant, key=key, door=door, before=1.0)

    def _take(self, cost: float, *, tenant: str, key: str, door: str, before: float) -> None:
        if not self._per_key:
            return
        now = self._clock()
        own = self._keys.get((tenant, key))
        if own is None:
            own = self._keys[tenant, key] = self._bucket(self._per_key, now)
            self._clear(now)
        # What is larger than a bucket would never be let through: it takes a full one.
        cost = min(cost, own.burst - before)
        asked = [("key", own)]
        if self._per_tenant:
            shared = self._tenants.get(tenant)
            if shared is None:
                shared = self._tenants[tenant] = self._bucket(self._per_tenant, now)
            asked.append(("tenant", shared))
        for whose, bucket in asked:
            wait_s = bucket.wait_s(cost, now=now)
            if wait_s:
                for _, each in asked:
                    each.tokens = min(each.burst, each.tokens + before)
                raise _refused(whose, bucket, door, wait_s)
        for _, bucket in asked:
            bucket.tokens -= cost

    def _bucket(self, rate: float, now: float) -> Bucket:
        burst = max(1.0, rate * self._burst_s)
        return Bucket(rate, burst, burst, now)

    def _clear(self, now: float) -> None:
        """Forget buckets that are full again, once there are twice as many as were kept."""
        if len(self._keys) <= self._clear_at:
            return
        self._keys = {k: b for k, b in self._keys.items() if not b.is_full(now=now)}
        self._tenants = {k: b for k, b in self._tenants.items() if not b.is_full(now=now)}
        self._clear_at = max(FEW, 2 * len(self._keys))


def _refused(whose: str, bucket: Bucket, door: str, wait_s: float) -> Problem:
    REFUSED.labels(door, whose).inc()
    return Problem(
        429,
        f"this {whose} may send {bucket.rate:g} a second, and {bucket.burst:g} at once",
        headers={"Retry-After": str(max(1, math.ceil(min(wait_s, LONGEST_WAIT_S))))},
    )
