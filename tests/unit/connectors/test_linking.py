"""Settings of what leads back to us: used as they are meant, or named where they cannot be."""

from pathlib import Path

import pytest

from connectors.linking import Linking, Receiving
from schemas.errors import ConfigurationError
from tests.callbacks import SECRET, SendGridSigner

KEY = SendGridSigner().public


def test_links_need_an_address_and_a_secret(tmp_path: Path) -> None:
    """Only with both can an address of ours stand in a message."""
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n")
    both = {"TOCSIN_PUBLIC_URL": "https://t.example/", "TOCSIN_LINK_SECRET_FILE": str(file)}
    found = Linking.from_env(both)
    assert (Linking("https://t.example", SECRET), True) == (found, found.usable)
    for name, value in both.items():
        assert not Linking.from_env({name: value}).usable


def test_no_secret_is_shown() -> None:
    """Settings that are printed tell no secret."""
    shown = repr(Linking("https://t.example", SECRET)) + repr(Receiving(twilio_tokens=("12345",)))
    assert SECRET not in shown
    assert "12345" not in shown


def test_several_keys_may_be_valid_at_once() -> None:
    """While a key is changed the old and the new one are good."""
    other = SendGridSigner().public
    env = {"TOCSIN_SENDGRID_VERIFICATION_KEY": f"{KEY}, {other}"}
    assert (KEY, other) == Receiving.from_env(env).sendgrid_keys


def test_twilio_signs_with_what_it_is_asked_with() -> None:
    """The token that messages are sent with checks receipts, unless others are named."""
    env = {"TOCSIN_TWILIO_AUTH_TOKEN": "sends"}
    assert ("sends",) == Receiving.from_env(env).twilio_tokens
    env["TOCSIN_TWILIO_VERIFICATION_TOKEN"] = "old,new"
    assert ("old", "new") == Receiving.from_env(env).twilio_tokens
    assert () == Receiving.from_env({}).twilio_tokens


def _read(env: dict[str, str]) -> tuple[Linking, Receiving]:
    return Linking.from_env(env), Receiving.from_env(env)


@pytest.mark.parametrize(
    "env",
    [
        {"TOCSIN_LINK_SECRET": "hidden"},
        {"TOCSIN_LINK_SECRET_FILE": "/no/such/hidden"},
        {"TOCSIN_SENDGRID_VERIFICATION_KEY": "hidden"},
        {"TOCSIN_SENDGRID_VERIFICATION_KEY": f"{KEY},{KEY[:-8]}"},
    ],
)
def test_what_cannot_be_used_is_named(env: dict[str, str]) -> None:
    """The start ends with the name of the variable, and without what is secret in it."""
    with pytest.raises(ConfigurationError, match=next(iter(env))) as told:
        _read(env)
    assert "hidden" not in str(told.value)
