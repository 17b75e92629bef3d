"""A route that pages Bob after five minutes and Cy after fifteen, and an alert that it told of."""

from typing import Any

from schemas.control import Route
from streams.core.triage.stage import Verdict
from tests.builders import Story, later, route

DB: dict[str, Any] = {"labels": {"team": "db"}, "source": "grafana"}
BOB, CY = later(300, "bob"), later(900, "cy")
STEPS = route("page", escalation=[BOB, CY])


def fired(*control: Route) -> Story:
    """Begin with an alert of which Ann was told at noon."""
    story = Story(*(control or (STEPS,)))
    story.hears(**DB)
    return story


def steps_of(verdict: Verdict) -> list[tuple[str, int]]:
    """List who is told by which step."""
    return [
        (intent.recipient, intent.data["escalation_step"])
        for intent in verdict.intents
        if "escalation_step" in intent.data
    ]
