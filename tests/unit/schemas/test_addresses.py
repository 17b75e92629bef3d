"""An address that nobody can be reached by is refused where it is written."""

import pytest

from schemas.addresses import address_fault


@pytest.mark.parametrize(
    ("channel", "address"),
    [
        ("email", "ann.o'hara+x@example.org"),
        ("sms", "+436601234567"),
        ("sms", "12345"),
        ("sms", "whatsapp:+436601234567"),
        ("push", "token-of-a-phone"),
        ("slack", "#ops"),
        ("slack", "C024BE91L"),
        ("slack", "https://hooks.example.org/T/B/x"),
        ("webhook", "https://example.org:8443/hook?x=1"),
        ("webhook", "http://127.0.0.1:8080/hook"),
    ],
)
def test_an_address_is_taken(channel: str, address: str) -> None:
    """What a provider can use has no fault."""
    assert "" == address_fault(channel, address)


@pytest.mark.parametrize(
    ("channel", "address"),
    [
        ("email", "ann"),
        ("email", "ann@example.org\r\nBcc: bob@example.org"),
        ("email", '"a\r\nBcc: x@y.z" <b@c.d>'),
        ("sms", "06601234567890123"),
        ("sms", "+43 660 1234567"),
        ("sms", "whatsapp:12345"),
        ("sms", "٤٥٦٧"),
        ("push", "two words"),
        ("push", ""),
        ("push", "x" * 4097),
        ("slack", "ops"),
        ("webhook", "http://example.org/hook"),
        ("webhook", "https://user:word@example.org/"),
        ("webhook", "https://example.org/a b"),
        ("webhook", "https://[::1/"),
        ("webhook", "ftp://example.org/"),
        ("webhook", "https://example.org/" + "x" * 2048),
    ],
)
def test_a_wrong_address_is_refused(channel: str, address: str) -> None:
    """It is told what would be right."""
    assert address_fault(channel, address)
