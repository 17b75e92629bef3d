"""What a provider tells of one attempt, whoever the provider is, and what is made of it. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from connectors.callbacks.saying import Said, learned, step
from connectors.stores.claims import Standing
from schemas.deliveries import DeliveryEvent
from schemas.links import Receipt
from schemas.reasons import FINAL, AddressKind, DeliveryStatus, Reason

_CORRECTABLE = (DeliveryStatus.SENT, DeliveryStatus.DELIVERED)
_OPEN = ("sending", DeliveryStatus.RETRYING)  # of a claim: an attempt may yet be made


class Outcome(StrEnum):
    """Name what became of something that came back."""

    SAID = "said"
    KNOWN = "known"  # it says no more than is known
    OVERTAKEN = "overtaken"  # a later attempt is on its way or done
    FOREIGN = "foreign"  # it bears no reference of ours
    IGNORED = "ignored"  # it is of no interest
    INVALID = "invalid"  # it cannot be understood
    REFUSED = "refused"  # nobody vouches for it


@dataclass(frozen=True, slots=True)
class Told:
    """Hold what a provider tells: a status (empty: none), and what became known of an address.

    `mark` is the provider's own id of what it tells: told again, it has the same one.
    """

    of: Receipt
    occurred_at: int
    mark: str
    provider: str = ""
    status: str = ""
    provider_id: str = ""
    reason: str = ""
    error: str = ""
    kind: AddressKind | None = None
    address: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """Hold what is to be said of something told, and what became of it."""

    outcome: Outcome
    said: tuple[Said, ...] = ()


def made(told: Told, known: Mapping[str, Standing]) -> Made:
    """Say what is made of it, `known` being how claims stand, as far as that could be asked.

    What became known of an address is said whatever the delivery has come to meanwhile.
    """
    learned_of = tuple(_learned(told))
    standing = known.get(told.of.delivery)
    if not told.status:
        return Made(Outcome.SAID if learned_of else Outcome.IGNORED, learned_of)
    if standing is not None and standing.replay == told.of.replay:
        if told.status == DeliveryStatus.FAILED and standing.attempt > told.of.attempt:
            return Made(Outcome.OVERTAKEN, learned_of)
        # That a provider has it says something only where its answer was lost.
        if told.status == DeliveryStatus.SENT and _is_past_sending(standing.state):
            return Made(Outcome.KNOWN, learned_of)
    return Made(Outcome.SAID, (_event(told, standing), *learned_of))


def ends_open(result: Made, known: Mapping[str, Standing]) -> DeliveryEvent | None:
    """Give the failure that is said of a delivery which may still be sent, if there is one."""
    for each in result.said:
        if isinstance(each, DeliveryEvent) and each.status == DeliveryStatus.FAILED:
            standing = known.get(each.delivery_id)
            if standing and standing.replay == each.replay and standing.state in _OPEN:
                return each
    return None


def overtaken(result: Made) -> Made:
    """Say nothing of the delivery: only what became known of the address stays."""
    stays = tuple(each for each in result.said if not isinstance(each, DeliveryEvent))
    return Made(Outcome.OVERTAKEN, stays)


def settles(said: Said) -> bool:
    """Say whether this may settle a claim."""
    return isinstance(said, DeliveryEvent) and (
        said.status in _CORRECTABLE or said.status == DeliveryStatus.FAILED
    )


def _event(told: Told, standing: Standing | None) -> DeliveryEvent:
    corrects = ""
    if told.status == DeliveryStatus.FAILED:
        delivered = standing is not None and standing.state == DeliveryStatus.DELIVERED
        corrects = DeliveryStatus.DELIVERED if delivered else DeliveryStatus.SENT
    return step(
        told.of,
        told.status,
        occurred_at=told.occurred_at,
        mark=_mark(told),
        provider=told.provider,
        provider_id=told.provider_id,
        reason=told.reason,
        error=told.error,
        corrects=corrects,
        link=told.link,
    )


def _learned(told: Told) -> Iterator[Said]:
    # An empty address would stand for every address that the recipient has.
    if told.kind is not None and told.address:
        yield learned(
            tenant=told.of.tenant,
            recipient=told.of.recipient,
            channel=told.of.channel,
            kind=told.kind,
            occurred_at=told.occurred_at,
            mark=f"{told.of.delivery}:{_mark(told)}",
            address=told.address,
            reason=told.reason or _WHY.get(told.kind, ""),
            actor=f"callback:{told.provider or 'mail'}",
            delivery_id=told.of.delivery,
        )


def _mark(told: Told) -> str:
    return f":{told.provider}:{told.mark}"


def _is_past_sending(state: str) -> bool:
    return state == DeliveryStatus.SENT or state in FINAL


_WHY: dict[AddressKind, str] = {
    AddressKind.GONE: Reason.ADDRESS_GONE,
    AddressKind.OPTED_OUT: Reason.OPTED_OUT,
}
