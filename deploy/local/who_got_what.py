"""Send the messages of this run, and tell who got what on which channel, or why not."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from deploy.local.errors import StackError
from deploy.local.messages import messages
from deploy.local.service import Say

SETTLED_WITHIN_S = 60.0
LOOK_EVERY_S = 0.3
WHOLE = "none"  # the channel of an intent that was held or dropped as a whole
OUT = frozenset({"sent", "delivered"})
UNSETTLED = frozenset({"queued", "retrying"})
WAITS_A_MOMENT = frozenset({"unknown_recipient"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """Hold what became of one message on one channel."""

    recipient: str
    what: str
    channel: str
    status: str
    why: str
    until: str = ""
    copies: int = 1

    @property
    def settled(self) -> bool:
        """Say whether nothing more happens to it within this story."""
        return self.status not in UNSETTLED

    @property
    def state(self) -> str:
        """Say how it stands, and why where that is not plain."""
        if self.status in OUT:
            copies = f" to {self.copies} addresses" if self.copies > 1 else ""
            return f"{self.status}{copies}"
        until = f" until {self.until}" if self.until else ""
        return f"{self.status}{until}: {self.why}" if self.why else f"{self.status}{until}"


def tell_messages(client: httpx.Client, word: str, alerts: Iterable[str], *, say: Say) -> None:
    """Send the messages and print what became of them, and of the alerts of these ids."""
    now = datetime.now(UTC)
    sent = _send(client, messages(word, now))
    say(f"\nshop {word} tells its people, and the routes tell of the outage")
    of_messages = _wait(lambda: _of_intents(client, sent), expected=len(sent))
    of_alerts = _wait(lambda: _of_alerts(client, alerts), expected=1)
    say(lines([*of_messages, *of_alerts]))


def _send(client: httpx.Client, bodies: Sequence[Mapping[str, Any]]) -> list[str]:
    answer = client.post("/api/intents", json={"intents": list(bodies)})
    if not answer.is_success:
        raise StackError(f"intents: {answer.status_code} {answer.text[:300]}")
    return [each["id"] for each in answer.json()["intents"]]


def _wait(look: Any, *, expected: int) -> list[Outcome]:
    deadline = time.monotonic() + SETTLED_WITHIN_S
    while True:
        groups: list[list[Outcome]] = look()
        found = [outcome for group in groups for outcome in group]
        if sum(map(bool, groups)) >= expected and all(outcome.settled for outcome in found):
            return found
        if time.monotonic() > deadline:
            waiting = [f"{o.what} to {o.recipient}" for o in found if not o.settled]
            raise StackError(
                f"after {SETTLED_WITHIN_S:.0f} s these wait still: "
                f"{'; '.join(waiting) or 'messages that were not planned'}"
            )
        time.sleep(LOOK_EVERY_S)


def _of_intents(client: httpx.Client, ids: Iterable[str]) -> list[list[Outcome]]:
    return [
        outcomes_of(client.get(f"/api/intents/{each}").raise_for_status().json()) for each in ids
    ]


def _of_alerts(client: httpx.Client, ids: Iterable[str]) -> list[list[Outcome]]:
    told = [
        client.get(f"/api/notifications/{each}").raise_for_status().json()["told"] for each in ids
    ]
    # The newest comes first there; here the beginning is told before its end.
    return [together(map(of_delivery, reversed(deliveries))) for deliveries in told]


def outcomes_of(intent: Mapping[str, Any]) -> list[Outcome]:
    """Read what the API says of an intent; nothing while it waits only for a moment."""
    found = []
    for channel in intent["channels"]:
        if channel["status"] == "held" and channel["reason"] in WAITS_A_MOMENT:
            return []
        if channel["channel"] == WHOLE and len(intent["channels"]) > 1:
            continue  # it waited as a whole, and the channels say what came of that
        found.append(
            Outcome(
                recipient=intent["recipient"],
                what=intent["template"] or "in its own words",
                channel=channel["channel"],
                status=channel["status"],
                why=channel["why"],
                until=_clock(channel["held_until"]),
                copies=max(1, sum(d["status"] in OUT for d in channel["deliveries"])),
            )
        )
    return found


def of_delivery(delivery: Mapping[str, Any]) -> Outcome:
    """Read what the API says of one delivery."""
    return Outcome(
        recipient=delivery["recipient"],
        what=delivery["subject"] or delivery["template"],
        channel=delivery["channel"],
        status=delivery["status"],
        why=delivery["why"],
        until=_clock(delivery["held_until"]),
    )


def together(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Leave out what is said twice, as by several tokens of a person."""
    return list(dict.fromkeys(outcomes))


def _clock(moment: str | None) -> str:
    return f"{moment[:16].replace('T', ' ')} UTC" if moment else ""


def lines(outcomes: Sequence[Outcome]) -> str:
    """Put outcomes into lines that a newcomer understands, and count them."""
    rows = [
        f"  {o.recipient[:26]:<26}  {_channel(o):<8} {o.what[:44]:<44}  {o.state}" for o in outcomes
    ]
    out = Counter(outcome.status in OUT for outcome in outcomes)
    people = len({outcome.recipient for outcome in outcomes if outcome.status in OUT})
    waiting = sum(outcome.status == "held" for outcome in outcomes)
    reasons = out[False] - waiting
    sentence = (
        f"{out[True]} went out to {people} recipients, {waiting} wait for their moment, "
        f"{reasons} went to nobody, each with its reason."
    )
    return "\n".join([*rows, sentence])


def _channel(outcome: Outcome) -> str:
    return "-" if outcome.channel == WHOLE else outcome.channel
