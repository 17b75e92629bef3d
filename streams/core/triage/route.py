"""Route: who is told about an alert, by which template and channels."""

from msgspec import Struct

from schemas.matching import matches
from schemas.records import RawAlert
from streams.core.triage.rules import TenantRules, Way


class Addressee(Struct, frozen=True):
    """Hold one recipient to be told; `channels` None leaves them to the preferences."""

    recipient: str
    template: str
    channels: tuple[str, ...] | None


class Routing(Struct, frozen=True):
    """Hold who is told, and the first route that said so (empty: none matched).

    `retell_ms` is how often they are told again, the shortest of the routes' spans; 0 is never.
    """

    addressees: tuple[Addressee, ...] = ()
    route_id: str = ""
    retell_ms: int = 0


def routing(raw: RawAlert, *, priority: int, rules: TenantRules) -> Routing:
    """Find everyone to be told; a recipient named by several routes is told once.

    Their channels are united and the first route's template is taken. A route above the alert's
    priority is passed by, as if it did not match.
    """
    chosen: list[Way] = []
    for way in rules.ways:
        if priority < way.min_priority or not matches(way.matching, raw, priority=priority):
            continue
        chosen.append(way)
        if not way.continue_matching:
            break
    if not chosen:
        return Routing()
    merged: dict[str, Addressee] = {}
    for way in chosen:
        for recipient in way.recipients:
            merged[recipient] = _merge(merged.get(recipient), recipient, way)
    spans = [way.retell_ms for way in chosen if way.retell_ms]
    return Routing(tuple(merged.values()), chosen[0].id, min(spans, default=0))


def _merge(known: Addressee | None, recipient: str, way: Way) -> Addressee:
    if known is None:
        return Addressee(recipient, way.template, way.channels)
    if known.channels is None or way.channels is None:
        return Addressee(recipient, known.template, None)
    united = tuple(dict.fromkeys((*known.channels, *way.channels)))
    return Addressee(recipient, known.template, united)
