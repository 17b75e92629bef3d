"""Each run of the samples tells a story of its own, and says when a part of it is missing."""

from datetime import UTC, datetime
from pathlib import Path

from deploy.local.home import Home
from deploy.local.samples import COMPLAINTS, samples, word_of
from deploy.local.story import COUNTS, Entry, is_of_run, missing_from, next_run, told, whereabouts

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def entry(source: str, count: int, *, status: str = "open", muted_by: str = "") -> Entry:
    """Make an inbox entry."""
    title = f"what {source} told"
    return Entry(source=source, title=title, count=count, status=status, muted_by=muted_by)


WHOLE = [
    entry("webhook", 1, status="resolved"),
    entry("slack", 12),
    entry("alertmanager", 1),
    entry("sms", 1),
    entry("email", 1, muted_by="nightly"),
]


def test_no_two_runs_share_a_word() -> None:
    """The samples of any two runs can be told apart, and not by a number."""
    words = [word_of(run) for run in range(1, 2000)]
    assert ["alfa", "bravo", "zulu", "alfa-alfa"] == [words[n] for n in (0, 1, 25, 26)]
    assert len(words) == len(set(words))
    assert not any(letter.isdigit() for word in words for letter in word)


def test_runs_are_counted(tmp_path: Path) -> None:
    """The count of runs goes on after a restart."""
    assert [1, 2, 3] == [next_run(Home(tmp_path)) for _ in range(3)]


def test_five_sources_tell_of_one_outage() -> None:
    """The samples come from five sources, one of which says the same twelve times."""
    sent = samples("kilo", NOW)
    sources = [sample.source for sample in sent]
    sent_by_source = {source: sources.count(source) for source in set(sources)}
    assert COUNTS | {"webhook": COUNTS["webhook"] + 1} == sent_by_source  # its end comes too
    assert COMPLAINTS == len({str(sample.form) for sample in sent if sample.source == "slack"})
    assert all("kilo" in str(sample) for sample in sent)


def test_an_entry_belongs_to_one_run() -> None:
    """The entries of an earlier run are not taken for those of this one."""
    assert is_of_run({"title": "Shop alfa: one order in five fails", "labels": {}}, "alfa")
    assert is_of_run({"title": "PaymentsDatabaseDown", "labels": {"shop": "alfa"}}, "alfa")
    assert not is_of_run({"title": "Shop alfa-bravo: cannot pay", "labels": {}}, "alfa")
    assert not is_of_run({"title": "Shop alfalfa: cannot pay", "labels": {}}, "alfa")


def test_a_whole_story_lacks_nothing() -> None:
    """Five entries with their counts, one of them silenced and one resolved, are the story."""
    assert [] == missing_from(WHOLE)


def test_what_is_missing_is_named() -> None:
    """A newcomer reads which part of the story did not come."""
    fewer = [entry("slack", 3)]
    assert "slack: 3 of 12" in missing_from(fewer)
    assert "sms: 0 of 1" in missing_from(fewer)
    assert "webhook: its end" in missing_from(fewer)
    assert "email: its silence" in missing_from(fewer)


def test_the_story_says_what_was_saved() -> None:
    """The last line counts what went in, what came out and what nobody had to read."""
    lines = told(WHOLE, events=17).splitlines()
    assert list(COUNTS) == [line.split()[0] for line in lines[:-1]]
    told_at_the_end = (
        "17 events became 5 entries: one entry x 12 (11 duplicates saved), 1 silenced, 1 resolved."
    )
    assert told_at_the_end == lines[-1]


def test_the_last_lines_say_where_to_look(tmp_path: Path) -> None:
    """A newcomer reads where the inbox is, what to try and how to stop, and no secret."""
    Home(tmp_path).user_token.write_text("ey")
    said = whereabouts(Home(tmp_path), "http://127.0.0.1:1")
    firsts = [line.split()[0] for line in said.splitlines() if line]
    assert ["inbox", "outbox", "wishes", "API", "try", "shell", "stop"] == firsts
    assert f"$(cat {tmp_path}/api_key)" in said
