"""Slack's answers: which word of the Web API, and which status of a hook, means what. Pure.

The words are those of Slack's lists of errors; a word that is in none of these is final.
"""

import re
from dataclasses import dataclass
from typing import TypeAlias

import msgspec
from msgspec import Struct

from connectors.sinks import retry
from connectors.sinks.sink import Later, Refused, Sent, Unknown
from schemas.reasons import AddressKind, Reason

# The token, its rights, the workspace: nothing is wrong with this message, and the next has no
# other fate, so it waits until somebody looks.
ACCOUNT = frozenset(
    {
        "access_denied", "accesslimited", "account_inactive", "ekm_access_denied",
        "enterprise_is_restricted", "invalid_auth", "missing_scope", "no_permission",
        "not_allowed_token_type", "not_authed", "org_login_required", "team_access_not_granted",
        "team_added_to_org", "token_expired", "token_revoked", "two_factor_setup_required",
    }
)  # fmt: skip
LIMITS = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
AGAIN = frozenset({"external_channel_migrating", "request_timeout", "service_unavailable"})
# Slack says of these that a part of the work may have been done.
UNKNOWN = frozenset({"fatal_error", "internal_error"})
# `channel_not_found` is not among them: Slack says it of a private channel, too, to whose members
# we do not belong yet, and an address that is gone stays so.
GONE = frozenset({"is_archived", "user_not_found"})
# It knows the delivery's id from an earlier attempt. Slack does not document that it looks.
TWICE = frozenset({"duplicate_client_msg_id", "duplicate_message"})
# The message that was to be updated, or answered to, is not there any more.
LOST = frozenset({"channel_not_found", "message_not_found", "thread_not_found"})

_HOOK_GONE = frozenset({404, 410})
_ACCOUNT_STATUS = frozenset({401, 403})
_WORD = re.compile(r"[a-z_]{1,60}")


class Posted(Struct, frozen=True):
    """Hold what Slack says of a message that it took."""

    thread_ts: str = ""


class Reply(Struct, frozen=True):
    """Hold an answer of the Web API, as Slack gives it."""

    ok: bool = False
    error: str = ""
    channel: str = ""
    ts: str = ""
    message: Posted | None = None

    @property
    def is_alone(self) -> bool:
        """Say whether a message that was to go into a thread stands in the channel itself."""
        return self.message is not None and not self.message.thread_ts


@dataclass(frozen=True, slots=True)
class Lost:
    """Say that a message that was spoken of is not there, and what that means for a new one."""

    refused: Refused


Outcome: TypeAlias = Reply | Lost | Sent | Later | Unknown | Refused


def of_body(body: bytes, *, retry_after: str, now: float) -> Outcome:
    """Say what came with a status of 200; a Reply is an ok."""
    try:
        reply = msgspec.json.decode(body, type=Reply)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Unknown("HTTP 200 without an answer of Slack's")
    if reply.ok:
        return reply
    word = reply.error
    why = f"Slack says {word}" if _WORD.fullmatch(word) else "Slack says no"
    if word in LIMITS:
        after_s = retry.retry_after_s(retry_after, now=now)
        return Later(why, after_s, Reason.PROVIDER_LIMITS)
    if word in ACCOUNT | AGAIN:
        return Later(why)
    if word in UNKNOWN:
        return Unknown(why)
    if word in TWICE:
        return Sent(final=True)
    refused = Refused(why, address=AddressKind.GONE if word in GONE else None)
    return Lost(refused) if word in LOST else refused


def of_status(status: int, *, retry_after: str, now: float) -> Later | Unknown | Refused:
    """Say what a status of the Web API means that is no 200: it speaks of the account."""
    answer = retry.reply(status, retry_after=retry_after, now=now)
    if status in _ACCOUNT_STATUS:
        return Later(f"HTTP {status}")
    return Refused(answer.why) if isinstance(answer, Refused) else answer


def of_hook(status: int, *, retry_after: str, now: float) -> Sent | Later | Unknown | Refused:
    """Say what a hook's status means: 404 is a hook that was removed, 410 an archived channel."""
    if 200 <= status < 300:
        return Sent(final=True)
    answer = retry.reply(status, retry_after=retry_after, now=now)
    if isinstance(answer, Refused):
        return Refused(answer.why, address=AddressKind.GONE if status in _HOOK_GONE else None)
    return answer
