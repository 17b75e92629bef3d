"""The tokens of signed-in users: JWTs that say who somebody is, and until when."""

from collections.abc import Sequence
from dataclasses import dataclass

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from connectors.settings import Signing
from schemas.errors import ConfigurationError, Permanent
from schemas.keys import TENANT

AUDIENCE = "tocsin"
LEEWAY_S = 30  # clocks of two machines
LONGEST_TOKEN = 8192
LONGEST_SUBJECT = 512
_CLAIMS = ["exp", "aud", "sub", "tenant"]
_OPAQUE = "the token is not valid here"

_Key = str | RSAPublicKey | EllipticCurvePublicKey


class NotSignedIn(Permanent):
    """State that a token says nothing that can be believed, and why."""


@dataclass(frozen=True, slots=True)
class User:
    """Name who is signed in: a recipient of a tenant."""

    tenant: str
    recipient: str


class Tokens:
    """Believe the tokens of one signer, by one kind of key and its one algorithm.

    What a token says of its own algorithm never decides how it is checked.
    """

    def __init__(self, signing: Signing) -> None:
        self._key, self._algorithms = _key(signing)

    @property
    def can_be_checked(self) -> bool:
        """Say whether anybody can be signed in here."""
        return bool(self._algorithms)

    def user(self, token: str) -> User:
        """Say who a token stands for; NotSignedIn where it proves nothing."""
        if not self._algorithms:
            raise NotSignedIn("nobody can sign in here: no key for tokens is set")
        if len(token) > LONGEST_TOKEN:
            raise NotSignedIn(_OPAQUE)
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=self._algorithms,
                audience=AUDIENCE,
                leeway=LEEWAY_S,
                options={"require": _CLAIMS},
            )
        except jwt.ExpiredSignatureError as late:
            raise NotSignedIn("the token has expired; sign in again") from late
        except (jwt.PyJWTError, ValueError) as wrong:
            raise NotSignedIn(_OPAQUE) from wrong
        return _user(claims)


def _user(claims: dict[str, object]) -> User:
    recipient, tenant = claims["sub"], claims["tenant"]
    if not isinstance(recipient, str) or not 1 <= len(recipient) <= LONGEST_SUBJECT:
        raise NotSignedIn(_OPAQUE)
    if not isinstance(tenant, str) or not TENANT.fullmatch(tenant) or "\0" in recipient:
        raise NotSignedIn(_OPAQUE)
    return User(tenant, recipient)


def issued(secret: str, user: User, *, now_s: int, ttl_s: int) -> str:
    """Make a token by which a user is signed in for so many seconds."""
    claims = {
        "sub": user.recipient,
        "tenant": user.tenant,
        "aud": AUDIENCE,
        "iat": now_s,
        "exp": now_s + ttl_s,
    }
    return jwt.encode(claims, secret, algorithm="HS256")


def _key(signing: Signing) -> tuple[_Key, Sequence[str]]:
    if signing.secret:
        return signing.secret, ["HS256"]
    if not signing.public_key:
        return "", []
    try:
        key = load_pem_public_key(signing.public_key.encode())
    except (ValueError, UnsupportedAlgorithm) as wrong:
        raise ConfigurationError("TOCSIN_JWT_PUBLIC_KEY is no public key in PEM") from wrong
    if isinstance(key, RSAPublicKey):
        return key, ["RS256"]
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return key, ["ES256"]
    raise ConfigurationError("TOCSIN_JWT_PUBLIC_KEY must be an RSA key, or EC on P-256")
