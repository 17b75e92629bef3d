"""What variants came to is told by version and channel, and of people."""

from typing import Any

from connectors.api.proportions import Verdict
from connectors.api.result_models import TemplateResults, VersionResult
from connectors.api.result_shapes import results

SINCE, FIRST, LAST = 1_769_763_600_000, 1_770_019_200_000, 1_772_352_000_000
TEMPLATE = {
    "version": "9b1f0c2d7e3a",
    "experiment": "welcome-subject",
    "variants": {"plain": 1, "warm": 1},
}
PLAIN = {
    "variant": "plain", "planned": 520, "sent": 510, "people": 470,
    "delivered": 505, "delivered_people": 468, "opened": 160, "opened_people": 150,
    "clicked": 31, "clicked_people": 30,
}  # fmt: skip
WARM = {
    "variant": "warm", "planned": 528, "sent": 521, "people": 476,
    "delivered": 518, "delivered_people": 475, "opened": 214, "opened_people": 198,
    "clicked": 40, "clicked_people": 38,
}  # fmt: skip


def _row(counts: dict[str, Any], **fields: Any) -> dict[str, Any]:
    given = {
        "channel": "email",
        "template_version": "9b1f0c2d7e3a",
        "first_at": FIRST,
        "last_at": LAST,
    }
    return counts | given | fields


def _of(*rows: dict[str, Any], template: dict[str, Any] | None = TEMPLATE) -> list[VersionResult]:
    return results("welcome", days=30, since=SINCE, template=template, rows=rows).results


def test_the_published_example_is_what_the_counts_give() -> None:
    """Whoever reads the description sees numbers that hang together."""
    told = results(
        "welcome", days=30, since=SINCE, template=TEMPLATE, rows=[_row(WARM), _row(PLAIN)]
    )
    [shown] = TemplateResults.model_json_schema()["examples"]
    found = told.model_dump(mode="json")
    found["results"][0]["comparisons"] = [
        each for each in found["results"][0]["comparisons"] if each["measure"] == "opened"
    ]
    assert shown == found


def test_other_words_and_other_channels_are_other_experiments() -> None:
    """Openings of mails and of messages are not thrown together, nor those of two versions."""
    told = _of(_row(WARM), _row(PLAIN, template_version="old"), _row(PLAIN, channel="push"))
    assert [("email", "9b1f0c2d7e3a"), ("email", "old"), ("push", "9b1f0c2d7e3a")] == [
        (group.channel, group.version) for group in told
    ]
    assert {Verdict.NOTHING_TO_COMPARE} == {
        each.verdict for group in told for each in group.comparisons
    }


def test_ten_mails_to_one_person_prove_nothing() -> None:
    """One eager reader is one reader: what was sent to one person each may be chance."""
    nobody = {"delivered": 0, "delivered_people": 0, "clicked": 0, "clicked_people": 0}
    eager = {"planned": 100, "sent": 100, "people": 1, "opened": 100, "opened_people": 1} | nobody
    tired = eager | {"opened": 0, "opened_people": 0}
    [group] = _of(_row(eager, variant="a"), _row(tired, variant="b"))
    verdicts = {each.measure: each.verdict for each in group.comparisons}
    assert Verdict.MAY_BE_CHANCE == verdicts["opened"]


def test_what_was_sent_to_nobody_has_no_rate() -> None:
    """A variant that only waits is shown without a share, and wins nothing."""
    waiting = dict.fromkeys(WARM, 0) | {"variant": "warm", "planned": 3}
    [group] = _of(_row(PLAIN), _row(waiting))
    warm = next(each for each in group.variants if each.variant == "warm")
    assert (3, 0, None, None) == (warm.planned, warm.sent, warm.opened.rate, warm.opened.low)
    assert [Verdict.NOTHING_TO_COMPARE] * 3 == [each.verdict for each in group.comparisons]


def test_a_template_that_is_gone_is_told_by_what_was_sent() -> None:
    """What was learned outlives the words it was learned with."""
    told = results("welcome", days=1, since=SINCE, template=None, rows=[_row(PLAIN)])
    assert ("", "", {}, 1) == (told.version, told.experiment, told.weights, len(told.results))
