"""What stays of a word when the same trouble is told again.

Words that came before are looked up; of the others only those that hold a digit are looked at,
and what stays of one depends on its shape alone: the word with every digit read as 0. So the
patterns run once for a shape. Each pattern is linear in its word. Two kinds of words stand for
more than themselves, and are marked so that only texts that hold one are read again: day words,
and words that make the number behind them a name.
"""

import re

MEMO = 32_768  # words remembered, and as many shapes
MEMO_CHARS = 64  # longer ones are not remembered
VOLATILE_CHARS = 7  # nor are longer words that lose something: few of them come again

DIGITS = bytes.maketrans(b"123456789", b"0" * 9)
ZERO = ord("0")
HEX = bytes.maketrans(b"abcdef", b"0" * 6)
_RUN = re.compile(r"[\w.:-]+")
GONE = "*"  # stands where something was cut out of the middle of a word
_MARKS = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"

# All patterns below read a shape: 0 is any digit. A cut is made anywhere in a word and looks at
# nothing around it, so that what is left holds no other;
_CUT = re.compile(
    r"[0a-f]{8}-[0a-f]{4}-[0a-f]{4}-[0a-f]{4}-[0a-f]{12}"  # UUID
    r"|0000-00-00"  # 2024-01-02T03:04:05.678+01:00 and shorter
    r"(?:[t_]00[:.]?00(?:[:.]?00(?:[.,]0+)?)?(?:z|[+-]00:?00)?)?"
    r"|00000000t000000z?"
)
_THOUSANDS = re.compile(r"(?<=0),(?=000(?!0))")  # 1,234,567
_UNIT = (
    r"(?:[nuμm]?s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w"
    r"|[kmgtp]?i?b(?:ps|ytes?)?|bytes?|[kmg]|[kmg]?hz|m?c|e|st|nd|rd|th)"
)
# and a run between other marks goes as a whole if it is one of these.
_DROPPED = re.compile(
    rf"0+(?:\.0+)?(?:e-?0+)?{_UNIT}?"  # 345, 91.5, 345ms, 2nd
    rf"|(?:0+(?:\.0+)?{_UNIT}){{2,6}}"  # 1h30m
    r"|0+(?:[-:]0+){1,4}(?:\.0+)?(?:z|[ap]m)?"  # 15:04:05.678, 10-20
    r"|0{1,2}(?:am|pm)"
    r"|0{1,2}\.0{1,2}\.0{4}"  # 02.01.2024
    r"|0x[0a-f]+"
    r"|(?=[a-f]*0)[0a-f]{8,}"
)
_ADDRESS = re.compile(r"(?:[0a-f]{0,4}:){2,7}[0a-f]{0,4}")  # IPv6, or a network card's
_ADDRESS_COLONS = (5, 7)
_PORT = re.compile(r"0{1,5}")
# Hardly two ids have one shape. Their letters say no more than their digits where an id is a run,
# or all that follows a word and a colon.
ID = re.compile(
    r"[0a-f]{8}-[0a-f]{4}-[0a-f]{4}-[0a-f]{4}-[0a-f]{12}"
    r"|(?<![\w.:-])((?:[a-z_]+:)?)(?=[a-f]*0)[0a-f]{8,}(?=[.:-]*(?![\w.:-]))"
)
_ID_ALONE = re.compile(rb"[!-/:-@\[-^`{-~]*(?:0{8,}|0{8}-0{4}-0{4}-0{4}-0{12})[!-/:-@\[-^`{-~]*")
_UUID = "00000000-0000-0000-0000-000000000000"
_STAYING = re.compile(rb"\x01+|\x02")

# A day word goes where a number beside it goes.
_DAYS = re.findall(
    r"\w+",
    "january february march april may june july august september october november december "
    "monday tuesday wednesday thursday friday saturday sunday",
)
_CLOCKS = re.findall(r"\w+", "am pm utc gmt cet cest est edt cst cdt pst pdt sept")
_DAY_WORDS = frozenset((*_DAYS, *(day[:3] for day in _DAYS), *_CLOCKS))
# The number behind one of these names something: `HTTP 500` is not `HTTP 404`. What is above is a
# port of the moment or a counter. A colon after `error` begins a sentence, which may count.
_NAMING = re.findall(r"\w+", "http status code port exit node")
_NAMING_WORDS = frozenset((*_NAMING, *(word + ":" for word in _NAMING), "http/", "error"))
_NAME = re.compile(r"[0-9]{1,4}")
# At the start of a form; a blank, and so in no word.
MARK = "\x1d"
_DAY, _NAMES = MARK + "d", MARK + "n"

Kept = tuple[str | slice, ...] | None  # slices of a word and marks; None: it stays as it is


