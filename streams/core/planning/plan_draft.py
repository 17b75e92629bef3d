"""Drafts of planning: what one intent or wake leads to, collected until it is Planned."""

from collections.abc import Callable, Mapping

from msgspec import Struct

from schemas import ids, keys
from schemas.deliveries import Delivery, DeliveryEvent
from schemas.notification import NotificationType
from schemas.plan_state import Place, Plan, PlanningState, plan_key
from schemas.reasons import IntentKind, Lane, Outcome, Reason, Stage, SubjectKind
from schemas.records import Decision, Intent
from streams.core.planning.ack_links import NO_ACK_LINKS, AckLinks
from streams.core.planning.person import Person
from streams.core.planning.words import Words
from streams.core.rendering.render import Templates

PLAN_WAKE = "plan:"
DIGEST_WAKE = "digest:"
DIGEST_TEMPLATE = "digest"

_INTENT = SubjectKind.INTENT.value
_WAKE = IntentKind.WAKE.value
_URGENT = Lane.URGENT.value


class Case(Struct, frozen=True):
    """Hold what planning may look at: the record's place, the moment, the person, what is in force.

    `types` are the tenant's. `look` gives a state by its key; `write` and `read` are the codec.
    """

    place: Place
    now: int
    person: Person
    types: Mapping[str, NotificationType]
    templates: Templates
    look: Callable[[bytes], PlanningState | None]
    write: Callable[[Intent], bytes]
    read: Callable[[bytes], Intent]
    ack_links: AckLinks = NO_ACK_LINKS

    def words(self, intent: Intent) -> Words:
        """Give what an intent says to the person, in the templates in force."""
        return Words(intent, templates=self.templates, person=self.person, ack_links=self.ack_links)


class Alarm(Struct, frozen=True, gc=False):
    """Ask that `wake` come back at `due_at`; None as a wake asks that it do not."""

    id: str
    lane: str
    due_at: int = 0
    wake: Intent | None = None


class Fault(Struct, frozen=True, gc=False):
    """Say why an intent belongs to the dead letters, though it was planned."""

    intent: Intent
    reason: Reason
    error: str


class Planned(Struct, frozen=True, gc=False):
    """Say what came of a record: changed states in order, and everything to be put out.

    `said` names plans by key, with the step that is said by this: once it is published, the
    plan may forget its intent.
    """

    states: Mapping[bytes, PlanningState]
    deliveries: list[Delivery]
    events: list[DeliveryEvent]
    alarms: list[Alarm]
    decisions: list[Decision]
    faults: list[Fault]
    said: list[tuple[bytes, int]]


class PlanDraft:
    """Collect what one record leads to; states are read through what was changed so far."""

    __slots__ = (
        "alarms",
        "case",
        "decisions",
        "deliveries",
        "events",
        "faults",
        "recipient",
        "said",
        "states",
        "tenant",
        "who",
    )

    def __init__(self, intent: Intent, case: Case) -> None:
        self.case = case
        self.tenant = intent.tenant
        self.who = intent.recipient
        self.recipient = keys.key(intent.tenant, intent.recipient)
        self.states: dict[bytes, PlanningState] = {}
        self.deliveries: list[Delivery] = []
        self.events: list[DeliveryEvent] = []
        self.alarms: list[Alarm] = []
        self.decisions: list[Decision] = []
        self.faults: list[Fault] = []
        self.said: list[tuple[bytes, int]] = []

    def get(self, key: bytes) -> PlanningState | None:
        """Give a state as it is by now."""
        found = self.states.get(key)
        return self.case.look(key) if found is None else found

    def put(self, key: bytes, state: PlanningState) -> None:
        """Change a state."""
        self.states[key] = state

    def plan(self, intent_id: str) -> Plan | None:
        """Give the plan of one of the recipient's intents."""
        found = self.get(plan_key(self.recipient, intent_id))
        return found if isinstance(found, Plan) else None

    def put_plan(self, plan: Plan) -> None:
        """Change a plan; one that keeps its intent does so until this step is published."""
        key = plan_key(self.recipient, plan.intent_id)
        self.states[key] = plan
        if plan.intent:
            self.said.append((key, plan.step))

    def ask(self, wake_id: str, *, mark: str, lane: str, due_at: int) -> None:
        """Ask for a wake of this id; `mark` names it among all that are scheduled."""
        wake = Intent(
            recipient=self.who,
            kind=_WAKE,
            id=wake_id,
            priority=2 if lane == _URGENT else 1,
            tenant=self.tenant,
        )
        self.alarms.append(Alarm(mark, lane, due_at, wake))

    def decide(
        self,
        intent_id: str,
        stage: Stage,
        outcome: Outcome,
        reason: Reason,
        *,
        mark: str = "",
        detail: str = "",
    ) -> None:
        """Say why something was dropped or held; `mark` tells apart what one stage said.

        `detail` is for people, where the mark says nothing to them.
        """
        self.decisions.append(
            Decision(
                subject_kind=_INTENT,
                subject_id=intent_id,
                stage=stage.value,
                outcome=outcome.value,
                reason=reason.value,
                detail=detail or mark,
                occurred_at=self.case.now,
                id=ids.decision_id(self.tenant, intent_id, stage, f"{reason}:{mark}"),
                tenant=self.tenant,
            )
        )

    def planned(self) -> Planned:
        """Give what was collected."""
        return Planned(
            self.states,
            self.deliveries,
            self.events,
            self.alarms,
            self.decisions,
            self.faults,
            self.said,
        )


def is_digest(intent: Intent) -> bool:
    """Say whether an intent is a digest of ours."""
    return intent.template == DIGEST_TEMPLATE and intent.idempotency_key.startswith(DIGEST_WAKE)
