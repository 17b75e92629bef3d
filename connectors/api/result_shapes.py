"""Turn counts of what variants came to into what the API says: pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from connectors.api.proportions import Share, Verdict, best_two, interval
from connectors.api.result_models import (
    ComparisonResult,
    Measured,
    TemplateResults,
    VariantResult,
    VersionResult,
)
from connectors.api.shapes import iso

Row = dict[str, Any]

MEASURES = ("delivered", "opened", "clicked")
_DIGITS = 4  # a hundredth of a per cent: more would be noise


def results(
    name: str, *, days: int, since: int, template: Row | None, rows: Iterable[Row]
) -> TemplateResults:
    """Say how a template's variants do, by version and channel; rows come the latest first."""
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["channel"], row["template_version"]].append(row)
    return TemplateResults(
        template=name,
        days=days,
        since=iso(since),
        version=template["version"] if template else "",
        experiment=(template["experiment"] or name) if template and template["variants"] else "",
        weights=template["variants"] if template else {},
        results=[_version(channel, version, found) for (channel, version), found in groups.items()],
    )


def _version(channel: str, version: str, rows: Sequence[Row]) -> VersionResult:
    found = sorted(rows, key=lambda row: row["variant"])
    return VersionResult(
        channel=channel,
        version=version,
        first_at=iso(min(row["first_at"] for row in found)),
        last_at=iso(max(row["last_at"] for row in found)),
        variants=[_variant(row) for row in found],
        comparisons=[_compared(measure, found) for measure in MEASURES],
    )


def _variant(row: Row) -> VariantResult:
    return VariantResult(
        variant=row["variant"],
        planned=row["planned"],
        sent=row["sent"],
        people=row["people"],
        **{measure: _measured(row, measure) for measure in MEASURES},
    )


def _share(row: Row, measure: str) -> Share | None:
    # Of people and not of deliveries: a person's variant is drawn once, so ten mails to one
    # person are not ten answers, and would make chance look like proof.
    return Share(row[f"{measure}_people"], row["people"]) if row["people"] else None


def _measured(row: Row, measure: str) -> Measured:
    share = _share(row, measure)
    within = interval(share) if share else None
    return Measured(
        deliveries=row[measure],
        people=row[f"{measure}_people"],
        rate=_rounded(share.rate if share else None),
        low=_rounded(within.low if within else None),
        high=_rounded(within.high if within else None),
    )


def _compared(measure: str, rows: Sequence[Row]) -> ComparisonResult:
    shares = {row["variant"]: share for row in rows if (share := _share(row, measure))}
    found = best_two(shares)
    if found is None:
        return ComparisonResult(
            measure=measure,
            best="",
            second="",
            difference=None,
            low=None,
            high=None,
            verdict=Verdict.NOTHING_TO_COMPARE,
        )
    return ComparisonResult(
        measure=measure,
        best=found.best,
        second=found.second,
        difference=_rounded(found.gap),
        low=_rounded(found.within.low),
        high=_rounded(found.within.high),
        verdict=found.verdict,
    )


def _rounded(given: float | None) -> float | None:
    return None if given is None else round(given, _DIGITS)
