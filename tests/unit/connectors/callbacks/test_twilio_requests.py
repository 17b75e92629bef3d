"""Twilio's requests: a vector is believed exactly where Twilio would sign it."""

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from connectors.callbacks.twilio_requests import FORM, fields, verified
from connectors.problems import Problem
from tests.callbacks import PUBLIC_URL, TWILIO_TOKEN, twilio_post

FILE = Path(os.environ.get("TOCSIN_VECTORS", "../shared/vectors.json"))
VECTORS: list[dict[str, Any]] = (
    [
        v
        for v in json.loads(FILE.read_text())["vectors"]
        if v["scheme"] in {"twilio-form", "twilio-body-sha256"}
    ]
    if FILE.exists()
    else []
)


def believed(vector: dict[str, Any], *tokens: str) -> bool:
    """Take a vector's request apart and check it as the routes do."""
    params = vector.get("params")
    if params is None:
        body, kind = vector["body"].encode(), "application/json"
    else:
        body, kind = urlencode(params, doseq=True).encode(), FORM
    return verified(
        fields(body, content_type=kind, most=1000),
        vector["headers"]["X-Twilio-Signature"],
        urls=[vector["url"]],
        tokens=tokens,
    )


@pytest.mark.skipif(not VECTORS, reason=f"no vectors in {FILE}")
@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["id"]))
def test_published_vectors(vector: dict[str, Any]) -> None:
    """A vector is verified exactly where it is valid, also beside another token."""
    assert (vector["expect"] == "valid") is believed(vector, "not this one", vector["secret"])
    assert not believed(vector, "not this one")
    assert not believed(vector)


@pytest.mark.parametrize("signature", ["", "é", "\0", "=" * 5000, "RSOYDt4T1cUTdK1PDd93/VVr8B8="])
@pytest.mark.parametrize("url", ["", "http://[", "https://x:99999/", PUBLIC_URL])
def test_junk_is_not_verified(signature: str, url: str) -> None:
    """Whatever is signed or called, it is "not verified" and never an error."""
    for kind in (FORM, "application/json", ""):
        given = fields(b"a=1&a=2&b=%ff", content_type=kind, most=1000)
        assert not verified(given, signature, urls=[url], tokens=[TWILIO_TOKEN])


def test_a_form_signed_for_another_address_is_not_verified() -> None:
    """What Twilio sent to one address cannot be sent on to another."""
    body, headers = twilio_post("/callbacks/twilio/inbound", {"Body": "ACK"})
    given = fields(body, content_type=FORM, most=1000)
    signature = headers["x-twilio-signature"]
    urls = [f"{PUBLIC_URL}/callbacks/twilio/inbound"]
    assert verified(given, signature, urls=urls, tokens=[TWILIO_TOKEN])
    assert not verified(given, signature, urls=[f"{urls[0]}/x"], tokens=[TWILIO_TOKEN])


def test_a_form_has_no_endless_fields() -> None:
    """A form of more fields than anybody needs is refused before it is looked through."""
    with pytest.raises(Problem, match="at most 10 fields"):
        fields(b"a=&" * 11, content_type=FORM, most=10)
