"""SMS: the channel `sms`, text messages by Twilio, which takes them for WhatsApp as well."""

import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from twilio.rest import Client

from connectors.sinks import retry
from connectors.sinks.references import reference
from connectors.sinks.settings import Sinking
from connectors.sinks.sink import ACCOUNT, Answer, Later, OneAccount, Refused, Sent, Unknown
from connectors.sinks.sms.settings import Texting
from connectors.sinks.sms.wire import NotTaken, SmsWire
from connectors.sinks.wire import NoAnswer, NotSent
from schemas.addresses import WHATSAPP, address_fault
from schemas.deliveries import Delivery
from schemas.reasons import AddressKind, Channel, Reason

HOUSE_S = 1.0  # our own deadline comes before the runner's, which knows less
RECEIPTS = "/callbacks/twilio/status/"
# What Twilio takes: https://www.twilio.com/docs/api/errors/21609 and 21624.
RECEIPT_CHARS = 4000
LEAST_WAIT_S, MOST_WAIT_S = 6, 36_000  # in its queue; it advises more than 5

# Twilio's codes, https://www.twilio.com/docs/api/errors. What is named nowhere fails this message.
_OPTED_OUT = frozenset({21610})  # replied STOP to this sender
_GONE = frozenset(
    {
        21211,  # no phone number
        21217,  # does not appear to be a phone number
        21614,  # no mobile number
        21635,  # a landline
    }
)
_LIMITS = frozenset(
    {
        20429,  # too many calls at once
        21611,  # ten hours of messages wait for this sender
        63017,  # too many messages a second
        63038,  # too many messages in 24 hours
    }
)
# Credentials, sender or our address are in trouble: the next message has no other fate.
_ACCOUNT = frozenset(
    {
        10001,  # the account is not active
        20003,  # wrong credentials
        20005,  # the account is not active
        20006,  # access denied
        20008,  # the credentials are for tests
        20404,  # no such account
        21212,  # the sender is no phone number
        21603,  # no sender
        21609,  # the address for receipts is none
        21660,  # the sender is another account's
        21661,  # the sender cannot send texts
        21701,  # no such messaging service
        21703,  # the messaging service has no sender that is free
        21704,  # the messaging service has no sender
        21705,  # the messaging service's id is none
        63007,  # the sender is none of WhatsApp's
    }
)
_CREDENTIALS = frozenset({401, 403})
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")  # all but tab and line feed
# What the library would else read from the process's environment.
_NO_AMBIENT = {"TWILIO_EDGE": "", "TWILIO_REGION": ""}


class Texts(OneAccount):
    """Send texts by Twilio; one account serves every recipient."""

    channel = Channel.SMS.value
    provider = "twilio"
    limits = ACCOUNT

    def __init__(
        self, texting: Texting, *, within_s: float = 29.0, now: Callable[[], float] = time.time
    ) -> None:
        self._texting = texting
        self._now = now
        self._wire = SmsWire(texting.url, within_s=within_s)
        self._messages = Client(
            username=texting.user,
            password=texting.password,
            account_sid=texting.account,
            http_client=self._wire,
            environment=_NO_AMBIENT,
        ).messages

    async def deliver(self, delivery: Delivery) -> Answer:
        """Hand one text over; the address for its receipts says which delivery it is."""
        if address_fault(self.channel, delivery.address):
            return Refused("no phone number", Reason.INVALID)
        words = _plain(delivery.text) or _plain(delivery.subject)
        if not words:
            return Refused("no text", Reason.INVALID)
        sender = self._texting.sender(delivery.address)
        if not sender and not self._texting.service:
            return Refused("no sender for this kind of number: set TOCSIN_TWILIO_FROM")
        fields = request(delivery, self._texting, sender=sender, now=self._now())
        try:
            message = await self._messages.create_async(to=delivery.address, body=words, **fields)
        except NotSent as away:
            return Later(str(away))
        except NoAnswer as lost:
            return Unknown(str(lost))
        except NotTaken as no:
            return judged(no, now=self._now())
        return Sent(message.sid or "")

    async def close(self) -> None:
        """Close the connections."""
        await self._wire.close()


def made(env: Mapping[str, str]) -> Texts | None:
    """Make the sink where there are credentials."""
    texting = Texting.from_env(env)
    if texting is None:
        return None
    return Texts(texting, within_s=max(0.5, Sinking.from_env(env).call_s - HOUSE_S))


def request(delivery: Delivery, texting: Texting, *, sender: str, now: float) -> dict[str, Any]:
    """Say what Twilio is told beside number and words, in the library's terms.

    A text that is late is not sent by Twilio either; `now` is in epoch seconds.
    """
    fields: dict[str, Any] = {}
    if sender:
        fields["from_"] = sender
    if texting.service:
        fields["messaging_service_sid"] = texting.service
    if delivery.expires_at and not delivery.address.startswith(WHATSAPP):
        left_s = int(delivery.expires_at / 1000 - now)
        fields["validity_period"] = max(LEAST_WAIT_S, min(MOST_WAIT_S, left_s))
    if texting.linking.usable:
        token = reference(delivery, texting.linking)
        url = f"{texting.linking.public_url}{RECEIPTS}{token}"
        if len(url) <= RECEIPT_CHARS:  # a name may be so long; then its text goes without receipt
            fields["status_callback"] = url
    return fields


def judged(no: NotTaken, *, now: float) -> Answer:
    """Say what an answer that is no yes means; `now` in epoch seconds is for a dated Retry-After.

    Twilio's own code says more than the status; what is neither of the number nor of the account
    fails this message alone.
    """
    why = str(no)
    by_status = retry.reply(no.status, retry_after=no.retry_after, now=now)
    match by_status:
        case Later(_, after_s, reason):
            return Later(why, after_s, reason)
        case Unknown():
            return Unknown(why)
    if no.code in _LIMITS:
        after_s = retry.retry_after_s(no.retry_after, now=now)
        return Later(why, after_s, Reason.PROVIDER_LIMITS)
    of_message = 21_000 <= no.code < 22_000
    if no.code in _ACCOUNT or (no.status in _CREDENTIALS and not of_message):
        return Later(why)
    if no.code in _OPTED_OUT:
        return Refused(why, address=AddressKind.OPTED_OUT)
    return Refused(why, address=AddressKind.GONE if no.code in _GONE else None)


def _plain(text: str) -> str:
    """Give the text without control characters, its lines kept."""
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
