"""An alert's identity holds what names the trouble, and nothing that changes with each telling."""

import re
from typing import Any

import msgspec
import pytest
from hypothesis import given

from schemas import fingerprint as fp
from schemas.control import Matcher, Rule
from schemas.fingerprint import fingerprint
from schemas.records import RawAlert
from tests.unit.schemas.drawing import drawn

LABELS = {"alertname": "HighCPU", "instance": "server-01"}


def alert(**fields: Any) -> RawAlert:
    """Build an alert from a webhook."""
    return RawAlert(**({"source": "webhook", "title": "CPU high on server-01"} | fields))


@given(drawn(RawAlert), drawn(RawAlert))
def test_what_changes_from_telling_to_telling_is_no_part_of_it(
    one: RawAlert, other: RawAlert
) -> None:
    """Times, links, severity, priority, status, id and tenant never make another alert."""
    changing = ("occurred_at", "started_at", "received_at", "links", "severity", "priority")
    fields = {name: getattr(other, name) for name in (*changing, "status", "id", "tenant")}

    assert fingerprint(one) == fingerprint(msgspec.structs.replace(one, **fields))


@given(drawn(RawAlert))
def test_it_is_sixteen_hex_digits(raw: RawAlert) -> None:
    """A fingerprint is short and looks the same for every alert."""
    assert re.fullmatch(r"[0-9a-f]{16}", fingerprint(raw))


def test_a_text_that_no_codec_writes_has_one_too() -> None:
    """A text with half a character never breaks anything."""
    assert fingerprint(alert(title="\ud800"))


def test_the_senders_own_key_wins() -> None:
    """A sender that names its alert is believed, whatever else it says."""
    one = alert(dedup_key="k1", title="a", labels={"x": "1"})

    assert fingerprint(one) == fingerprint(alert(dedup_key="k1", title="b", labels={"x": "2"}))
    assert fingerprint(one) != fingerprint(alert(dedup_key="k2", title="a", labels={"x": "1"}))
    assert fingerprint(one) != fingerprint(alert(source="grafana", dedup_key="k1"))


def test_labels_with_an_alert_name_are_enough() -> None:
    """Where the alert has a name, its words may change."""
    one = alert(labels=LABELS, title="CPU at 91%", body="x")

    assert fingerprint(one) == fingerprint(alert(labels=LABELS, title="Other", body="y"))
    assert fingerprint(one) != fingerprint(alert(labels=LABELS | {"instance": "server-02"}))
    assert fingerprint(one) != fingerprint(alert(labels=LABELS, source="grafana"))


def test_the_mark_of_a_cut_field_is_no_part_of_it() -> None:
    """An alert is told by what it says, whether or not it was cut."""
    cut = {"tocsin_cut": "body"}

    assert fingerprint(alert(labels=LABELS)) == fingerprint(alert(labels=LABELS | cut))
    assert fingerprint(alert(body="x")) == fingerprint(alert(body="x", labels=cut))


def test_the_order_of_labels_makes_no_difference() -> None:
    """Labels are a set of names with values."""
    backwards = dict(reversed(LABELS.items()))

    assert fingerprint(alert(labels=LABELS)) == fingerprint(alert(labels=backwards))


def test_labels_without_an_alert_name_need_the_title() -> None:
    """Labels that only say where do not make one trouble of two."""
    one = alert(labels={"env": "prod"}, title="Disk 91% full", body="x")

    assert fingerprint(one) == fingerprint(alert(labels={"env": "prod"}, title="Disk 97% full"))
    assert fingerprint(one) != fingerprint(alert(labels={"env": "prod"}, title="Door open"))
    assert fingerprint(one) != fingerprint(alert(labels={"env": "test"}, title="Disk 91% full"))


def test_without_key_or_labels_the_words_decide() -> None:
    """A plain message is told by what it says, without its time stamps."""
    one = alert(title="[12:34:56] CPU above 90% on server-01", body="took 345ms")

    assert fingerprint(one) == fingerprint(
        alert(title="[23:45:01] CPU above 97% on server-01", body="took 12ms")
    )
    assert fingerprint(one) != fingerprint(
        alert(title="[12:34:56] CPU above 90% on server-02", body="took 345ms")
    )
    assert fingerprint(one) != fingerprint(alert(title=one.title, body="gave up"))


def test_titles_of_nothing_but_numbers_differ() -> None:
    """Two messages that are only numbers are two messages."""
    assert fingerprint(alert(title="500")) != fingerprint(alert(title="404"))
    labels = {"env": "prod"}
    assert fingerprint(alert(title="500", labels=labels)) != fingerprint(
        alert(title="404", labels=labels)
    )


