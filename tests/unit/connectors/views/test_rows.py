"""Rows say the same as the records they are made of, in whatever portions these come."""

from hypothesis import given
from hypothesis import strategies as st

from connectors.views.rows import Taken, latest, rows_of
from schemas.records import AlertChange, Decision
from tests.inbox import change


def _taken(*records: AlertChange | Decision) -> list[Taken]:
    return [Taken("t", 0, number, record) for number, record in enumerate(records)]


def test_state_comes_from_the_highest_change() -> None:
    """However a batch is ordered, the last word on an alert is its highest change."""
    row = rows_of(_taken(change("a", 3, count=30), change("a", 2), change("a"))).alerts[0]
    assert (3, 30) == (row["seq"], row["count"])


def test_text_comes_from_the_last_change_that_has_any() -> None:
    """A `repeated` change that carries no text does not blank the entry."""
    row = rows_of(_taken(change("a"), change("a", 2))).alerts[0]
    assert ("Disk full on a", 1) == (row["title"], row["content_seq"])


def test_without_any_text_none_is_claimed() -> None:
    """A batch that brings no text says so, and what is stored stays."""
    assert 0 == rows_of(_taken(change("a", 2))).alerts[0]["content_seq"]


def test_the_moment_of_acknowledgement_is_that_of_its_change() -> None:
    """Later changes of an acknowledged alert do not move the moment."""
    acknowledged = change("a", 2, kind="acknowledged", acknowledged=True, occurred_at=77)
    later = change("a", 3, acknowledged=True, occurred_at=99)
    assert 77 == rows_of(_taken(acknowledged, later)).alerts[0]["acknowledged_at"]


def test_every_change_enters_the_history() -> None:
    """History has one row a change, also for those that another overtook."""
    history = rows_of(_taken(change("a"), change("a", 2), change("b"))).changes
    assert [("alert-a", 1), ("alert-a", 2), ("alert-b", 1)] == [
        (row["alert_id"], row["seq"]) for row in history
    ]


def test_a_decision_without_an_id_is_told_apart_by_its_place() -> None:
    """Two nameless decisions stay two, and the same one read again stays one."""
    nameless = Decision(
        subject_kind="alert", subject_id="a", stage="route", outcome="dropped", reason="no_route"
    )
    ids = [row["id"] for row in rows_of(_taken(nameless, nameless)).decisions]
    assert ["t:0:0", "t:0:1"] == ids


@given(st.permutations([change(name, seq) for name in "abc" for seq in (1, 2, 3)]))
def test_the_order_of_a_batch_does_not_matter(changes: list[AlertChange]) -> None:
    """Any order of the same changes gives the same entries."""
    shown = {row["alert_id"]: row for row in rows_of(_taken(*changes)).alerts}
    assert {(name, 3, 1) for name in ("alert-a", "alert-b", "alert-c")} == {
        (name, row["seq"], row["content_seq"]) for name, row in shown.items()
    }
    assert 3 == len(latest(changes))
