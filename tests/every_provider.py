"""Every provider at once, each a local server that speaks its protocol, and what reached whom."""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import httpx
import orjson

from tests.callbacks import (
    PUBLIC_URL,
    SECRET,
    SENDGRID_EVENTS,
    TWILIO_TOKEN,
    SendGridSigner,
    twilio_post,
)
from tests.fakes import fcm, slack_workspace, twilio_api
from tests.fakes.beside import Beside, listening_beside, receiving_beside
from tests.fakes.receiver import Act, Request, sendgrid_yes
from tests.fakes.slack_workspace import Workspace

NUMBERS = {"eve": "+12025550110", "max": "+12025550111"}
INBOUND = "/callbacks/twilio/inbound"


@dataclass(frozen=True, slots=True)
class Providers:
    """Hold the servers, and the key by which the mailer signs its reports."""

    mails: Beside
    texts: Beside
    phones: Beside
    google: Beside
    room: Beside
    hooks: Beside
    signer: SendGridSigner = field(default_factory=SendGridSigner)

    @property
    def workspace(self) -> Workspace:
        """Give the Slack."""
        return cast("Workspace", self.room.receiver)

    @property
    def settings(self) -> Mapping[str, str]:
        """Give the environment that leads sinks and callbacks to them."""
        return {
            "TOCSIN_PUBLIC_URL": PUBLIC_URL,
            "TOCSIN_LINK_SECRET": SECRET,
            "TOCSIN_SENDGRID_API_KEY": "SG.local",
            "TOCSIN_SENDGRID_URL": self.mails.receiver.url(""),
            "TOCSIN_SENDGRID_VERIFICATION_KEY": self.signer.public,
            "TOCSIN_MAIL_FROM": "Tocsin <alerts@example.org>",
            "TOCSIN_TWILIO_ACCOUNT_SID": twilio_api.ACCOUNT,
            "TOCSIN_TWILIO_AUTH_TOKEN": twilio_api.TOKEN,
            "TOCSIN_TWILIO_VERIFICATION_TOKEN": TWILIO_TOKEN,
            "TOCSIN_TWILIO_FROM": "+15550001111",
            "TOCSIN_TWILIO_URL": self.texts.receiver.url(""),
            "TOCSIN_FCM_CREDENTIALS": fcm.service_account(self.google.receiver),
            "TOCSIN_FCM_URL": self.phones.receiver.url(""),
            "TOCSIN_SLACK_TOKEN": slack_workspace.TOKEN,
            "TOCSIN_SLACK_URL": self.workspace.api,
            "TOCSIN_WEBHOOK": "unsigned",
            "TOCSIN_WEBHOOK_HTTP": "yes",
            "TOCSIN_WEBHOOK_ALLOW": "127.0.0.0/8",
            "TOCSIN_WEBHOOK_PORTS": str(self.hooks.receiver.port),
        }

    def calls(self) -> dict[str, int]:
        """Count the messages that each channel's provider was handed."""
        texted = [fields["To"] for fields in map(twilio_api.fields, _requests(self.texts))]
        return {
            "email": len(_requests(self.mails)),
            "sms": texted.count(NUMBERS["eve"]),
            "push": len(_requests(self.phones)),
            "slack": len(self.workspace.asked("chat.postMessage")),
            "webhook": len(_requests(self.hooks)),
        }

    def texts_to(self, person: str) -> list[Request]:
        """Give the texts that a person got, in order."""
        return [
            request
            for request in _requests(self.texts)
            if twilio_api.fields(request)["To"] == NUMBERS[person]
        ]

    def report(self, client: httpx.Client) -> None:
        """Report the first mail and the first text as delivered, as their providers do."""
        mail = orjson.loads(_requests(self.mails)[0].body)["personalizations"][0]["custom_args"]
        event = {
            "event": "delivered",
            "email": "eve@example.org",
            "sg_event_id": "e-1",
            "timestamp": int(time.time()),
            **mail,
        }
        body, headers = self.signer.post([event], at=time.time())
        client.post(SENDGRID_EVENTS, content=body, headers=headers).raise_for_status()
        text = twilio_api.fields(self.texts_to("eve")[0])
        path = text["StatusCallback"].removeprefix(PUBLIC_URL)
        form = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": text["To"]}
        body, headers = twilio_post(path, form)
        client.post(path, content=body, headers=headers).raise_for_status()

    def reply(self, client: httpx.Client, person: str, words: str) -> str:
        """Answer the text that a person got, and give what Twilio is told to say."""
        form = {"MessageSid": "SM9", "From": NUMBERS[person], "To": "+15550001111", "Body": words}
        body, headers = twilio_post(INBOUND, form)
        return client.post(INBOUND, content=body, headers=headers).raise_for_status().text


def people(hook: str) -> dict[str, Any]:
    """Describe Eve, who has every channel, and Max, who is told where she does not answer."""
    every = ["email", "sms", "push", "slack", "webhook"]
    step = {"after_s": 4, "recipients": ["max"], "channels": ["sms"]}
    limits = dict.fromkeys(every, "500/h")
    return {
        "types": [{"id": "alert", "channels": every, "excess": "digest", "limits": limits}],
        "recipients": [
            {
                "id": "eve",
                "addresses": {
                    "email": "eve@example.org",
                    "sms": NUMBERS["eve"],
                    "push": "phone-of-eve",
                    "slack": slack_workspace.CHANNEL,
                    "webhook": hook,
                },
            },
            {"id": "max", "addresses": {"sms": NUMBERS["max"]}},
        ],
        "routes": [{"id": "all", "recipients": ["eve"], "channels": every, "escalation": [step]}],
    }


@contextmanager
def providing() -> Iterator[Providers]:
    """Run every provider."""
    with ExitStack() as opened:
        made = Providers(
            mails=opened.enter_context(receiving_beside(sendgrid_yes())),
            texts=opened.enter_context(receiving_beside(twilio_api.answer)),
            phones=opened.enter_context(receiving_beside(fcm.fcm_yes())),
            google=opened.enter_context(receiving_beside(fcm.token())),
            room=opened.enter_context(listening_beside(Workspace())),
            hooks=opened.enter_context(receiving_beside(Act())),
        )
        yield made


def _requests(server: Beside) -> list[Request]:
    return list(server.receiver.requests)
