"""Check that a sender signed what we read.

Every check is over the bytes as they came, in constant time, and answers "not verified" to
whatever it cannot make sense of.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit, urlunsplit


@dataclass(frozen=True, slots=True)
class Signed:
    """Hold what a signature is made over; header names are lower case, `now` is in seconds.

    `urls` are the addresses that the sender may have called, as proxies may hide the true one.
    """

    body: bytes
    headers: Mapping[str, str]
    now: float
    urls: tuple[str, ...] = ()
    form: Mapping[str, list[str]] | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Say whether it is signed; `once` names the signature where it must not come again."""

    verified: bool
    once: str = ""


NO = Verdict(verified=False)


def verify(style: str, signed: Signed, *, secrets: str, tolerance_s: int) -> Verdict:
    """Check against each of the secrets, one a line, so that a secret can be changed in peace."""
    for secret in filter(None, (line.strip() for line in secrets.split("\n"))):
        try:
            verdict = _check(style, signed, secret, tolerance_s)
        except Exception:  # noqa: BLE001 - whatever a forged header breaks, it is not verified
            verdict = NO
        if verdict.verified:
            return verdict
    return NO


def _check(style: str, signed: Signed, secret: str, tolerance_s: int) -> Verdict:
    if style == "slack":
        return slack(signed, secret, tolerance_s)
    if style == "sms":
        return Verdict(twilio(signed, secret))
    if "webhook-signature" in signed.headers:
        return standard_webhook(signed, secret, tolerance_s)
    return Verdict(sha256(signed, secret))


def slack(signed: Signed, secret: str, tolerance_s: int) -> Verdict:
    """Check Slack's v0 scheme."""
    at = signed.headers["x-slack-request-timestamp"]
    given = signed.headers["x-slack-signature"]
    if abs(signed.now - _whole(at)) > tolerance_s:
        return NO
    ours = "v0=" + _hex(secret.encode(), b"v0:" + at.encode() + b":" + signed.body)
    return Verdict(_same(ours, given), once=f"slack:{given}")


def standard_webhook(signed: Signed, secret: str, tolerance_s: int) -> Verdict:
    """Check the Standard Webhooks scheme, version v1; any of several signatures is enough."""
    message, at = signed.headers["webhook-id"], signed.headers["webhook-timestamp"]
    if not message or abs(signed.now - _whole(at)) > tolerance_s:
        return NO
    key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    content = f"{message}.{at}.".encode() + signed.body
    ours = base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
    verified = False
    for each in signed.headers["webhook-signature"].split()[:16]:
        version, _, given = each.partition(",")
        verified |= version == "v1" and _same(ours, given)
    return Verdict(verified, once=f"standard:{message}:{at}")


def sha256(signed: Signed, secret: str) -> bool:
    """Check `sha256=<hex>`, as GitHub and many after it sign; it bears no time."""
    given = signed.headers.get("x-hub-signature-256") or signed.headers["x-webhook-signature"]
    return _same("sha256=" + _hex(secret.encode(), signed.body), given)


def twilio(signed: Signed, secret: str) -> bool:
    """Check Twilio's scheme, for forms and for bodies whose hash stands in the address."""
    given = signed.headers["x-twilio-signature"]
    fields = ""
    if signed.form is not None:
        fields = "".join(
            name + value for name in sorted(signed.form) for value in sorted(set(signed.form[name]))
        )
    verified = False
    for url in _as_signed(signed.urls):
        if signed.form is None and not _body_matches(url, signed.body):
            continue
        mac = hmac.digest(secret.encode(), (url + fields).encode(), hashlib.sha1)
        verified |= _same(base64.b64encode(mac).decode(), given)
    return verified


def _body_matches(url: str, body: bytes) -> bool:
    told = parse_qs(urlsplit(url).query).get("bodySHA256", [""])[0]
    return _same(hashlib.sha256(body).hexdigest(), told)


def _as_signed(urls: tuple[str, ...]) -> Iterator[str]:
    """Give the ways in which Twilio may have written an address: its port, and its quotes."""
    for url in urls:
        parts = urlsplit(url)
        netloc = parts.netloc
        userinfo, at, host = netloc.rpartition("@")
        bare = host.rpartition(":")[0] if parts.port else host
        port = parts.port or (443 if parts.scheme == "https" else 80)
        for place in dict.fromkeys((host, bare, f"{bare}:{port}")):
            query = parts.query
            for asked in dict.fromkeys((query, query.replace("'", "%27"))):
                yield urlunsplit(parts._replace(netloc=userinfo + at + place, query=asked))


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 16):
        raise ValueError("not a timestamp")
    return int(text)


def _hex(key: bytes, content: bytes) -> str:
    return hmac.digest(key, content, hashlib.sha256).hex()


def _same(ours: str, given: str) -> bool:
    return hmac.compare_digest(ours.encode(), given.encode())
