"""What a sink is, and the closed set of answers that it gives.

A sink turns one Delivery into one call of its provider and says what came of it. All else is
the runner's: claims, order, retries, pace, breaker, expiry, events. So a sink never tries
again, never sleeps, never catches what it cannot name, and keeps no state but its connections.

An answer names its provider where a sink has several (failover.py); empty is the sink's own.
"""

from dataclasses import dataclass
from typing import Protocol, TypeAlias

from schemas.deliveries import Delivery
from schemas.reasons import AddressKind, Reason


@dataclass(frozen=True, slots=True)
class Sent:
    """Say that the provider took the message.

    `final`: nothing more will be heard of it (a webhook's 2xx): it counts as delivered at once.
    Else it is `sent`, and a receipt may follow.
    """

    provider_id: str = ""
    final: bool = False
    provider: str = ""


@dataclass(frozen=True, slots=True)
class Later:
    """Say that the provider surely did not take it, and that another attempt may succeed.

    `after_s` is what the provider asked for (Retry-After). `why` tells people, without secrets,
    addresses or message texts. PROVIDER_LIMITS (429) holds the account's pace back and does not
    count against its health; any other reason does.
    """

    why: str
    after_s: float | None = None
    reason: Reason = Reason.PROVIDER_UNAVAILABLE
    provider: str = ""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Say that the message was handed over and no answer came that tells what became of it.

    A timeout or reset after sending, 502, 504. The next attempt may be a second message.
    """

    why: str
    provider: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """Say that the provider will never take this message; it fails at once.

    `address` says what became known of the address by it (GONE after 410 or an unregistered
    token, OPTED_OUT, BOUNCED): the runner publishes it to `recipients.feedback`.
    """

    why: str
    reason: Reason = Reason.PROVIDER_REFUSED
    address: AddressKind | None = None
    provider: str = ""


@dataclass(frozen=True, slots=True)
class Withheld:
    """Say that nobody was called, as the receiver is switched off; it is suppressed."""

    why: str
    reason: Reason = Reason.ENDPOINT_OFF
    provider: str = ""


Answer: TypeAlias = Sent | Later | Unknown | Refused | Withheld


@dataclass(frozen=True, slots=True)
class Limits:
    """Say how hard a sink's provider may be pressed."""

    in_flight: int = 4
    """Calls at once to one endpoint, in each lane (4: a slow receiver is not overrun; a provider
    that serves all recipients by one account takes more)."""

    per_s: float = 0.0
    """Calls a second to one endpoint (0: no pace)."""

    burst: int = 1
    """Calls that may follow one another at once after a quiet while, at least 1."""

    patience_s: float = 1.0
    """Seconds that a delivery waits for its turn where no call ends, or for its pace; then it is
    parked (1: one receiver's trouble is not the others')."""

    waiting: int = 64
    """Deliveries that may wait for a call to one endpoint; more are parked."""


# One account serves every recipient: whoever would be parked would only meet it again, so
# deliveries wait, and the topic with them. Longer than a call, and than a 429 is heeded.
ACCOUNT = Limits(in_flight=32, patience_s=75.0, waiting=100_000)


class Sink(Protocol):
    """Deliver messages of one channel by one provider.

    `provider` is a short name for events and metrics (`sendgrid`, `smtp`, `fcm`, `webhook`,
    `sandbox`).
    """

    channel: str
    provider: str
    limits: Limits

    def endpoint(self, delivery: Delivery) -> str:
        """Name what breaks, slows and is paced together: the account, or the receiver's host.

        Called before `deliver` and for every delivery: pure and cheap, and total: an address
        that cannot be read has an endpoint too (say, the empty name).
        """

    def abreast(self, delivery: Delivery) -> int:
        """Say how many deliveries to this one's recipient may be under way at once.

        1 keeps their order; webhook endpoints take 4 unless they asked for order.
        """

    async def deliver(self, delivery: Delivery) -> Answer:
        """Call the provider once and say what came of it.

        Cancelled after 30 s, which the runner takes for Unknown, as it does any exception; so
        finish within it (connect 5 s) where the difference is known. Give the provider
        `delivery.id` as its idempotency key wherever it takes one: it is the same over attempts.
        """

    async def close(self) -> None:
        """Give connections back; nothing is delivered after it."""


class OneAccount:
    """Serve every recipient by one account, and each of them in order."""

    provider: str

    def endpoint(self, delivery: Delivery) -> str:
        """Name the account."""
        del delivery
        return self.provider

    def abreast(self, delivery: Delivery) -> int:
        """Send a recipient's messages one after the other."""
        del delivery
        return 1
