"""Tell a sender which alerts of a payload were refused, and why."""

from collections.abc import Sequence

from connectors.ingest.formats.answers import Refused
from connectors.problems import Problem


def refused(refusals: Sequence[Refused]) -> Problem:
    """Say why nothing of a payload was taken."""
    more = {"refused": listed(refusals)} if len(refusals) > 1 else {}
    return Problem(422, refusals[0].why, where=refusals[0].where, more=more)


def listed(refusals: Sequence[Refused]) -> list[dict[str, str]]:
    """Give refusals as they stand in answers."""
    return [{"why": each.why, "where": each.where} for each in refusals]
