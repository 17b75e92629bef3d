"""Plan intents as the shell would, without Kafka: a state in a dict, a clock that is moved."""

from collections.abc import Iterable
from typing import Any

from schemas.codec import decode, encode
from schemas.deliveries import AddressEvent, Delivery, DeliveryEvent
from schemas.fallback import Wish, written
from schemas.keys import key
from schemas.notification import NotificationType, Preference, Recipient, Template
from schemas.plan_state import Place, Plan, PlanningState, pack, plan_key, unpack
from schemas.records import Intent
from streams.core.planning.ack_links import NO_ACK_LINKS
from streams.core.planning.person import NOTHING_KNOWN, Person, learn
from streams.core.planning.plan_draft import Alarm, Fault
from streams.core.rendering.render import Templates
from streams.planning import Case, Planned, plan
from tests.builders import NOON

ANN = Recipient(
    id="ann",
    name="Ann",
    addresses={"email": ["ann@example.org"], "sms": ["+491"], "push": ["t1", "t2"]},
    zone="Europe/Berlin",
)
NOTE = Template(
    id="note", version="v1", parts={"*.subject": "{{ title }}", "*.text": "{{ title }}"}
)


WAKES = 500  # more than any test has reason for


def intent(intent_id: str, **fields: Any) -> Intent:
    """Build an intent for Ann by the template `note`."""
    given: dict[str, Any] = {
        "recipient": "ann",
        "template": "note",
        "data": {"title": f"About {intent_id}"},
        "channels": ["email"],
        "type": "news",
        "created_at": NOON,
    }
    return Intent(id=intent_id, **(given | fields))


def wish(intent_id: str, number: int = 1, **fields: Any) -> Intent:
    """Ask for the next channel of one of Ann's intents, as follow-up does."""
    given: dict[str, Any] = {"channels": ["push"], "waited_ms": 60_000}
    data = written(Wish(number=number, **(given | fields)))
    return Intent(recipient="ann", kind="fallback", id=intent_id, data=data, priority=2)


class Planner:
    """Give records their places, plan them, and keep what came of them."""

    def __init__(self, *known: Recipient | Preference | NotificationType | Template) -> None:
        self.now = NOON
        self.states: dict[bytes, bytes] = {}
        self.planned: list[Planned] = []
        self.recipients = {"ann": ANN}
        self.preferences: dict[str, Preference] = {}
        self.types: dict[str, NotificationType] = {}
        self.templates: dict[str, Template] = {"note": NOTE}
        self.feedback = NOTHING_KNOWN
        self.ack_links = NO_ACK_LINKS
        self.alarms: dict[str, Alarm] = {}
        self._next = [0, 0]
        self.records: list[tuple[Place, Intent]] = []
        for one in known:
            self.learns(one)

    def learns(self, one: Recipient | Preference | NotificationType | Template) -> None:
        """Take in a control record."""
        shelves: dict[type, dict[str, Any]] = {
            Recipient: self.recipients,
            Preference: self.preferences,
            NotificationType: self.types,
            Template: self.templates,
        }
        shelves[type(one)][one.id] = one

    def hears(self, event: AddressEvent) -> None:
        """Take in what became known of Ann's addresses."""
        self.feedback = learn(self.feedback, event)

    def takes(self, record: Intent) -> Planned:
        """Plan a record at the next place of its lane."""
        lane = int(record.priority >= 2)
        place = (lane, self._next[lane])
        self._next[lane] += 1
        self.records.append((place, record))
        return self.reads(place, record)

    def reads(self, place: Place, record: Intent) -> Planned:
        """Plan a record at a place of the caller's choice, as after a crash."""
        planned = plan(record, self._case(place, record.recipient))
        for state_key, state in planned.states.items():
            self.states[state_key] = pack(state, lapses_at=0)
        self.planned.append(planned)
        for alarm in planned.alarms:
            if alarm.wake is None:
                self.alarms.pop(alarm.id, None)
            else:
                self.alarms[alarm.id] = alarm
        return planned

    def waits(self, until: int) -> list[Planned]:
        """Move the clock on, and let come what is due on the way, as the scheduler does."""
        out: list[Planned] = []
        while due := [alarm for alarm in self.alarms.values() if alarm.due_at <= until]:
            first = min(due, key=lambda alarm: (alarm.due_at, alarm.id))
            del self.alarms[first.id]
            self.now = max(self.now, first.due_at)
            assert first.wake is not None
            assert len(out) < WAKES, f"{first.id} is woken again and again"
            out.append(self.takes(first.wake))
        self.now = until
        return out

    def state(self, state_key: bytes) -> PlanningState | None:
        """Give a state by its key."""
        packed = self.states.get(state_key)
        return None if packed is None else unpack(packed)

    def plan_of(self, intent_id: str) -> Plan | None:
        """Give the plan of one of Ann's intents."""
        found = self.state(plan_key(key("default", "ann"), intent_id))
        assert found is None or isinstance(found, Plan)
        return found

    def _case(self, place: Place, recipient: str) -> Case:
        person = Person(
            self.recipients.get(recipient), self.preferences.get(recipient), self.feedback
        )
        return Case(
            place=place,
            now=self.now,
            person=person,
            types=self.types,
            templates=Templates(self.templates.values()),
            look=self.state,
            write=encode,
            read=lambda raw: decode(Intent, raw),
            ack_links=self.ack_links,
        )

    # -- what came of it

    @property
    def deliveries(self) -> list[Delivery]:
        """List every Delivery so far."""
        return [one for planned in self.planned for one in planned.deliveries]

    @property
    def events(self) -> list[DeliveryEvent]:
        """List every event so far."""
        return [one for planned in self.planned for one in planned.events]

    @property
    def faults(self) -> list[Fault]:
        """List every fault so far."""
        return [one for planned in self.planned for one in planned.faults]


def said(planned: Planned | Iterable[Planned]) -> list[tuple[str, str, str]]:
    """List channel, status and reason of every event, in order."""
    many = [planned] if isinstance(planned, Planned) else planned
    return [(e.channel, e.status, e.reason) for one in many for e in one.events]


def reasons(planned: Planned) -> list[str]:
    """List the reasons of the Decisions."""
    return [decision.reason for decision in planned.decisions]
