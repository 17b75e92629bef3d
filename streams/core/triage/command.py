"""Command: whether an order given of an alert can be carried out."""

from enum import Enum, auto

from schemas.errors import Invalid
from schemas.reasons import AlertStatus, CommandKind
from schemas.records import AlertCommand
from schemas.state import AlertState

_KINDS = frozenset(kind.value for kind in CommandKind)


class Order(Enum):
    """Name what is to be done."""

    ACKNOWLEDGE = auto()
    UNACKNOWLEDGE = auto()
    RESOLVE = auto()
    SNOOZE = auto()
    UNSNOOZE = auto()
    LOOK = auto()
    NOTHING = auto()
    UNKNOWN = auto()


def order(cmd: AlertCommand, *, state: AlertState | None, alert_id: str, at: int) -> Order:
    """Decide what a command means for the alert that stands; Invalid for a kind not of ours.

    `alert_id` names the alert of the state. A snooze that ends now or earlier lifts the snooze.
    Being woken for an alert that is not there any more is no mistake: there is nothing to see.
    """
    if cmd.kind not in _KINDS:
        raise Invalid(f"no kind of command: {cmd.kind[:40]!r}")
    if state is None or state.opened_offset < 0 or cmd.alert_id not in {"", alert_id}:
        return Order.LOOK if cmd.kind == CommandKind.WAKE else Order.UNKNOWN
    if cmd.kind == CommandKind.WAKE:
        return Order.LOOK
    still_open = state.status == AlertStatus.OPEN
    if cmd.kind == CommandKind.ACK:
        return Order.NOTHING if state.acknowledged else Order.ACKNOWLEDGE
    if cmd.kind == CommandKind.UNACK:
        return Order.UNACKNOWLEDGE if state.acknowledged else Order.NOTHING
    if cmd.kind == CommandKind.RESOLVE:
        return Order.RESOLVE if still_open else Order.NOTHING
    return _snooze(cmd, state, at) if still_open else Order.NOTHING


def _snooze(cmd: AlertCommand, state: AlertState, at: int) -> Order:
    if cmd.until > at:
        return Order.NOTHING if cmd.until == state.snoozed_until else Order.SNOOZE
    return Order.UNSNOOZE if state.snoozed_until > at else Order.NOTHING
