"""The parts that flat Avro is made of: longs, texts, and lists and maps of texts.

Readers take the bytes and a place, and give a value and where it ends. They raise IndexError at
the end of the bytes, ValueError at what no writer writes; a size past the end shows as an end
that lies beyond the bytes, which the caller must look for. NUL characters are not read.
"""

LONG_MIN, LONG_MAX = -(1 << 63), (1 << 63) - 1
MEMO = 16_384  # longs remembered; moments repeat within a record and within a millisecond
WORDS_MEMO, WORD_BYTES = 2048, 64  # names of kinds, stages, tenants and sources come again
MOMENT_BYTES = 6  # a varint of the years 1987 to 2527 in milliseconds
LONGEST_VARINT = 10  # bytes of 7 bits for 64 bits


class _Longs(dict[int, bytes]):
    """Give the bytes of any long; a bounded memory of those given before."""

    def __missing__(self, value: int) -> bytes:
        if not LONG_MIN <= value <= LONG_MAX:
            raise OverflowError(f"{value} is no 64-bit number")
        rest = (value << 1) ^ (value >> 63)
        if len(self) >= MEMO:
            self.clear()
        self[value] = written = _moment(rest) if rest >> 35 and not rest >> 42 else _varint(rest)
        return written


def _moment(rest: int) -> bytes:
    low, high = rest & 0x1FFFFF, rest >> 21  # small numbers are the quickest to work with
    return bytes(
        (
            low & 127 | 128,
            low >> 7 & 127 | 128,
            low >> 14 | 128,
            high & 127 | 128,
            high >> 7 & 127 | 128,
            high >> 14,
        )
    )


def _varint(rest: int) -> bytes:
    out = bytearray()
    while rest > 127:
        out.append(rest & 127 | 128)
        rest >>= 7
    out.append(rest)
    return bytes(out)


class _Moments(dict[bytes, int]):
    """Give the long that six bytes spell, or -1 where it is not six bytes long."""

    def __missing__(self, raw: bytes) -> int:
        if len(raw) < MOMENT_BYTES:
            return -1
        a, b, c, d, e, f = raw
        if a & b & c & d & e < 128 or f > 127:
            return -1
        low = a & 127 | (b & 127) << 7 | (c & 127) << 14
        rest = low | (d & 127 | (e & 127) << 7 | f << 14) << 21
        if len(self) >= MEMO:
            self.clear()
        self[raw] = value = (rest >> 1) ^ -(rest & 1)
        return value


class _Words(dict[str, bytes]):
    """Give size and bytes of any text; a bounded memory of short ones given before."""

    def __missing__(self, text: str) -> bytes:
        raw = text.encode()
        written = LONGS[len(raw)] + raw
        if len(raw) <= WORD_BYTES:
            if len(self) >= WORDS_MEMO:
                self.clear()
            self[text] = written
        return written


LONGS = _Longs()
WORDS = _Words()
MOMENTS = _Moments()
# One byte of a varint: what it says alone, or that it does not (a continuation, a negative size).
SMALL = tuple((n >> 1) ^ -(n & 1) for n in range(128))
_CHOICES = (False, True)
SIZES = tuple(n >> 1 if n < 128 and not n & 1 else -1 for n in range(256))


def read_long(raw: bytes, at: int) -> tuple[int, int]:
    """Read a long and say where it ends; ValueError where it is longer than 64 bits."""
    value = shift = 0
    for end in range(at, at + LONGEST_VARINT):
        byte = raw[end]
        value |= (byte & 127) << shift
        if byte < 128:
            if value >> 64:
                break
            return (value >> 1) ^ -(value & 1), end + 1
        shift += 7
    raise ValueError("a number is longer than 64 bits")


def read_size(raw: bytes, at: int) -> tuple[int, int]:
    """Read how many bytes follow and where they start; ValueError where it is negative."""
    first = raw[at]
    if first > 127 and not first & 1 and raw[at + 1] < 128:  # 64 to 8191
        return (first & 127 | raw[at + 1] << 7) >> 1, at + 2
    size, start = read_long(raw, at)
    if size < 0:
        raise ValueError("a size is negative")
    return size, start


