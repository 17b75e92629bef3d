"""What FCM answers, and Google where it gives access tokens; and an account of ours at both."""

import json
from collections import Counter
from functools import cache

import orjson
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.fakes.receiver import Act, Receiver

PROJECT = "tocsin-test"
_FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
_BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"


@cache
def _key() -> str:
    """Make a key for the run."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return made.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def service_account(google: Receiver, **fields: object) -> str:
    """Give the text of an account whose access tokens come from this server."""
    account: dict[str, object] = {
        "type": "service_account",
        "project_id": PROJECT,
        "private_key_id": "k1",
        "private_key": _key(),
        "client_email": "push@tocsin-test.iam.example",
        "client_id": "1",
        "token_uri": google.url("/token"),
    }
    return json.dumps(account | fields)


def token(name: str = "ya29.one", *, expires_in: object = 3600) -> Act:
    """Give Google's answer to an account that it knows."""
    told = {"access_token": name, "expires_in": expires_in, "token_type": "Bearer"}
    return Act(200, body=orjson.dumps(told))


def no_token(status: int = 400, error: str = "invalid_grant") -> Act:
    """Give Google's answer to an account that it does not know."""
    told = {"error": error, "error_description": "Invalid JWT: push@tocsin-test.iam.example"}
    return Act(status, body=orjson.dumps(told))


def fcm_yes(name: str = "m1") -> Act:
    """Give FCM's answer to a message that it took."""
    return Act(200, body=orjson.dumps({"name": f"projects/{PROJECT}/messages/{name}"}))


def fcm_no(
    status: int, said: str, code: str = "", *, field: str = "", retry_after: str = ""
) -> Act:
    """Give FCM's answer to what it does not take: Google's word, and FCM's own code."""
    details: list[dict[str, object]] = []
    if code:
        details.append({"@type": _FCM_ERROR, "errorCode": code})
    if field:
        wrong = [{"field": field, "description": "phone-1 is no registration token"}]
        details.append({"@type": _BAD_REQUEST, "fieldViolations": wrong})
    error = {"code": status, "message": "phone-1 is wrong", "status": said, "details": details}
    headers = {"Retry-After": retry_after} if retry_after else {}
    return Act(status, headers=headers, body=orjson.dumps({"error": error}))


def fcm_ids(receiver: Receiver) -> Counter[str]:
    """Count messages by the delivery that they carry: more than one is a second call."""
    return Counter(
        orjson.loads(request.body)["message"]["data"]["tocsin_delivery"]
        for request in receiver.requests
    )