def _gaps(run: str) -> list[tuple[int, int]]:
    """Say where a run loses something."""
    core = run.strip(".:-")
    if "0" not in core or ("::" in run and _ADDRESS.fullmatch(run)):  # ::1, 100::
        return []
    if _DROPPED.fullmatch(core):
        return [(len(run) - len(run.lstrip(".:")), len(run.rstrip(":")))]
    colons = core.count(":")
    if not colons:
        return []  # digits that letters, - or _ hold on to
    if _ADDRESS.fullmatch(core) and ("::" in core or colons in _ADDRESS_COLONS):
        return []
    host, _, port = core.partition(":")
    if ("." in host or "0" in host) and _PORT.fullmatch(port):
        return []
    gaps, begin = [], 0
    for piece in run.split(":"):
        if _DROPPED.fullmatch(piece.strip(".-")):
            gaps.append((begin, begin + len(piece)))
        begin += len(piece) + 1
    return gaps


def _blank(cut: re.Match[str]) -> str:
    return " " * len(cut.group())


def _blank_id(found: re.Match[str]) -> str:
    return found[1] + "0" * (found.end() - found.end(1)) if found[1] is not None else _UUID


def _kept(shape: str) -> Kept:
    stays = bytearray(b"\1") * len(shape)
    for cut in _CUT.finditer(shape):
        stays[cut.start() : cut.end()] = b"\2" + bytes(len(cut.group()) - 1)
    rest = _CUT.sub(_blank, shape)
    for comma in _THOUSANDS.finditer(rest):
        stays[comma.start()] = 0
    for run in _RUN.finditer(_THOUSANDS.sub("0", rest)):
        for begin, end in _gaps(run.group()):
            stays[run.start() + begin : run.start() + end] = bytes(end - begin)
    if all(stay == 1 for stay in stays):
        return None
    kept: list[str | slice] = [
        GONE if part.group() == b"\2" else slice(*part.span()) for part in _STAYING.finditer(stays)
    ]
    text = "".join(shape[part] for part in kept if isinstance(part, slice))
    return tuple(kept) if text.strip(_MARKS) else ()


class _Ids(dict[bytes, bool]):
    """Say whether a shape, its a to f read as 0 too, is an id between marks."""

    def __missing__(self, raw: bytes) -> bool:
        is_id = _ID_ALONE.fullmatch(raw) is not None
        if len(raw) <= MEMO_CHARS:
            if len(self) >= MEMO:
                self.clear()
            self[raw] = is_id
        return is_id


_IDS = _Ids()


class _Shapes(dict[bytes, Kept]):
    """Give what stays of a word of this shape."""

    def __missing__(self, raw: bytes) -> Kept:
        if _IDS[raw.translate(HEX)]:
            return ()
        shape = raw.decode()
        alike = ID.sub(_blank_id, shape)
        if alike != shape:
            return self[alike.encode()]
        kept = _kept(shape)
        if len(shape) <= MEMO_CHARS:
            if len(self) >= MEMO:
                self.clear()
            self[raw] = kept
        return kept


SHAPES = _Shapes()


class _Forms(dict[str, str]):
    """Give what stays of a word and a blank; nothing where nothing stays.

    A mark before it says that it has a say in what becomes of those beside it.
    """

    def __missing__(self, word: str) -> str:
        raw = word.encode().translate(DIGITS)
        kept = SHAPES[raw] if ZERO in raw else None
        if kept is None:
            form = _marked(word)
        else:
            form = _marked(_joined(word, kept)) if kept else ""
            if len(word) > VOLATILE_CHARS:
                return form
        if len(word) <= MEMO_CHARS:
            if len(self) >= MEMO:
                self.clear()
            self[word] = form
        return form


def _joined(word: str, kept: tuple[str | slice, ...]) -> str:
    return "".join([word[part] if isinstance(part, slice) else part for part in kept])


def _marked(form: str) -> str:
    if form.strip(_MARKS) in _DAY_WORDS:
        return f"{_DAY}{form} "
    return f"{_NAMES}{form} " if form.lstrip(_MARKS) in _NAMING_WORDS else form + " "


FORMS = _Forms()
form_of = FORMS.__getitem__


def forms_in_context(words: list[str]) -> list[str]:
    """Give what stays of each word of a text and a blank; nothing where nothing stays."""
    forms = [*map(form_of, words)]
    for at, form in enumerate(forms):
        if form[:2] == _NAMES:
            forms[at] = form[2:]
            if forms[at + 1 : at + 2] == [""]:
                forms[at + 1] = _name(words[at + 1])
    _drop_days(forms, range(len(forms)))
    _drop_days(forms, range(len(forms) - 1, -1, -1))
    return [form.removeprefix(_DAY) for form in forms]


def _name(word: str) -> str:
    number = word.strip(_MARKS)
    return number + " " if _NAME.fullmatch(number) else ""


def _drop_days(forms: list[str], places: range) -> None:
    gone = False
    for at in places:
        if gone and forms[at][:2] == _DAY:
            forms[at] = ""
        gone = not forms[at]
