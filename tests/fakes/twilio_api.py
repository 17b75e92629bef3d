"""What Twilio's API for messages says to a request, right or wrong, for a `Receiver` to say."""

import base64
from collections import Counter
from urllib.parse import parse_qs

import orjson

from schemas import links
from schemas.links import Receipt
from tests.fakes.receiver import Act, Receiver, Request

ACCOUNT = "AC" + "0a" * 16
TOKEN = "the token of the account"
KEY = "SK" + "0b" * 16
KEY_SECRET = "the secret of the key"
SERVICE = "MG" + "0c" * 16
LINK_SECRET = "a secret of some length"
PATH = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"


def answer(request: Request) -> Act:
    """Take what is asked as Twilio would have it asked, and refuse anything else in its words."""
    form = fields(request)
    if ("POST", PATH) != (request.method, request.path):
        return no(404, 20404)
    if request.headers.get("authorization", "") not in _GOOD:
        return no(401, 20003)
    if "application/x-www-form-urlencoded" != request.headers.get("content-type"):
        return no(415, 20415)
    for name, code in (("To", 21604), ("Body", 21602)):
        if not form.get(name):
            return no(400, code)
    if not form.get("From") and not form.get("MessagingServiceSid"):
        return no(400, 21603)
    if len(form["Body"]) > 1600:
        return no(400, 21617)
    if not 1 <= int(form.get("ValidityPeriod", "36000")) <= 36_000:
        return no(400, 21624)
    return yes(f"SM{form['To'][-4:]:0>32}", to=form["To"], body=form["Body"])


def yes(sid: str, *, to: str = "+436601234567", body: str = "") -> Act:
    """Give the answer to a message that is taken."""
    message = {
        "account_sid": ACCOUNT,
        "api_version": "2010-04-01",
        "body": body,
        "date_created": "Sun, 29 Nov 2026 01:02:03 +0000",
        "date_sent": None,
        "date_updated": "Sun, 29 Nov 2026 01:02:03 +0000",
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": "+15550001111",
        "messaging_service_sid": None,
        "num_media": "0",
        "num_segments": "1",
        "price": None,
        "price_unit": "USD",
        "sid": sid,
        "status": "queued",
        "subresource_uris": {"media": f"{PATH[:-5]}/{sid}/Media.json"},
        "to": to,
        "uri": f"{PATH[:-5]}/{sid}.json",
    }
    return Act(201, headers=_JSON, body=orjson.dumps(message))


def no(status: int, code: int, **headers: str) -> Act:
    """Give the answer to what is not taken; like Twilio's, its words hold the number."""
    said = {
        "code": code,
        "message": "The 'To' number +436601234567 is not what it should be.",
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Act(status, headers=_JSON | named, body=orjson.dumps(said))


def problem(status: int, code: int) -> Act:
    """Give the same in the form of RFC 9457, which Twilio's newer services use."""
    said = {
        "type": f"https://www.twilio.com/docs/api/errors/{code}",
        "title": "Not for +436601234567",
        "status": status,
        "code": code,
    }
    named = {"Content-Type": "application/problem+json"}
    return Act(status, headers=named, body=orjson.dumps(said))


def fields(request: Request) -> dict[str, str]:
    """Give the form that was sent."""
    read = parse_qs(request.body.decode(), keep_blank_values=True, encoding="utf-8")
    return {name: values[0] for name, values in read.items()}


def receipt(request: Request) -> Receipt | None:
    """Give the attempt that the address for receipts names."""
    token = fields(request).get("StatusCallback", "").rpartition("/")[2]
    return links.read(Receipt, token, secret=LINK_SECRET)


def ids(receiver: Receiver) -> Counter[str]:
    """Count texts by the delivery that they carry: more than one is a second call."""
    found = [receipt(request) for request in receiver.requests]
    return Counter(each.delivery if each else "" for each in found)


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


_JSON = {"Content-Type": "application/json"}
_GOOD = {_basic(ACCOUNT, TOKEN), _basic(KEY, KEY_SECRET)}
