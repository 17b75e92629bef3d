"""By whom texts are sent can be said, and what cannot be meant is refused."""

from pathlib import Path

import pytest

from connectors.sinks.sms import channel as sms
from connectors.sinks.sms.settings import TWILIO_URL, Texting
from schemas.errors import ConfigurationError
from tests.fakes.twilio_api import ACCOUNT, KEY, KEY_SECRET, SERVICE, TOKEN

HIDDEN = "hidden-and-not-to-be-told"
BY_TOKEN = {"TOCSIN_TWILIO_ACCOUNT_SID": ACCOUNT, "TOCSIN_TWILIO_AUTH_TOKEN": TOKEN}
BY_KEY = {
    "TOCSIN_TWILIO_ACCOUNT_SID": ACCOUNT,
    "TOCSIN_TWILIO_API_KEY": KEY,
    "TOCSIN_TWILIO_API_SECRET": KEY_SECRET,
}
SENDER = {"TOCSIN_TWILIO_FROM": "+15550001111"}


def read(env: dict[str, str]) -> Texting:
    """Read settings that lead to an account."""
    texting = Texting.from_env(env)
    assert texting is not None
    return texting


def test_without_credentials_there_is_no_provider() -> None:
    """The sandbox stands in where no account is named."""
    assert sms.made(SENDER) is None


def test_the_token_or_a_key_opens_the_account(tmp_path: Path) -> None:
    """Where there is a key the token is not used, and either may lie in a file."""
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    by_file = {
        "TOCSIN_TWILIO_ACCOUNT_SID": ACCOUNT,
        "TOCSIN_TWILIO_AUTH_TOKEN_FILE": str(file),
    }
    given = [read(env | SENDER) for env in (BY_TOKEN, by_file, BY_KEY, BY_KEY | BY_TOKEN)]
    assert [(ACCOUNT, TOKEN), (ACCOUNT, TOKEN), (KEY, KEY_SECRET), (KEY, KEY_SECRET)] == [
        (each.user, each.password) for each in given
    ]
    assert {(ACCOUNT, TWILIO_URL)} == {(each.account, each.url) for each in given}
    assert not [secret for secret in (TOKEN, KEY_SECRET) if secret in repr(given)]


@pytest.mark.parametrize(
    "sender",
    ["+436601234567", "12345", "whatsapp:+15550001111", "Tocsin", "R2 D2", "A&B-C_D+E"],
)
def test_every_kind_of_sender_is_taken(sender: str) -> None:
    """Numbers, short codes, names and numbers of WhatsApp can send."""
    assert (sender,) == read(BY_TOKEN | {"TOCSIN_TWILIO_FROM": f" {sender} "}).senders


def test_each_way_has_its_sender() -> None:
    """A text comes from a number, a message by WhatsApp from a number there."""
    texting = read(BY_TOKEN | {"TOCSIN_TWILIO_FROM": "Tocsin, whatsapp:+15550001111"})
    wanted = {
        "+43660123456": "Tocsin",
        "12345": "Tocsin",
        "whatsapp:+4366": "whatsapp:+15550001111",
    }
    assert wanted == {address: texting.sender(address) for address in wanted}
    service = read(BY_TOKEN | {"TOCSIN_TWILIO_MESSAGING_SERVICE": SERVICE})
    assert ("", SERVICE) == (service.sender("+43660123456"), service.service)


@pytest.mark.parametrize(
    "env",
    [
        {"TOCSIN_TWILIO_ACCOUNT_SID": ACCOUNT},
        {"TOCSIN_TWILIO_AUTH_TOKEN": HIDDEN},
        {"TOCSIN_TWILIO_API_KEY": KEY, "TOCSIN_TWILIO_API_SECRET": HIDDEN},
        BY_TOKEN | {"TOCSIN_TWILIO_ACCOUNT_SID": HIDDEN},
        BY_TOKEN | {"TOCSIN_TWILIO_ACCOUNT_SID": f"{ACCOUNT}/../x"},
        BY_TOKEN | {"TOCSIN_TWILIO_API_KEY": KEY},
        BY_TOKEN | {"TOCSIN_TWILIO_API_SECRET": HIDDEN},
        BY_KEY | {"TOCSIN_TWILIO_API_KEY": HIDDEN},
        BY_TOKEN | {"TOCSIN_TWILIO_FROM": ""},
        BY_TOKEN | {"TOCSIN_TWILIO_FROM": "+43 660 1234567"},
        BY_TOKEN | {"TOCSIN_TWILIO_FROM": "12"},
        BY_TOKEN | {"TOCSIN_TWILIO_FROM": "Tocsin Alerts"},
        BY_TOKEN | {"TOCSIN_TWILIO_FROM": "Töcsin"},
        BY_TOKEN | {"TOCSIN_TWILIO_FROM": "To\ncsin"},
        BY_TOKEN | {"TOCSIN_TWILIO_FROM": "whatsapp:15550001111"},
        BY_TOKEN | {"TOCSIN_TWILIO_FROM": "+15550001111,+15550002222"},
        BY_TOKEN | {"TOCSIN_TWILIO_MESSAGING_SERVICE": HIDDEN},
        BY_TOKEN | {"TOCSIN_TWILIO_URL": "api.twilio.com"},
        BY_TOKEN | {"TOCSIN_TWILIO_URL": "https://"},
        BY_TOKEN | {"TOCSIN_TWILIO_URL": "https://[half"},
        BY_TOKEN | {"TOCSIN_TWILIO_URL": "https://host:99999"},
        BY_TOKEN | {"TOCSIN_TWILIO_URL": "https://two words"},
        BY_TOKEN | {"TOCSIN_LINK_SECRET": "short"},
        {"TOCSIN_TWILIO_ACCOUNT_SID": ACCOUNT, "TOCSIN_TWILIO_AUTH_TOKEN_FILE": "/no/such/file"},
    ],
)
def test_settings_that_cannot_be_used_are_named(env: dict[str, str]) -> None:
    """The start ends with the name of the variable, and without what is secret in it."""
    with pytest.raises(ConfigurationError, match="TOCSIN_") as told:
        Texting.from_env(SENDER | env)
    assert HIDDEN not in str(told.value)