def test_a_rule_chooses_labels() -> None:
    """Where a rule says so, these labels alone are the identity."""
    one = alert(labels=LABELS, title="a", dedup_key="k1")
    other = alert(labels=LABELS | {"alertname": "Other"}, title="b", dedup_key="k2")

    assert fingerprint(one, ["instance"]) == fingerprint(other, ["instance"])
    assert fingerprint(one, ["instance"]) != fingerprint(one)
    assert fingerprint(one, ["instance", "zone"]) == fingerprint(one, ["zone", "instance"])
    assert fingerprint(one, ["instance"]) != fingerprint(
        alert(labels=LABELS | {"instance": "server-02"}), ["instance"]
    )


def test_a_rule_whose_labels_are_missing_says_nothing() -> None:
    """A rule never makes one trouble of all alerts that lack its labels."""
    assert fingerprint(alert(title="a"), ["host"]) == fingerprint(alert(title="a"))
    assert fingerprint(alert(title="a"), ["host"]) != fingerprint(alert(title="b"), ["host"])


def test_parts_never_run_into_one_another() -> None:
    """What stands in one field cannot pass for another."""
    assert fingerprint(alert(labels={"ab": "c"})) != fingerprint(alert(labels={"a": "bc"}))
    assert fingerprint(alert(title="a b", body="c")) != fingerprint(alert(title="a", body="b c"))
    assert fingerprint(alert(title="x")) != fingerprint(alert(dedup_key="x"))
    assert fingerprint(alert(source="a", dedup_key="b:c")) != fingerprint(
        alert(source="a:b", dedup_key="c")
    )


@pytest.mark.parametrize(
    ("raw", "labels", "expected"),
    [
        (alert(dedup_key="k1"), [], "6b29c56dc906839b"),
        (alert(labels=LABELS), [], "0f7df9739d713fd8"),
        (alert(labels=LABELS), ["instance"], "2081e10037bd2b9c"),
        (alert(labels={"env": "prod"}), [], "b7a1075bfdb19528"),
        (alert(body="for 5m"), [], "de998196191d8f6d"),
    ],
)
def test_fingerprints_never_change(raw: RawAlert, labels: list[str], expected: str) -> None:
    """What a store remembers is found by the next release; if not, `VERSION` must rise."""
    assert fp.VERSION == "1"
    assert expected == fingerprint(raw, labels)


def rule(ident: str, *labels: str, **fields: Any) -> Rule:
    """Build a fingerprint rule."""
    return Rule(**({"id": ident, "kind": "fingerprint", "labels": list(labels)} | fields))


def test_rules_have_a_version() -> None:
    """Workers that follow the same rules say so with the same eight digits."""
    rules = [rule("a", "host"), rule("b", "zone", matchers=[Matcher(name="x", value="y")])]

    assert re.fullmatch(r"[0-9a-f]{8}", fp.rules_version(rules))
    assert fp.rules_version(rules) == fp.rules_version(reversed(rules))
    assert fp.rules_version(rules) == fp.rules_version([*rules, Rule(id="c", kind="priority")])


def test_no_fingerprint_rules_are_version_zero() -> None:
    """Without rules that choose labels there is nothing to follow."""
    assert fp.rules_version([]) == "0"
    assert fp.rules_version([Rule(id="c", kind="dedup")]) == "0"


@pytest.mark.parametrize(
    "changed",
    [
        rule("a", "zone"),
        rule("a", "host", position=7),
        rule("a", "host", tenant="other"),
        rule("a", "host", matchers=[Matcher(name="x", value="y")]),
    ],
)
def test_a_changed_rule_is_another_version(changed: Rule) -> None:
    """Whatever could change a fingerprint changes the version."""
    assert fp.rules_version([rule("a", "host")]) != fp.rules_version([changed])


def test_a_mark_says_whose_key_it_is() -> None:
    """A record that ingest marked is recognised, one of another version is not."""
    assert fp.mark("12345678") == b"1/12345678"
    assert fp.is_ours(fp.mark("0"))
    assert fp.is_ours(fp.mark("12345678"))


@pytest.mark.parametrize("header", [b"", b"1", b"1/", b"2/0", b"/", b"11/0", b"\xff\xfe/1"])
def test_a_foreign_mark_vouches_for_nothing(header: bytes) -> None:
    """Anyone can write a header; only ours counts."""
    assert not fp.is_ours(header)
