"""Route: who is told about an alert, by which template and channels."""

from msgspec import Struct

from schemas.matching import matches
from schemas.records import RawAlert
from streams.core.triage.rules import Step, TenantRules, Way


class Addressee(Struct, frozen=True):
    """Hold one recipient to be told; `channels` None leaves them to the preferences."""

    recipient: str
    template: str
    channels: tuple[str, ...] | None


class Routing(Struct, frozen=True):
    """Hold who is told, and the first route that said so (empty: none matched).

    `going_on` are the routes that tell again or have steps. `retell_ms` is how often they tell
    again, the shortest of their spans; 0 is never.
    """

    addressees: tuple[Addressee, ...] = ()
    route_id: str = ""
    going_on: tuple[Way, ...] = ()

    @property
    def retell_ms(self) -> int:
        """Give the shortest span."""
        return min((way.retell_ms for way in self.going_on if way.retell_ms), default=0)


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
    told: dict[str, Addressee] = {}
    for way in chosen:
        for recipient in way.recipients:
            told[recipient] = merge(told.get(recipient), recipient, way)
    going_on = tuple([way for way in chosen if way.goes_on])
    return Routing(tuple(told.values()), chosen[0].id, going_on)


def merge(known: Addressee | None, recipient: str, by: Way | Step) -> Addressee:
    """Give the one addressee that a recipient named once more is."""
    if known is None:
        return Addressee(recipient, by.template, by.channels)
    if known.channels is None or by.channels is None:
        return Addressee(recipient, known.template, None)
    united = tuple(dict.fromkeys((*known.channels, *by.channels)))
    return Addressee(recipient, known.template, united)
