"""Make the messages of a run: what a shop tells its people, and some that cannot be told."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

LATER = timedelta(hours=1)

Message = Mapping[str, Any]


def messages(word: str, now: datetime) -> list[Message]:
    """Return the intents of a run; the people are those of deploy/config/recipients.yaml."""
    return [
        _order("ann@example.org", word, 1),
        _order("bernd@example.org", word, 2),
        _password("cleo@example.org", word),
        _news("ann@example.org", word),
        _news("cleo@example.org", word),
        _order("ann@example.org", word, 3) | {"send_at": (now + LATER).isoformat()},
        _guest(word),
        {
            "recipient": f"nobody-{word}@example.org",
            "template": "welcome",
            "type": "account",
            "idempotency_key": f"{word}-nobody",
        },
    ]


def _order(recipient: str, word: str, number: int) -> dict[str, Any]:
    return {
        "recipient": recipient,
        "template": "order_shipped",
        "type": "order",
        "data": {"order": f"{word}-{number}"},
        "idempotency_key": f"{word}-order-{number}",
    }


def _password(recipient: str, word: str) -> dict[str, Any]:
    return {
        "recipient": recipient,
        "template": "password_reset",
        "type": "account",
        "priority": "high",
        "data": {"code": "123 456", "link": f"https://shop.example.org/{word}/reset"},
        "idempotency_key": f"{word}-password",
    }


def _news(recipient: str, word: str) -> dict[str, Any]:
    return {
        "recipient": recipient,
        "template": "newsletter",
        "type": "marketing",
        "data": {"headline": f"News of shop {word}", "summary": "The payments work again."},
        "idempotency_key": f"{word}-news",
    }


def _guest(word: str) -> dict[str, Any]:
    return {
        "recipient": f"guest-{word}",
        "to": {"email": "guest@example.org"},
        "subject": f"Shop {word} thanks you",
        "body": "Your order is paid. Thank you.",
        "type": "transactional",
        "idempotency_key": f"{word}-guest",
    }
