"""What a sender is told about what it sent."""

from collections.abc import Sequence

import orjson
from starlette.responses import Response

from connectors.ingest import refusals
from connectors.ingest.formats.answers import Nothing, Refused, Taken
from connectors.ingest.intake import Entered, TooBig
from connectors.ingest.measured import HEARD_UNKNOWN
from connectors.problems import Problem
from schemas.limits import RECORD_BYTES
from schemas.reasons import RawStatus

JSON = "application/json"


def to_taken(said: Taken, entered: Sequence[Entered | TooBig]) -> Response:
    """Tell of each alert: 200, or 202 where some were refused; Problem where all were.

    One alert is told on its own, a list as a list.
    """
    taken = [each for each in entered if isinstance(each, Entered)]
    refused = list(said.refused)
    for place, each in enumerate(entered):
        if isinstance(each, TooBig):
            why = f"the record holds {each.bytes} bytes, at most {RECORD_BYTES} are taken"
            refused.append(Refused(why, f"alert {place}"))
    if not taken:
        if len(refused) == 1 and len(entered) == 1:
            raise Problem(413, refused[0].why)
        raise refusals.refused(refused)
    HEARD_UNKNOWN.inc(sum(each.duplicate is None for each in taken))
    if not said.many and not refused:
        answer = taken[0].answer()
        if said.say is not None:
            answer |= said.say(_sentence(taken[0]))
        return _json(answer)
    listed = {"alerts": [each.answer() for each in taken], "taken": len(taken)}
    return _json(listed | {"refused": refusals.listed(refused)}, status=202 if refused else 200)


def to_nothing(said: Nothing) -> Response:
    """Answer a payload that is no alert: what its sender expects, or why nothing was taken."""
    return _json(dict(said.answer) or {"taken": 0, "reason": said.reason})


def to_twilio() -> Response:
    """Say "nothing to send back" in Twilio's words."""
    return Response("<Response/>", media_type="application/xml")


def _json(answer: object, *, status: int = 200) -> Response:
    return Response(orjson.dumps(answer), status_code=status, media_type=JSON)


def _sentence(entered: Entered) -> str:
    if entered.status == RawStatus.RESOLVED:
        return "Taken as the end of it."
    if entered.duplicate:
        return f"Already known, and counted: {entered.alert_id}"
    if entered.alert_id:
        return f"Taken as a new alert: {entered.alert_id}"
    return "Taken."
