"""Receivers can tell our webhooks from anybody else's, by the library that they use."""

import hmac
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from connectors.sinks.webhook import signing
from connectors.stores.endpoints import check_headers, new_secret, secret
from schemas.errors import Invalid

BODY = b'{"test": 2432232314}'
PUBLISHED = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_published_vector_comes_out() -> None:
    """The signature is the one that the specification publishes."""
    made = signing.signatures(
        BODY, [secret(PUBLISHED)], message="msg_p5jXN8AQM9LWM0D4loKWxJek", at_s=1614265330
    )
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_every_live_secret_signs() -> None:
    """While a secret is changed, a receiver that knows either of them verifies."""
    old, new, other = new_secret(), new_secret(), new_secret()
    at_s = int(datetime.now(UTC).timestamp())
    headers = {
        "webhook-id": "d-1",
        "webhook-timestamp": str(at_s),
        "webhook-signature": signing.signatures(
            BODY, [secret(new), secret(old)], message="d-1", at_s=at_s
        ),
    }
    for known in (old, new):
        assert {"test": 2432232314} == Webhook(known).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(other).verify(BODY, headers)


def test_a_secret_signs_no_longer_than_it_lives() -> None:
    """The old secret is out of use when the overlap is over."""
    old, new = secret(new_secret(), until=1000), secret(new_secret())
    assert [new, old] == signing.live([new, old], now=999)
    assert [new] == signing.live([new, old], now=1000)


def test_the_body_alone_is_signed_by_the_secret_that_is_known() -> None:
    """X-Webhook-Signature is by the secret's text; of two, by the older."""
    old, new = new_secret(), new_secret()
    expected = "sha256=" + hmac.new(old.encode(), BODY, sha256).hexdigest()
    assert expected == signing.body_signature(BODY, [secret(new), secret(old)])


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_c2hvcnQ=", "whsec_%%%", "x" * 200])
def test_weak_secrets_are_refused(text: str) -> None:
    """A secret that anybody could guess, or that no library reads, is never used."""
    with pytest.raises(Invalid):
        secret(text)


@pytest.mark.parametrize(
    "headers",
    [
        {"X-A": "a\r\nB: c"}, {"X-A\r\nB": "c"}, {"Host": "x"}, {"Content-Length": "3"},
        {"webhook-id": "x"}, {"X-Webhook-Signature": "x"}, {"X-A": ""}, {"X-A": "a\0"},
        {"X-A": "\u00e9"}, {"X A": "b"}, {"Transfer-Encoding": "chunked"}, {"X-A": "b" * 5000},
    ],
)  # fmt: skip
def test_headers_that_would_break_a_request_are_refused(headers: dict[str, str]) -> None:
    """No header of an endpoint can end a line, or stand for one of ours."""
    with pytest.raises(Invalid):
        check_headers(headers)


def test_plain_headers_are_taken() -> None:
    """An endpoint may ask for headers of its own."""
    check_headers({"Authorization": "Bearer abc", "X-Team": "payments and more"})
