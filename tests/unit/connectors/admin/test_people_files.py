"""People, their wishes and types of notification from files are taken right, or refused."""

from pathlib import Path

import pytest

from connectors.admin.control_files import load
from schemas.errors import ConfigurationError
from schemas.notification import NotificationType, Preference, Recipient
from tests.builders import NOON


def _load(tmp_path: Path, text: str) -> list[object]:
    file = tmp_path / "people.yaml"
    file.write_text(text)
    return list(load([file], now=NOON).records)


def test_a_recipient_is_read(tmp_path: Path) -> None:
    """One address needs no list, and the order of several is kept."""
    text = """
recipients:
  - id: ann@example.org
    addresses: {email: ann@example.org, push: [b, a], sms: "+436601234567"}
    locale: de-AT
    zone: Europe/Vienna
    limits: {sms: 10/d}
"""
    addresses = {"email": ["ann@example.org"], "push": ["b", "a"], "sms": ["+436601234567"]}
    ann = Recipient(
        id="ann@example.org",
        addresses=addresses,
        locale="de-AT",
        zone="Europe/Vienna",
        limits={"sms": "10/d"},
    )
    assert [ann] == _load(tmp_path, text)


def test_a_preference_is_read(tmp_path: Path) -> None:
    """Choices may be nested or flat, and an unquoted time is understood as it was meant."""
    text = """
preferences:
  - id: ann
    enabled: {marketing: {email: false, "*": true}, "*/sms": false}
    quiet_from: 22:00
    quiet_to: 7:30
"""
    enabled = {"marketing/email": False, "marketing/*": True, "*/sms": False}
    ann = Preference(id="ann", enabled=enabled, quiet_from="22:00", quiet_to="07:30")
    assert [ann] == _load(tmp_path, text)


def test_a_type_is_read(tmp_path: Path) -> None:
    """Spans may be written as people say them, and * is a type."""
    text = "types:\n  - {id: '*', channels: [email], excess: delay, expires_s: 1d}\n"
    everything = NotificationType(id="*", channels=["email"], excess="delay", expires_s=86_400)
    assert [everything] == _load(tmp_path, text)


@pytest.mark.parametrize(
    "address",
    [
        "{webhook: 'https://example.org/a?b=c'}",
        "{webhook: 'http://127.0.0.1:8080/hook'}",
        "{webhook: 'http://localhost/hook'}",
        "{slack: 'https://hooks.slack.example/services/a'}",
        "{slack: '#on-call'}",
        "{slack: C0123456789}",
        "{sms: '33344'}",
        "{email: 'jörg@exämple.org'}",
    ],
)
def test_an_address_that_can_be_used_is_taken(tmp_path: Path, address: str) -> None:
    """What a provider would take is not refused."""
    assert 1 == len(_load(tmp_path, f"recipients:\n  - id: a\n    addresses: {address}\n"))


@pytest.mark.parametrize(
    ("section", "entry", "line", "said"),
    [
        ("recipients", "addresses: {fax: '1'}", 3, "addresses.fax: 'fax' is none of email, sms"),
        ("recipients", "addresses: {email: 'a@b@c'}", 3, "is no e-mail address"),
        ("recipients", "addresses: {email: 'A <a@example.org>'}", 3, "is no e-mail address"),
        (
            "recipients",
            'addresses: {email: "a@example.org\\r\\nBcc: b@example.org"}',
            3,
            "no e-mail",
        ),
        ("recipients", "addresses: {sms: +436601234567}", 3, "put numbers in quotes"),
        ("recipients", "addresses: {sms: '0660 1234'}", 3, "is no phone number"),
        ("recipients", "addresses:\n      email: a@example.org\n      sms: '0'", 5, "no phone"),
        ("recipients", "addresses: {webhook: 'http://example.org'}", 3, "must begin with https"),
        ("recipients", "addresses: {webhook: 'http://127.0.0.1.example.org'}", 3, "https://"),
        ("recipients", "addresses: {webhook: 'https://u:p@example.org'}", 3, "no user or password"),
        ("recipients", "addresses: {webhook: 'https://a b'}", 3, "a URL has no blanks"),
        ("recipients", "addresses: {webhook: 'https://[::1'}", 3, "is no URL"),
        ("recipients", "addresses: {slack: 'on call'}", 3, "addresses.slack: a URL has no blanks"),
        ("recipients", "addresses: {push: ['a', 'b c']}", 3, "addresses.push[1]: a push token"),
        ("recipients", "addresses: [a]", 3, "addresses: expected `object`"),
        ("recipients", "zone: Europe/Viena", 3, "is no time zone"),
        ("recipients", "zone: ../../etc/passwd", 3, "is no time zone"),
        ("recipients", "locale: deutsch und so", 3, "is no locale"),
        ("recipients", "limits: {sms: 5 a day}", 3, "limits.sms: '5 a day' is no rate"),
        ("preferences", "enabled: {alert: true}", 3, "is not type/channel"),
        ("preferences", "enabled: {alert/fax: true}", 3, "'fax' is none of email"),
        ("preferences", "enabled: {alert/sms: maybe}", 3, "expected `bool`"),
        ("preferences", "quiet_from: '25:00'\n    quiet_to: '07:00'", 3, "is no time of day"),
        ("preferences", "quiet_from: '22:00'", 3, "have a beginning and an end"),
        ("preferences", "quiet_from: '22:00'\n    quiet_to: '22:00'", 4, "leave both out"),
        ("preferences", "zone: Nowhere", 3, "is no time zone"),
        ("types", "excess: throw", 3, "'throw' is none of digest, delay, drop"),
        ("types", "quiet_hours: maybe", 3, "'maybe' is none of hold, pass"),
        ("types", "channels: [fax]", 3, "channels: 'fax' is none of email"),
        ("types", "limits: {sms: 5}", 3, "limits"),
        ("types", "expires_s: -5", 3, "is not negative"),
        ("types", "digest_s: 25h", 3, "is within 0 and 86400 seconds, a day"),
        ("recipients", "adresses: {}", 3, "did you mean 'addresses'?"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(
    tmp_path: Path, section: str, entry: str, line: int, said: str
) -> None:
    """A file that cannot be obeyed is refused with the place and the reason."""
    with pytest.raises(ConfigurationError) as refused:
        _load(tmp_path, f"{section}:\n  - id: a\n    {entry}\n")
    assert f"people.yaml:{line}: {section}[a]." in str(refused.value)
    assert said in str(refused.value)
