"""Items: a raw alert, and everything that is known of it before it meets its state."""

from msgspec import Struct

from schemas.records import RawAlert
from streams.core.event_time import EventTime
from streams.core.triage.priority import Graded
from streams.core.triage.rules import TenantRules
from streams.core.triage.stage import Place


class Item(Struct, frozen=True):
    """Hold a raw alert and everything that is known of it before it meets its state."""

    raw: RawAlert
    fingerprint: str
    place: Place
    time: EventTime
    graded: Graded
    rules: TenantRules

    @property
    def at(self) -> int:
        """Give the event time."""
        return self.time.at
