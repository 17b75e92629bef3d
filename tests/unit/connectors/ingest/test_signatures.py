"""Signatures: every published vector is judged as its vendor judges it."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from connectors.ingest.signatures import Signed, verify

FILE = Path(os.environ.get("TOCSIN_VECTORS", "../shared/vectors.json"))
STYLES = {
    "slack-v0": "slack",
    "twilio-form": "sms",
    "twilio-body-sha256": "sms",
    "standard-webhooks": "webhook",
    "github-sha256": "webhook",
}
VECTORS: list[dict[str, Any]] = (
    [v for v in json.loads(FILE.read_text())["vectors"] if v["scheme"] in STYLES]
    if FILE.exists()
    else []
)
TOLERANCE_S = 300


def signed(vector: dict[str, Any]) -> Signed:
    """Make of a vector what ingest would make of the request."""
    params = vector.get("params")
    form = {
        name: value if isinstance(value, list) else [value]
        for name, value in (params or {}).items()
    }
    return Signed(
        body=vector.get("body", "").encode(),
        headers={name.lower(): value for name, value in vector["headers"].items()},
        now=vector.get("now", 0),
        urls=(vector["url"],) if "url" in vector else (),
        form=None if params is None else form,
    )


@pytest.mark.skipif(not VECTORS, reason=f"no vectors in {FILE}")
@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["id"]))
def test_published_vectors(vector: dict[str, Any]) -> None:
    """A vector is verified exactly where it is valid."""
    verdict = verify(
        STYLES[vector["scheme"]],
        signed(vector),
        secrets=vector["secret"],
        tolerance_s=TOLERANCE_S,
    )
    assert (vector["expect"] == "valid") is verdict.verified


@pytest.mark.skipif(not VECTORS, reason=f"no vectors in {FILE}")
@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["id"]))
def test_changing_a_secret(vector: dict[str, Any]) -> None:
    """While a secret is changed, the old and the new one are good."""
    verdict = verify(
        STYLES[vector["scheme"]],
        signed(vector),
        secrets=f"not this one\n{vector['secret']}",
        tolerance_s=TOLERANCE_S,
    )
    assert (vector["expect"] == "valid") is verdict.verified


@pytest.mark.parametrize("style", ["slack", "sms", "webhook", "alertmanager", "email"])
@pytest.mark.parametrize("junk", ["", "v0=", "v1,", "\u00e9", "\0", "9" * 5000, "sha256=zz"])
def test_junk_is_not_verified(style: str, junk: str) -> None:
    """Whatever stands in the headers, it is "not verified" and never an error."""
    names = (
        "x-slack-request-timestamp",
        "x-slack-signature",
        "x-twilio-signature",
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
        "x-hub-signature-256",
    )
    given = Signed(
        body=b"{}", headers=dict.fromkeys(names, junk), now=0, urls=("http://[bad", "http://x:y/")
    )
    assert not verify(style, given, secrets="secret", tolerance_s=TOLERANCE_S).verified
