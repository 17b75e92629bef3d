"""Orders: how a command is carried out on the alert that stands."""

from schemas.reasons import ChangeKind, Outcome, Reason, Stage
from schemas.records import AlertCommand
from streams.core.triage import escalation, life
from streams.core.triage.command import Order
from streams.core.triage.draft import Draft
from streams.core.triage.stage import Place


def carry_out(what: Order, draft: Draft, cmd: AlertCommand, *, place: Place) -> None:
    """Do what was ordered, or say why nothing was done; to look is the pipeline's own."""
    _ORDERS[what](draft, cmd, place)


def _acknowledge(draft: Draft, cmd: AlertCommand, _place: Place) -> None:
    draft.change(
        ChangeKind.ACKNOWLEDGED,
        actor=cmd.actor,
        note=cmd.note,
        acknowledged=True,
        acknowledged_by=cmd.actor,
    )


def _unacknowledge(draft: Draft, cmd: AlertCommand, place: Place) -> None:
    now = max(draft.subject.at, place.timestamp)
    draft.change(
        ChangeKind.UNACKNOWLEDGED,
        actor=cmd.actor,
        note=cmd.note,
        acknowledged=False,
        acknowledged_by="",
        escalations=escalation.resumed(draft.state.escalations, now=now),
    )


def _resolve(draft: Draft, cmd: AlertCommand, place: Place) -> None:
    life.end(draft, place=place, raw=None, actor=cmd.actor, note=cmd.note)


def _snooze(draft: Draft, cmd: AlertCommand, _place: Place) -> None:
    until = cmd.until if cmd.until > draft.subject.at else 0
    draft.change(ChangeKind.SNOOZED, actor=cmd.actor, note=cmd.note, snoozed_until=until)


def _nothing(draft: Draft, _cmd: AlertCommand, place: Place) -> None:
    reason = Reason.NOTHING_TO_CHANGE
    draft.decide(Stage.COMMAND, Outcome.DROPPED, reason, mark=place.offset)


def _unknown(draft: Draft, cmd: AlertCommand, place: Place) -> None:
    where = f"{place.partition}/{place.offset}"
    draft.decide(
        Stage.COMMAND,
        Outcome.DROPPED,
        Reason.UNKNOWN_ALERT,
        detail=cmd.alert_id,
        mark=where,
        record=cmd.id or where,
    )


_ORDERS = {
    Order.ACKNOWLEDGE: _acknowledge,
    Order.UNACKNOWLEDGE: _unacknowledge,
    Order.RESOLVE: _resolve,
    Order.SNOOZE: _snooze,
    Order.UNSNOOZE: _snooze,
    Order.NOTHING: _nothing,
    Order.UNKNOWN: _unknown,
}
