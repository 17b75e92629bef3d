"""What the pages say that links in messages lead to. Pure, and all of it escaped.

They are read on a telephone, by night, without scripts, pictures or anything from elsewhere.
"""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from markupsafe import Markup

from connectors.callbacks.standing import Alert, Standing
from schemas.links import Unsubscribe
from schemas.reasons import Channel

SHOWN_CHARS = 300  # of a title, or of whatever else somebody else wrote
_WAYS: dict[str, str] = {
    Channel.EMAIL: "by mail",
    Channel.SMS: "by text message",
    Channel.PUSH: "by push message",
    Channel.WEBHOOK: "by webhook",
    Channel.SLACK: "in Slack",
}
_STYLE = Markup(
    ":root{color-scheme:light dark}"
    "body{font:18px/1.5 system-ui,sans-serif;margin:0 auto;max-width:32em;padding:2em 1em}"
    "h1{font-size:1.3em;line-height:1.3;overflow-wrap:anywhere}"
    "button{font:inherit;font-weight:600;padding:.7em 1.4em;min-height:48px;width:100%}"
    "small{opacity:.75}"
)
# Our one style is let in by its digest; nothing else is, and nobody may frame what has a button.
POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; style-src"
    f" 'sha256-{base64.b64encode(sha256(_STYLE.encode()).digest()).decode()}'"
)
_PAGE = Markup(
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    '<meta name="robots" content="noindex, nofollow"><title>{title}</title>'
    "<style>{style}</style></head>\n<body><main>\n<h1>{title}</h1>\n{content}\n</main></body></html>"
    "\n"
)
_LINE = Markup('<p dir="auto">{}</p>')
_SMALL = Markup("<p><small>{}</small></p>")
# The address is relative, so it is the same below whatever path a proxy puts us.
_BUTTON = Markup('<form method="post" action="{action}"><button>{label}</button></form>')


@dataclass(frozen=True, slots=True)
class Page:
    """Hold a page and the status that it is answered with."""

    html: str
    status: int = 200


def unsubscribe(wish: Unsubscribe) -> Page:
    """Ask whether somebody wants to hear no more; only the button does it."""
    return _page(
        "Stop these messages?",
        _LINE.format(f"You would get no more {_matter(wish)}."),
        _BUTTON.format(action="", label="Unsubscribe"),
        _SMALL.format("What is critical may still be sent to you."),
    )


def unsubscribed(wish: Unsubscribe, *, token: str) -> Page:
    """Say that it is done, and offer to undo it."""
    return _page(
        "You are unsubscribed",
        _LINE.format(f"You get no more {_matter(wish)}."),
        _BUTTON.format(action=f"{token}/undo", label="That was a mistake: subscribe again"),
        _SMALL.format("What is critical may still be sent to you."),
    )


def subscribed(wish: Unsubscribe, *, token: str) -> Page:
    """Say that it was undone."""
    return _page(
        "You are subscribed again",
        _LINE.format(f"You get {_matter(wish)} again."),
        _BUTTON.format(action=f"../{token}", label="Unsubscribe"),
    )


def alert(alert: Alert, *, recipient: str) -> Page:
    """Show an alert as it stands, with a button while nobody has it."""
    content = [_LINE.format(f"Priority {alert.priority}, from {_shown(alert.source)}.")]
    match alert.standing:
        case Standing.OVER:
            content.append(_LINE.format("It is over. There is nothing to do."))
        case Standing.TAKEN:
            content.append(_LINE.format(_whose(alert, recipient)))
        case Standing.OPEN:
            content += _offer(recipient)
    return _page(_shown(alert.title) or "An alert", *content)


def unknown_alert(*, recipient: str) -> Page:
    """Offer to acknowledge an alert that cannot be shown just now: that must not wait for it."""
    words = "It cannot be shown just now. You can acknowledge it all the same."
    return _page("An alert", _LINE.format(words), *_offer(recipient))


def ordered(title: str = "") -> Page:
    """Say that an acknowledgement is taken, though nothing shows it yet."""
    return _page(
        _shown(title) or "An alert",
        _LINE.format("Your acknowledgement is on its way. The inbox shows it in a moment."),
    )


def too_late(title: str = "") -> Page:
    """Say that the alert is not there any more to be taken."""
    words = "It is over, or began anew since: a newer message speaks of it."
    return _page(_shown(title) or "An alert", _LINE.format(words))


def not_found() -> Page:
    """Say that an address is none of ours."""
    words = "This link is not complete, or not one of ours. Try it from the message once more."
    return _page("There is nothing here", _LINE.format(words), status=404)


def unavailable() -> Page:
    """Say honestly that it may not have been done."""
    words = "We could not write it down, so do not count on it. Please try again in a minute."
    again = _BUTTON.format(action="", label="Try again")
    return _page("That did not work", _LINE.format(words), again, status=503)


def _page(title: str, *content: Markup, status: int = 200) -> Page:
    page = _PAGE.format(title=title, style=_STYLE, content=Markup("\n").join(content))
    return Page(str(page), status)


def _offer(recipient: str) -> list[Markup]:
    return [
        _BUTTON.format(action="", label="Acknowledge"),
        _SMALL.format(f"You do so as {_shown(recipient)}."),
    ]


def _matter(wish: Unsubscribe) -> str:
    kind = f" of the type “{_shown(wish.type)}”" if wish.type else ""
    way = _WAYS.get(wish.channel, f"by {_shown(wish.channel)}")
    return f"messages{kind} {way}"


def _whose(alert: Alert, recipient: str) -> str:
    who = "You have" if alert.by == recipient else f"{_shown(alert.by) or 'Somebody'} has"
    since = datetime.fromtimestamp(alert.at / 1000, UTC) if alert.at > 0 else None
    return f"{who} it{f' since {since:%Y-%m-%d %H:%M} UTC' if since else ''}."


def _shown(text: str) -> str:
    """Put a stranger's words on one line; what could turn the line around is left out."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text[: 4 * SHOWN_CHARS])
    line = " ".join(plain.split())
    return line if len(line) <= SHOWN_CHARS else f"{line[: SHOWN_CHARS - 1]}…"
