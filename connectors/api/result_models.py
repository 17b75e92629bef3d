"""What the API says of how a template's variants do, with an example."""

from typing import Any

from pydantic import BaseModel, Field

from connectors.api.examples import example
from connectors.api.proportions import Verdict


def _measured(deliveries: int, people: int, rate: float, low: float, high: float) -> dict[str, Any]:
    return {"deliveries": deliveries, "people": people, "rate": rate, "low": low, "high": high}


_MEASURED = _measured(214, 198, 0.416, 0.3725, 0.4607)
_PLAIN: dict[str, Any] = {
    "variant": "plain",
    "planned": 520,
    "sent": 510,
    "people": 470,
    "delivered": _measured(505, 468, 0.9957, 0.9846, 0.9988),
    "opened": _measured(160, 150, 0.3191, 0.2786, 0.3626),
    "clicked": _measured(31, 30, 0.0638, 0.0451, 0.0897),
}
_WARM: dict[str, Any] = {
    "variant": "warm",
    "planned": 528,
    "sent": 521,
    "people": 476,
    "delivered": _measured(518, 475, 0.9979, 0.9882, 0.9996),
    "opened": _MEASURED,
    "clicked": _measured(40, 38, 0.0798, 0.0587, 0.1077),
}
_COMPARISON: dict[str, Any] = {
    "measure": "opened",
    "best": "warm",
    "second": "plain",
    "difference": 0.0968,
    "low": 0.0354,
    "high": 0.1572,
    "verdict": "more_than_chance",
}
_GROUP: dict[str, Any] = {
    "channel": "email",
    "version": "9b1f0c2d7e3a",
    "first_at": "2026-02-02T08:00:00.000Z",
    "last_at": "2026-03-01T08:00:00.000Z",
    "variants": [_PLAIN, _WARM],
    "comparisons": [_COMPARISON],
}


class Measured(BaseModel):
    """How many did it, and their share of the people to whom something was sent."""

    model_config = example(_MEASURED)

    deliveries: int
    people: int
    rate: float | None = Field(description="Of the people; null where nothing was sent.")
    low: float | None = Field(description="The truth is not below this, with 95 % confidence.")
    high: float | None = Field(description="The truth is not above this, with 95 % confidence.")


class VariantResult(BaseModel):
    """What one variant came to; an empty name is a template without variants."""

    model_config = example(_WARM)

    variant: str
    planned: int = Field(description="Deliveries, whatever became of them.")
    sent: int = Field(description="Deliveries that a provider took.")
    people: int = Field(description="People to whom at least one was sent: what rates are of.")
    delivered: Measured
    opened: Measured
    clicked: Measured


class ComparisonResult(BaseModel):
    """The best variant by one measure against the next best."""

    model_config = example(_COMPARISON)

    measure: str = Field(description="delivered, opened or clicked.")
    best: str
    second: str
    difference: float | None
    low: float | None = Field(description="The true difference is not below this.")
    high: float | None
    verdict: Verdict = Field(
        description="more_than_chance: the interval lies above 0. may_be_chance: it does not."
        " nothing_to_compare: fewer than two variants were sent to anybody."
    )


class VersionResult(BaseModel):
    """What a version of the template came to on one channel."""

    model_config = example(_GROUP)

    channel: str
    version: str
    first_at: str | None
    last_at: str | None
    variants: list[VariantResult]
    comparisons: list[ComparisonResult]


class TemplateResults(BaseModel):
    """How a template's variants do, the version that was used last first."""

    model_config = example(
        {
            "template": "welcome",
            "days": 30,
            "since": "2026-01-30T09:00:00.000Z",
            "version": "9b1f0c2d7e3a",
            "experiment": "welcome-subject",
            "weights": {"plain": 1, "warm": 1},
            "results": [_GROUP],
        }
    )

    template: str
    days: int
    since: str | None
    version: str = Field(description="The one in force; empty where it is not known any more.")
    experiment: str
    weights: dict[str, int]
    results: list[VersionResult]
