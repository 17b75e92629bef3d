"""A push message goes out in FCM's form, by an account that the settings name."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from connectors.sinks.push import channel as push
from connectors.sinks.sink import Sent
from schemas.errors import ConfigurationError
from tests.fakes import fcm
from tests.fakes.receiver import Receiver, receiving
from tests.outgoing import outgoing

NOW = 1_700_000_000


@pytest.fixture
async def google() -> AsyncIterator[Receiver]:
    """Give a Google that knows our account."""
    async with receiving(always=fcm.token()) as server:
        yield server


async def sent(google: Receiver, **fields: object) -> dict[str, Any]:
    """Send one message and give what FCM got."""
    async with receiving(always=fcm.fcm_yes()) as server:
        env = {"TOCSIN_FCM_CREDENTIALS": fcm.service_account(google)}
        sink = push.made(env | {"TOCSIN_FCM_URL": server.url("")})
        assert sink is not None
        sink._now = lambda: NOW
        given = outgoing(**({"channel": "push", "address": "phone-1"} | fields))
        assert isinstance(await sink.deliver(given), Sent)
        await sink.close()
        request = server.requests[0]
        assert ("POST", "/v1/projects/tocsin-test/messages:send", "Bearer ya29.one") == (
            request.method, request.path, request.headers["authorization"]
        )  # fmt: skip
    got: dict[str, Any] = orjson.loads(request.body)
    return got


async def test_fcm_gets_what_its_api_asks_for(google: Receiver) -> None:
    """An urgent message wakes the phone, replaces the alert's last one, and ends in time."""
    got = await sent(
        google, lane="urgent", alert_id="a-1", expires_at=(NOW + 90) * 1000, payload={"n": 1}
    )
    message = {
        "token": "phone-1",
        "notification": {"title": "Disk full on db-1", "body": "db-1 has no room left"},
        "data": {
            "tocsin_delivery": "d-1",
            "tocsin_intent": "i-1",
            "tocsin_alert": "a-1",
            "n": "1",
        },
        "android": {
            "collapse_key": "a-1",
            "priority": "high",
            "ttl": "90s",
            "notification": {"tag": "a-1", "sound": "default"},
        },
        "apns": {
            "headers": {
                "apns-priority": "10",
                "apns-collapse-id": "a-1",
                "apns-expiration": str(NOW + 90),
            },
            "payload": {"aps": {"sound": "default"}},
        },
        "webpush": {
            "headers": {"Urgency": "high", "TTL": "90"},
            "notification": {"tag": "a-1"},
        },
    }
    assert {"message": message} == got


async def test_a_message_that_can_wait_wakes_nobody(google: Receiver) -> None:
    """In the normal lane it comes quietly, and where it does not expire FCM decides how long."""
    got = (await sent(google, payload={}))["message"]
    assert {"collapse_key": "i-1", "priority": "normal", "notification": {"tag": "i-1"}} == got[
        "android"
    ]
    assert {"headers": {"apns-priority": "5", "apns-collapse-id": "i-1"}} == got["apns"]
    assert {"Urgency": "normal"} == got["webpush"]["headers"]


async def test_the_longest_message_is_within_fcms_limit(google: Receiver) -> None:
    """What FCM counts, texts and data, is below 4096 bytes whatever was written."""
    got = await sent(
        google,
        subject="ü" * 70_000,
        text='"\n🔥' * 70_000,
        payload={"x": "y" * 1700, "z": "z" * 99},
    )
    counted = {name: got["message"][name] for name in ("notification", "data")}
    assert 3000 < len(orjson.dumps(counted)) < 4096
    assert got["message"]["notification"]["body"].endswith("…")


async def test_an_account_can_be_a_file_and_the_project_another(
    google: Receiver, tmp_path: Path
) -> None:
    """The file keeps the key out of the environment, and one account may serve two projects."""
    file = tmp_path / "account.json"
    file.write_text(fcm.service_account(google))
    async with receiving(always=fcm.fcm_yes()) as server:
        sink = push.made(
            {
                "TOCSIN_FCM_CREDENTIALS_FILE": str(file),
                "TOCSIN_FCM_PROJECT": "another-project",
                "TOCSIN_FCM_URL": server.url("/"),
            }
        )
        assert sink is not None
        assert isinstance(await sink.deliver(outgoing(channel="push", address="x")), Sent)
        await sink.close()
    assert ["/v1/projects/another-project/messages:send"] == [
        request.path for request in server.requests
    ]
    assert "assertion" in google.requests[0].body.decode()


@pytest.mark.parametrize(
    "env",
    [
        {"TOCSIN_FCM_CREDENTIALS_FILE": "/no/such/file"},
        {"TOCSIN_FCM_CREDENTIALS": "hidden"},
        {"TOCSIN_FCM_CREDENTIALS": '["hidden"]'},
        {"TOCSIN_FCM_CREDENTIALS": '{"type": "hidden"}'},
        {"TOCSIN_FCM_CREDENTIALS": '{"type": "service_account", "private_key": "hidden"}'},
        {"account": {"private_key": "hidden"}},
        {"account": {"private_key": 7}},
        {"account": {"private_key": "-----BEGIN RSA PRIVATE KEY-----\nhidden\n-----END"}},
        {"account": {"type": "authorized_user"}},
        {"account": {"project_id": None}},
        {"account": {}, "TOCSIN_FCM_PROJECT": "../hidden"},
        {"account": {}, "TOCSIN_FCM_URL": "ftp://example.org"},
    ],
)  # fmt: skip
def test_settings_that_cannot_be_used_are_named(env: dict[str, Any]) -> None:
    """The start ends with the name of the variable, and without what is secret in it."""
    given = dict(env)
    if "account" in given:
        account = fcm.service_account(Receiver(), **given.pop("account"))
        given["TOCSIN_FCM_CREDENTIALS"] = account
    with pytest.raises(ConfigurationError, match="TOCSIN_FCM") as told:
        push.made(given)
    assert "hidden" not in str(told.value)
    assert told.value.__cause__ is None or "hidden" not in repr(told.value.__cause__)


def test_without_an_account_there_is_no_provider() -> None:
    """The sandbox stands in where no setting leads to FCM."""
    assert push.made({"TOCSIN_FCM_PROJECT": "tocsin-test"}) is None
