"""Replies to text messages: who answers, and what is done about it."""

import re
from dataclasses import dataclass

from twilio.twiml.messaging_response import MessagingResponse

from connectors.callbacks.saying import Publisher, Said, acknowledged, learned
from connectors.callbacks.told import Outcome
from connectors.callbacks.twilio_requests import Fields
from connectors.callbacks.wishes import Wish, wish
from connectors.stores.postgres import Database
from connectors.stores.queries import replies
from schemas.addresses import address_fault
from schemas.reasons import AddressKind, Channel, Reason

TITLE_CHARS = 90  # with the words around it, one text message
NOTHING_OPEN = "There is nothing open that you were told of here."
HELP = (
    "Answer ACK to take the last alert in hand. STOP ends these messages, START brings them back."
)
# Control characters, and those that turn the direction of writing.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")


@dataclass(frozen=True, slots=True)
class Answered:
    """Hold the words that go back (empty: none), and what became of the reply."""

    outcome: Outcome
    words: str = ""

    def twiml(self) -> bytes:
        """Write the answer as Twilio reads it."""
        response = MessagingResponse()
        if self.words:
            response.message(self.words)
        return str(response).encode()


class Replies:
    """Do what replies ask for; KafkaUnavailable and DatabaseUnavailable."""

    def __init__(self, database: Database, publisher: Publisher) -> None:
        self._database = database
        self._publisher = publisher

    async def take(self, form: Fields, *, now: int) -> Answered:
        """Return when it is done, with the answer. Who is not known here gets none."""
        number, asked = form.get("From") or "", wish(form.get("Body") or "")
        if asked is None:
            return Answered(Outcome.IGNORED)
        if address_fault(Channel.SMS, number):
            return Answered(Outcome.FOREIGN)
        async with self._database.transaction() as connection:
            people = await replies.having_number(connection, number)
        if not people:
            return Answered(Outcome.FOREIGN)
        mark = form.get("MessageSid") or form.get("SmsSid") or f"at:{now}"
        match asked:
            case Wish.ACKNOWLEDGE:
                return await self._acknowledge(number, mark=mark, now=now)
            case Wish.HELP:
                # Where Twilio has the words for it, it has said them already.
                return Answered(Outcome.SAID, "" if form.get("OptOutType") else HELP)
            case Wish.STOP | Wish.START:
                await self._publisher.publish(
                    [
                        _wished(row["tenant"], row["id"], number, asked, mark=mark, now=now)
                        for row in people
                    ]
                )
                return Answered(Outcome.SAID)  # Twilio answers these itself, and lets no other pass

    async def _acknowledge(self, number: str, *, mark: str, now: int) -> Answered:
        async with self._database.transaction() as connection:
            told = await replies.told_last(connection, number)
        if told is None:
            return Answered(Outcome.KNOWN, NOTHING_OPEN)
        title = _short(told["title"])
        if told["acknowledged"]:
            return Answered(Outcome.KNOWN, f"Already acknowledged: {title}")
        order = acknowledged(
            tenant=told["tenant"],
            fingerprint=told["fingerprint"],
            alert_id=told["alert_id"],
            actor=told["user_id"],
            issued_at=now,
            mark=mark,
            note="by text message",
        )
        await self._publisher.publish([order])
        return Answered(Outcome.SAID, f"Acknowledged: {title}")


def _wished(tenant: str, recipient: str, number: str, asked: Wish, *, mark: str, now: int) -> Said:
    stop = asked is Wish.STOP
    return learned(
        tenant=tenant,
        recipient=recipient,
        channel=Channel.SMS.value,
        kind=AddressKind.OPTED_OUT if stop else AddressKind.OPTED_IN,
        occurred_at=now,
        mark=f"twilio:{mark}",
        address=number,
        reason=str(Reason.OPTED_OUT) if stop else "",
        actor=recipient,
    )


def _short(title: str) -> str:
    line = " ".join(_CONTROLS.sub(" ", title).split())
    return line if len(line) <= TITLE_CHARS else line[: TITLE_CHARS - 1] + "…"
