"""Every provider at once in trouble of one kind, and what each took held against our events."""

import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import orjson

from schemas import ids, keys, topics
from schemas.codec import encode
from schemas.deliveries import Delivery
from tests import topics as kafka
from tests.every_provider import Providers
from tests.exchange import ENDS, SCHEDULER, SINKS, Exchange, last_steps
from tests.fakes import slack_workspace, twilio_api
from tests.fakes.beside import Beside
from tests.fakes.receiver import Act, Request
from tests.gateway import House
from tests.waiting import eventually

LOAD = 10
HOUR_MS = 3_600_000
# Slack takes a message a second to a channel, so there are fewer.
LOADS: Mapping[str, int] = {"email": LOAD, "sms": LOAD, "push": LOAD, "webhook": LOAD, "slack": 4}
# With which status each says yes.
YES: Mapping[str, int] = {"email": 202, "sms": 201, "push": 200, "webhook": 200, "slack": 200}


@dataclass(frozen=True, slots=True)
class Count:
    """Say what became of a channel's load: all but `taken` and `marked` must be 0."""

    taken: int  # calls that the provider said yes to, whether we heard it or not
    lost: int  # deliveries that it never said yes to
    again: int  # deliveries with more than one yes and without the mark `maybe_repeat`
    claimed: int  # `sent` in our books, and the provider knows nothing of it
    ended_otherwise: int  # neither sent nor delivered
    marked: int


class EverySecond(deque[Act]):
    """Be a script by which every second request fails."""

    def __init__(self, act: Act) -> None:
        super().__init__()
        self._act = act
        self._asked = 0

    def __bool__(self) -> bool:
        self._asked += 1
        return self._asked % 2 == 1

    def popleft(self) -> Act:
        """Give the failure."""
        return self._act


class Drill:
    """Run the sinks of all channels beside a scheduler, against local providers."""

    def __init__(
        self, house: House, folder: Path, providers: Providers, *, patience: Mapping[str, str]
    ) -> None:
        self.providers = providers
        self.servers: Mapping[str, Beside] = {
            "email": providers.mails,
            "sms": providers.texts,
            "push": providers.phones,
            "slack": providers.room,
            "webhook": providers.hooks,
        }
        self.exchange = Exchange(
            house, folder, names=(SCHEDULER, SINKS), settings={**providers.settings, **patience}
        )

    def at_peace(self) -> None:
        """Let every provider answer as it should, and every process run."""
        for server in self.servers.values():
            server.receiver.script = deque()
            server.start()
        self.providers.workspace.losing = 0
        self.exchange.start()

    def script(self, made: Callable[[str], deque[Act]]) -> None:
        """Give every provider a script of its own."""
        for channel, server in self.servers.items():
            server.receiver.script = made(channel)

    def load(self, name: str) -> dict[str, list[Delivery]]:
        """Put urgent deliveries of every channel on their topics, as planning would."""
        loads = {
            channel: [self._delivery(name, channel, number) for number in range(count)]
            for channel, count in LOADS.items()
        }
        for channel, deliveries in loads.items():
            topic = self.exchange.names.topic(topics.DELIVERIES[channel, "urgent"])
            pairs = [(keys.key(each.tenant, each.recipient), encode(each)) for each in deliveries]
            kafka.produce(self.exchange.servers, topic, pairs)
        return loads

    def _delivery(self, name: str, channel: str, number: int) -> Delivery:
        who, now = f"{name}-{channel}-{number}", time.time_ns() // 1_000_000
        address = {
            "email": f"{who}@example.org",
            "sms": f"+1202555{number:04}",
            "push": f"phone-{who}",
            "slack": slack_workspace.CHANNEL,
            "webhook": self.providers.hooks.receiver.url(f"/{who}"),
        }[channel]
        return Delivery(
            id=ids.delivery_id("default", who, channel, address),
            intent_id=who,
            recipient=who,
            channel=channel,
            address=address,
            subject=f"{name} {number}",
            text="Of importance.",
            payload={"about": who},
            lane="urgent",
            priority=3,
            created_at=now,
            expires_at=now + HOUR_MS,
        )

    def met(self, **wanted: object) -> dict[str, int]:
        """Count by channel the requests that were treated so (`status`, `how`)."""
        return {
            channel: sum(
                all(getattr(act, name) == value for name, value in wanted.items())
                for act in list(server.receiver.acts)
            )
            for channel, server in self.servers.items()
        }

    def settle(
        self, loads: Mapping[str, list[Delivery]], *, within_s: float = 60.0
    ) -> dict[str, Count]:
        """Wait until every delivery has come to its end, and count channel by channel."""
        wanted = {each.id for deliveries in loads.values() for each in deliveries}

        def ended() -> bool:
            steps = last_steps(self.exchange.events())
            return all(each in steps and steps[each].status in ENDS for each in wanted)

        try:
            eventually(ended, within_s=within_s, why="every delivery comes to its end")
        except AssertionError as error:
            found = {channel: self.count(channel, each) for channel, each in loads.items()}
            raise AssertionError(f"{error}\n{found}\n{self.exchange.tails()}") from error
        found = {channel: self.count(channel, each) for channel, each in loads.items()}
        print(found)
        return found

    def count(self, channel: str, deliveries: list[Delivery]) -> Count:
        """Hold what a provider took against what our events say."""
        wanted = {each.id for each in deliveries}
        events = [each for each in self.exchange.events() if each.delivery_id in wanted]
        steps = last_steps(events)
        taken = self._taken(channel, wanted)
        marked = {each.delivery_id for each in events if each.maybe_repeat}
        sent = {each.delivery_id for each in events if each.status in {"sent", "delivered"}}
        return Count(
            taken=taken.total(),
            lost=len(wanted - set(taken)),
            again=sum(number > 1 and each not in marked for each, number in taken.items()),
            claimed=len(sent - set(taken)),
            ended_otherwise=sum(
                each not in steps or steps[each].status not in {"sent", "delivered"}
                for each in wanted
            ),
            marked=len(marked),
        )

    def _taken(self, channel: str, wanted: set[str]) -> Counter[str]:
        receiver = self.servers[channel].receiver
        found: Counter[str] = Counter()
        for request, act in zip(list(receiver.requests), list(receiver.acts), strict=False):
            name = _NAMED[channel](request)
            if name in wanted and act.status < 300 and act.how in {"answer", "drop"}:
                found[name] += 1
        return found


def _mailed(request: Request) -> str:
    mail = orjson.loads(request.body)
    return str(mail["personalizations"][0]["custom_args"]["tocsin_delivery"])


def _texted(request: Request) -> str:
    receipt = twilio_api.receipt(request)
    return receipt.delivery if receipt else ""


def _pushed(request: Request) -> str:
    return str(orjson.loads(request.body)["message"]["data"]["tocsin_delivery"])


def _posted(request: Request) -> str:
    said = cast("dict[str, Any]", orjson.loads(request.body))
    return str(said.get("client_msg_id", ""))


def _called(request: Request) -> str:
    return request.headers.get("webhook-id", "")


_NAMED: Mapping[str, Callable[[Request], str]] = {
    "email": _mailed,
    "sms": _texted,
    "push": _pushed,
    "slack": _posted,
    "webhook": _called,
}
