"""Payloads as real senders write them never break a reader; skipped where there are none."""

import os
from pathlib import Path

import pytest

from schemas import codec
from schemas.errors import Invalid, Undecodable
from schemas.fingerprint import fingerprint
from schemas.normalise import normalised
from schemas.records import RawAlert

BESIDE = Path(__file__).parents[4] / "shared" / "corpus"
CORPUS = Path(os.environ.get("TOCSIN_CORPUS", str(BESIDE)))
FILES = sorted(path for path in CORPUS.rglob("*") if path.is_file()) if CORPUS.is_dir() else []

pytestmark = pytest.mark.skipif(not FILES, reason="no corpus: set TOCSIN_CORPUS")


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_real_payload_has_an_identity_or_is_refused(path: Path) -> None:
    """Whatever is put into the topic is taken with an identity, or refused with a reason."""
    raw = path.read_bytes()
    form = normalised(raw.decode("utf-8", "replace"))

    assert form == normalised(form)
    try:
        identity = fingerprint(codec.decode(RawAlert, raw))
    except (Undecodable, Invalid) as error:
        identity = str(error)
    assert identity