def _read_count(raw: bytes, at: int) -> tuple[int, int]:
    count, at = read_long(raw, at)
    if count < 0:  # the block says its bytes too, so that it can be skipped
        _, at = read_size(raw, at)
        count = -count
    return count, at


def _read_run(raw: bytes, at: int, many: int) -> tuple[list[str], int]:
    sizes = SIZES
    run: list[str] = []
    for _ in range(many):
        size = sizes[raw[at]]
        at += 1
        if size < 0:
            size, at = read_size(raw, at - 1)
        end = at + size
        run.append(raw[at:end].decode())
        at = end
    if "\0" in "".join(run):
        run = [text.replace("\0", "") for text in run]
    return run, at


def _read_runs(raw: bytes, at: int, *, per_item: int) -> tuple[list[str], int]:
    runs: list[str] = []
    while raw[at]:
        count, at = _read_count(raw, at)
        run, at = _read_run(raw, at, count * per_item)
        runs += run
    return runs, at + 1


def read_texts(raw: bytes, at: int) -> tuple[list[str], int]:
    """Read an array of texts and say where it ends."""
    many = SIZES[raw[at]]
    if many > 0:
        texts, end = _read_run(raw, at + 1, many)
        if not raw[end]:
            return texts, end + 1
    return _read_runs(raw, at, per_item=1)


def read_texts_by_name(raw: bytes, at: int) -> tuple[dict[str, str], int]:
    """Read a map of texts and say where it ends."""
    many = SIZES[raw[at]]
    if many > 0:
        texts, end = _read_run(raw, at + 1, many + many)
        if not raw[end]:
            names = iter(texts)
            return dict(zip(names, names, strict=True)), end + 1
    texts, end = _read_runs(raw, at, per_item=2)
    names = iter(texts)
    return dict(zip(names, names, strict=True)), end


def read_lists_by_name(raw: bytes, at: int) -> tuple[dict[str, list[str]], int]:
    """Read a map of arrays of texts and say where it ends."""
    lists: dict[str, list[str]] = {}
    while raw[at]:
        count, at = _read_count(raw, at)
        for _ in range(count):
            (name,), at = _read_run(raw, at, 1)
            lists[name], at = read_texts(raw, at)
    return lists, at + 1


def read_choices_by_name(raw: bytes, at: int) -> tuple[dict[str, bool], int]:
    """Read a map of booleans and say where it ends."""
    choices: dict[str, bool] = {}
    while raw[at]:
        count, at = _read_count(raw, at)
        for _ in range(count):
            (name,), at = _read_run(raw, at, 1)
            choices[name] = _CHOICES[raw[at]]
            at += 1
    return choices, at + 1


def write_texts(texts: list[str]) -> bytes:
    """Write an array of texts."""
    if not texts:
        return b"\0"
    parts = [LONGS[len(texts)]]
    for text in texts:
        raw = text.encode()
        parts += (LONGS[len(raw)], raw)
    parts.append(b"\0")
    return b"".join(parts)


def write_texts_by_name(texts: dict[str, str]) -> bytes:
    """Write a map of texts."""
    if not texts:
        return b"\0"
    parts = [LONGS[len(texts)]]
    for name, text in texts.items():
        key, raw = name.encode(), text.encode()
        parts += (LONGS[len(key)], key, LONGS[len(raw)], raw)
    parts.append(b"\0")
    return b"".join(parts)


def write_lists_by_name(lists: dict[str, list[str]]) -> bytes:
    """Write a map of arrays of texts."""
    if not lists:
        return b"\0"
    parts = [LONGS[len(lists)]]
    for name, texts in lists.items():
        key = name.encode()
        parts += (LONGS[len(key)], key, write_texts(texts))
    parts.append(b"\0")
    return b"".join(parts)


def write_choices_by_name(choices: dict[str, bool]) -> bytes:
    """Write a map of booleans."""
    if not choices:
        return b"\0"
    parts = [LONGS[len(choices)]]
    for name, choice in choices.items():
        key = name.encode()
        parts += (LONGS[len(key)], key, b"\1" if choice else b"\0")
    parts.append(b"\0")
    return b"".join(parts)
