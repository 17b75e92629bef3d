"""Send the samples of this run and tell what became of them, over HTTP as any customer would."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from deploy.local.errors import StackError
from deploy.local.home import Home, write_private
from deploy.local.samples import COMPLAINTS, Sample, samples, word_of
from deploy.local.service import Say
from deploy.local.who_got_what import tell_messages

TAKEN_WITHIN_S = 30.0
TOLD_WITHIN_S = 60.0
LOOK_EVERY_S = 0.3
RESOLVED = "resolved"
EXAMPLE = """--json '{"title": "Disk of db-1 is full", "priority": "high"}'"""


@dataclass(frozen=True, slots=True)
class Entry:
    """Hold what the inbox says about one alert."""

    source: str
    title: str
    count: int
    status: str
    muted_by: str
    id: str = ""

    @property
    def state(self) -> str:
        """Say in one word or two how it stands."""
        return f"silenced by {self.muted_by}" if self.muted_by else self.status


# What the inbox must say at the end. The end of a trouble is no further occurrence of it.
COUNTS = {"slack": COMPLAINTS, "alertmanager": 1, "webhook": 1, "sms": 1, "email": 1}


def tell(home: Home, leads: Mapping[str, str], *, say: Say) -> None:
    """Send this run's samples, tell what became of them and where to look; never raise."""
    try:
        _tell_story(home, leads, say=say)
    except (StackError, httpx.HTTPError) as error:
        say(f"the samples' story could not be told: {error}\nThe logs lie in {home.logs}.")
    say(whereabouts(home, leads["TOCSIN_URL"]))


def _tell_story(home: Home, leads: Mapping[str, str], *, say: Say) -> None:
    run = next_run(home)
    word = word_of(run)
    sent = samples(word, datetime.now(UTC))
    key = {"Authorization": f"Bearer {leads['TOCSIN_API_KEY']}"}
    with httpx.Client(base_url=leads["TOCSIN_URL"], headers=key, timeout=10) as client:
        say(f"run {run}: five sources tell of one outage in shop {word}, {len(sent)} events")
        for sample in sent:
            send(client, sample)
        entries = _wait_for_entries(client, word)
        say(told(entries, events=len(sent)))
        say(in_all(client.get("/api/stats").raise_for_status().json()))
        tell_messages(client, word, [entry.id for entry in entries], say=say)


def next_run(home: Home) -> int:
    """Count this run and return its number, from 1."""
    kept = home.run_number
    run = int(kept.read_text()) + 1 if kept.exists() else 1
    write_private(kept, str(run))
    return run


def send(client: httpx.Client, sample: Sample) -> None:
    """POST a sample; while the gateway says that it is not ready yet, once more."""
    deadline = time.monotonic() + TAKEN_WITHIN_S
    while True:
        answer = client.post(f"/ingest/{sample.source}", json=sample.json, data=sample.form)
        if answer.is_success:
            return
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE or time.monotonic() > deadline:
            raise StackError(f"{sample.source}: {answer.status_code} {answer.text[:300]}")
        time.sleep(LOOK_EVERY_S)


def missing_from(entries: list[Entry]) -> list[str]:
    """Say what the story still lacks; nothing where it is complete."""
    by_source = {entry.source: entry for entry in entries}
    lacking = [
        f"{source}: {by_source[source].count if source in by_source else 0} of {count}"
        for source, count in COUNTS.items()
        if source not in by_source or by_source[source].count < count
    ]
    if not any(entry.status == RESOLVED for entry in entries):
        lacking.append("webhook: its end")
    if not any(entry.muted_by for entry in entries):
        lacking.append("email: its silence")
    return lacking


def told(entries: list[Entry], *, events: int) -> str:
    """Put the entries into lines that a newcomer understands."""
    ordered = sorted(entries, key=lambda entry: list(COUNTS).index(entry.source))
    rows = [f"  {e.source:<13} {e.count:>3} x  {e.title[:56]:<56}  {e.state}" for e in ordered]
    saved = sum(entry.count - 1 for entry in entries)
    muted = sum(1 for entry in entries if entry.muted_by)
    ended = sum(1 for entry in entries if entry.status == RESOLVED)
    sentence = (
        f"{events} events became {len(entries)} entries: one entry x {COMPLAINTS} "
        f"({saved} duplicates saved), {muted} silenced, {ended} resolved."
    )
    return "\n".join([*rows, sentence])


def in_all(stats: Mapping[str, int]) -> str:
    """Say what all runs together came to."""
    return (
        f"With earlier runs the inbox holds {stats['total']} entries for {stats['occurrences']} "
        f"occurrences: {stats['duplicates_saved']} duplicates saved."
    )


def whereabouts(home: Home, url: str) -> str:
    """Say where to look and what to try."""
    key = f'-H "Authorization: Bearer $(cat {home.api_key})"'
    person = f'-H "Authorization: Bearer $(cat {home.user_token})"'
    wishes = f"wishes    curl -s {person} {url}/api/notifications/preferences"
    return "\n".join(
        [
            "",
            f"inbox     curl -s {key} '{url}/api/notifications'",
            f"outbox    curl -s {key} '{url}/api/outbox'",
            *([wishes] if home.user_token.exists() else []),
            f"API docs  {url}/docs",
            f"try       curl -s {key} {EXAMPLE} {url}/ingest/webhook",
            f"shell     . {home.env}",
            "stop      Ctrl-C",
        ]
    )


def _wait_for_entries(client: httpx.Client, word: str) -> list[Entry]:
    deadline = time.monotonic() + TOLD_WITHIN_S
    while True:
        entries = _entries(client, word)
        lacking = missing_from(entries)
        if not lacking:
            return entries
        if time.monotonic() > deadline:
            raise StackError(f"after {TOLD_WITHIN_S:.0f} s the inbox lacks: {'; '.join(lacking)}")
        time.sleep(LOOK_EVERY_S)


def _entries(client: httpx.Client, word: str) -> list[Entry]:
    answer = client.get("/api/notifications", params={"limit": 100})
    answer.raise_for_status()
    return [_entry(item) for item in answer.json()["items"] if is_of_run(item, word)]


def is_of_run(item: Mapping[str, Any], word: str) -> bool:
    """Tell whether an inbox entry belongs to the run of that word."""
    said = re.split(r"[^a-z-]+", item["title"].lower())
    return word in said or word == item.get("labels", {}).get("shop")


def _entry(item: Mapping[str, Any]) -> Entry:
    return Entry(
        source=item["source"],
        title=item["title"],
        count=item["count"],
        status=item["status"],
        muted_by=item.get("muted_by") or "",
        id=item["id"],
    )
