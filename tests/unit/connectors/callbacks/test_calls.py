"""The routes let in what is signed, as published vectors have it, and answer nothing with a 5xx."""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.callbacks.app import routes
from connectors.linking import Linking, Receiving
from connectors.parts import made
from connectors.settings import Settings, Stores
from schemas.cluster import Cluster
from tests.callbacks import PUBLIC_URL, SECRET, SENDGRID_EVENTS, TWILIO_TOKEN, SendGridSigner

FILE = Path(os.environ.get("TOCSIN_VECTORS", "../shared/vectors.json"))
VECTORS: list[dict[str, Any]] = json.loads(FILE.read_text())["vectors"] if FILE.exists() else []
SENDGRID = [v for v in VECTORS if v["scheme"] == "sendgrid-ecdsa"]
TWILIO = [v for v in VECTORS if v["scheme"].startswith("twilio")]
SIGNED_AT = 1_600_112_502
SIGNER = SendGridSigner()


@asynccontextmanager
async def serving(*, now: float = SIGNED_AT, **receiving: Any) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of the routes alone; nothing behind them is there."""
    parts = made(
        Settings(
            cluster=Cluster("127.0.0.1:1"),
            stores=Stores(database_url="postgresql://127.0.0.1:1/x"),
            linking=Linking(PUBLIC_URL, SECRET),
            receiving=Receiving(**receiving),
        )
    )
    app = FastAPI()
    app.include_router(routes(parts, now=lambda: now))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://inside") as client:
        yield client


@pytest.mark.skipif(not SENDGRID, reason=f"no vectors in {FILE}")
@pytest.mark.parametrize("vector", SENDGRID, ids=lambda vector: str(vector["id"]))
async def test_sendgrid_vectors(vector: dict[str, Any]) -> None:
    """A valid vector is taken, though it is about no mail of ours; any other is a 401."""
    body, headers = vector["body"].encode(), vector["headers"]
    async with serving(sendgrid_keys=(SIGNER.public, vector["public_key"])) as client:
        answer = await client.post(SENDGRID_EVENTS, content=body, headers=headers)
    if vector["expect"] == "valid":
        assert (200, {"foreign": 1}) == (answer.status_code, answer.json())
    else:
        assert 401 == answer.status_code


@pytest.mark.skipif(not TWILIO, reason=f"no vectors in {FILE}")
@pytest.mark.parametrize("vector", TWILIO, ids=lambda vector: str(vector["id"]))
@pytest.mark.parametrize("path", ["/callbacks/twilio/inbound", "/callbacks/twilio/status/x"])
async def test_twilio_vectors_of_other_addresses(vector: dict[str, Any], path: str) -> None:
    """What Twilio signed for another address, well or not, is a 401 at ours."""
    params = vector.get("params")
    body = vector["body"] if params is None else urlencode(params, doseq=True)
    kind = "application/json" if params is None else "application/x-www-form-urlencoded"
    headers = {"Content-Type": kind} | vector["headers"]
    async with serving(twilio_tokens=(vector["secret"],)) as client:
        answer = await client.post(path, content=body.encode(), headers=headers)
    assert 401 == answer.status_code


@pytest.mark.parametrize(
    "path", [SENDGRID_EVENTS, "/callbacks/twilio/inbound", "/callbacks/twilio/status/x"]
)
async def test_without_a_key_nobody_is_let_in(path: str) -> None:
    """A house that set no keys takes nothing, rather than everything."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    async with serving() as client:
        for content, headers in ((b"[]", SIGNER.headers(b"[]", at=SIGNED_AT)), (b"a=b", form)):
            answer = await client.post(path, content=content, headers=headers)
            assert 401 == answer.status_code


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.sampled_from([SENDGRID_EVENTS, "/callbacks/twilio/inbound", "/callbacks/twilio/status/x?'"]),
    st.binary(max_size=60),
    st.sampled_from(["", "application/json", "application/x-www-form-urlencoded; charset=x"]),
    st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=60),
)
async def test_no_forgery_is_an_error_of_ours(
    path: str, body: bytes, kind: str, signature: str
) -> None:
    """Whatever comes unsigned is refused with a 4xx."""
    headers = [
        (b"content-type", kind.encode()),
        *(
            (name, signature.encode("latin-1"))
            for name in (
                b"x-twilio-signature",
                b"x-twilio-email-event-webhook-signature",
                b"x-twilio-email-event-webhook-timestamp",
                b"content-encoding",
            )
        ),
    ]
    async with serving(sendgrid_keys=(SIGNER.public,), twilio_tokens=(TWILIO_TOKEN,)) as client:
        answer = await client.post(path, content=body, headers=headers)
    assert 400 <= answer.status_code < 500
