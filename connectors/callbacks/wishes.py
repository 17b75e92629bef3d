"""Replies: what somebody wants who answers a text message. Pure."""

import re
import unicodedata
from enum import StrEnum

_NOT_A_LETTER = re.compile(r"[\W_]+")


class Wish(StrEnum):
    """Name what a reply asks for."""

    STOP = "stop"
    START = "start"
    ACKNOWLEDGE = "acknowledge"
    HELP = "help"


_WISHES: dict[str, Wish] = {
    **dict.fromkeys(("stop", "stopall", "unsubscribe", "cancel", "end", "quit"), Wish.STOP),
    **dict.fromkeys(("start", "yes", "unstop"), Wish.START),
    **dict.fromkeys(("ack", "ok", "1"), Wish.ACKNOWLEDGE),
    "help": Wish.HELP,
    "info": Wish.HELP,
}


def wish(text: str) -> Wish | None:
    """Say what a reply asks for; None where it is anything else.

    It must be the whole reply: "stop" within a sentence is no opt-out. Case, blanks and
    punctuation do not count.
    """
    if len(text) > 200:
        return None
    word = _NOT_A_LETTER.sub("", unicodedata.normalize("NFKC", text)).casefold()
    return _WISHES.get(word)
