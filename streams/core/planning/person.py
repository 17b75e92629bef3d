"""Person: all that is known of a recipient, and what became known of the addresses."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from msgspec import Struct

from schemas.deliveries import AddressEvent
from schemas.notification import Preference, Recipient
from schemas.reasons import AddressKind, Channel
from streams.core.zones import zone_of

# What is remembered of a channel: the latest word for and against being told, by type ...
_OUT, _IN = "out", "in"
# ... and the latest word for and against an address.
_BAD, _GOOD = "bad", "good"
_NEVER = -1
_EMAIL = Channel.EMAIL.value
_NOTHING: Mapping[tuple[str, str, str], int] = MappingProxyType({})


class Feedback(Struct, frozen=True):
    """Hold what became known of a recipient's addresses and wishes, as the latest moment of each.

    The same events in any order, and however often, give the same Feedback.
    """

    latest: Mapping[tuple[str, str, str], int] = _NOTHING


NOTHING_KNOWN = Feedback()


class Person(Struct, frozen=True):
    """Hold all that is known of a recipient; None where there is no such record."""

    recipient: Recipient | None = None
    preference: Preference | None = None
    feedback: Feedback = NOTHING_KNOWN

    @property
    def zone(self) -> str:
        """Name the person's time zone: a name that exists, UTC where none or a wrong one is set."""
        name = (self.preference.zone if self.preference else "") or (
            self.recipient.zone if self.recipient else ""
        )
        return zone_of(name).key

    @property
    def locale(self) -> str:
        """Give the person's locale; empty where none is set."""
        return (self.preference.locale if self.preference else "") or (
            self.recipient.locale if self.recipient else ""
        )


def learn(feedback: Feedback, event: AddressEvent) -> Feedback:
    """Take in what became known of an address; the same object where it is nothing new.

    `occurred_at` must be filled in. A kind that is none of ours changes nothing.
    """
    known = feedback.latest
    newer = {
        fact: event.occurred_at
        for fact in _facts(event)
        if event.occurred_at > known.get(fact, _NEVER)
    }
    return Feedback(MappingProxyType({**known, **newer})) if newer else feedback


def opted_out(feedback: Feedback, channel: str, *, kind: str) -> bool:
    """Say whether the person wants nothing of this type on the channel, by the last word on it.

    Whichever address the word came from: an opt-out outlives any change of the record.
    An opt-in of the same moment lifts an opt-out.
    """
    if not feedback.latest:
        return False
    return _last(feedback, _OUT, channel, kind) > _last(feedback, _IN, channel, kind)


def address_gone(feedback: Feedback, channel: str, address: str) -> bool:
    """Say whether the address takes nothing any more, by the last word on it."""
    if not feedback.latest:
        return False
    name = _written(channel, address)
    return _last(feedback, _BAD, channel, name) > _last(feedback, _GOOD, channel, name)


def _last(feedback: Feedback, word: str, channel: str, subject: str) -> int:
    known = feedback.latest
    # An empty type or address stands for all of them.
    return max(known.get((word, channel, ""), _NEVER), known.get((word, channel, subject), _NEVER))


def _facts(event: AddressEvent) -> Iterator[tuple[str, str, str]]:
    channel, address = event.channel, _written(event.channel, event.address)
    match event.kind:
        case AddressKind.OPTED_OUT:
            yield _OUT, channel, event.type
        case AddressKind.COMPLAINED:
            # Who complains of one message wants none of the others either.
            yield _OUT, channel, ""
        case AddressKind.OPTED_IN:
            yield _IN, channel, event.type
            yield _GOOD, channel, address
        case AddressKind.VERIFIED:
            yield _GOOD, channel, address
        case AddressKind.GONE | AddressKind.BOUNCED:
            yield _BAD, channel, address


def _written(channel: str, address: str) -> str:
    # Mail providers report addresses in small letters, however they were written.
    return address.strip().casefold() if channel == _EMAIL else address.strip()
