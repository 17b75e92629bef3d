"""A token is believed only if it was signed as agreed, for us, and is still good."""

import base64
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from connectors.settings import Signing, signing
from connectors.tokens import LEEWAY_S, LONGEST_TOKEN, NotSignedIn, Tokens, User, issued
from schemas.errors import ConfigurationError

SECRET = "a secret of the tests, long enough"
FAR = 4_000_000_000  # in 2096
CLAIMS: dict[str, Any] = {"sub": "ann", "tenant": "default", "aud": "tocsin", "exp": FAR}
ANN = User("default", "ann")

Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def _signed(**claims: Any) -> str:
    said = {name: value for name, value in (CLAIMS | claims).items() if value is not None}
    return jwt.encode(said, SECRET, algorithm="HS256")


def _pem(key: Private) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _private(key: Private) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def test_a_token_that_was_issued_says_who_somebody_is() -> None:
    """What the operator's command makes is believed."""
    token = issued(SECRET, ANN, now_s=1_700_000_000, ttl_s=FAR - 1_700_000_000)
    assert ANN == Tokens(Signing(SECRET)).user(token)


@pytest.mark.parametrize(
    "token",
    [
        _signed(exp=1_700_000_000),
        _signed(aud="another"),
        _signed(aud=None),
        _signed(exp=None),
        _signed(sub=None),
        _signed(sub=""),
        _signed(tenant=None),
        _signed(tenant="Not A Tenant"),
        _signed(tenant=7),
        _signed(nbf=FAR - LEEWAY_S - 60),
        _signed(sub="a\0b"),
        _signed(sub="x" * 600),
        _signed(more="x" * LONGEST_TOKEN),
        jwt.encode(CLAIMS, SECRET[::-1], algorithm="HS256"),
        jwt.encode(CLAIMS, SECRET * 2, algorithm="HS512"),
        jwt.encode(CLAIMS, "", algorithm="none"),
        _signed() + "x",
        "ey",
        "",
        "a.b.c",
    ],
)
def test_anything_else_is_not_believed(token: str) -> None:
    """Expired, for others, unsigned, signed otherwise or about nobody: refused."""
    with pytest.raises(NotSignedIn):
        Tokens(Signing(SECRET)).user(token)


def test_an_expired_token_says_so() -> None:
    """A person learns to sign in again."""
    with pytest.raises(NotSignedIn, match="expired"):
        Tokens(Signing(SECRET)).user(_signed(exp=1_700_000_000))


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (rsa.generate_private_key(65537, 2048), "RS256"),
        (ec.generate_private_key(ec.SECP256R1()), "ES256"),
    ],
    ids=["RS256", "ES256"],
)
def test_a_public_key_checks_its_own_algorithm(key: Private, algorithm: str) -> None:
    """Neither an unsigned token nor one signed with the public key as a secret gets in."""
    pem = _pem(key)
    tokens = Tokens(signing({"TOCSIN_JWT_PUBLIC_KEY": pem.replace("\n", "\\n")}))
    assert ANN == tokens.user(jwt.encode(CLAIMS, _private(key), algorithm=algorithm))
    head = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    body = base64.urlsafe_b64encode(json.dumps(CLAIMS).encode())
    signed = b".".join((head.rstrip(b"="), body.rstrip(b"=")))
    mark = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(
        signed, pem.encode()
    )
    confused = (signed + b"." + base64.urlsafe_b64encode(mark).rstrip(b"=")).decode()
    for token in (confused, jwt.encode(CLAIMS, "", algorithm="none"), _signed()):
        with pytest.raises(NotSignedIn):
            tokens.user(token)


def test_without_a_key_nobody_is_signed_in() -> None:
    """No setting means no person, never everybody."""
    with pytest.raises(NotSignedIn, match="no key"):
        Tokens(Signing()).user(_signed())


@pytest.mark.parametrize(
    "env",
    [
        {"TOCSIN_JWT_SECRET": "short"},
        {"TOCSIN_JWT_SECRET": SECRET, "TOCSIN_JWT_PUBLIC_KEY": "x"},
        {"TOCSIN_JWT_PUBLIC_KEY": "x"},
        {"TOCSIN_JWT_PUBLIC_KEY": _pem(ec.generate_private_key(ec.SECP384R1()))},
    ],
)
def test_a_key_that_cannot_be_used_stops_the_start(env: dict[str, str]) -> None:
    """The sentence names the variable."""
    with pytest.raises(ConfigurationError, match="TOCSIN_JWT_"):
        Tokens(signing(env))
