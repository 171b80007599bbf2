"""A CSV file as records: any separator, any encoding, and a bad line harms no other. Pure."""

import csv
import io
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass

from rapport.core.errors import Invalid
from rapport.people.exchange import cells

BYTES_MAX = 50 * 1024 * 1024
RECORDS_MAX = 500_000
COLUMNS_MAX = 300
CELL_MAX = 100_000
#: A quotation mark that opens and closes no more takes the rest of the file with it, unless somebody stops it.
_LINES_OF_ONE = 500
_DELIMITERS = ",;\t|"
_SAMPLE = 64 * 1024
ENCODINGS = (
    "utf-8", "utf-16", "cp1252", "iso8859-2", "cp1250", "cp1251", "koi8-r", "cp1253", "cp1254", "cp1255", "cp1256",
    "shift_jis", "euc_jp", "gb18030", "big5", "euc_kr",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a file: its line (or number), its cells in the order of the columns. `wrong`: a slug, or ""."""

    line: int
    cells: tuple[str, ...]
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is written: encoding, separator, and its columns by name."""

    encoding: str
    delimiter: str
    columns: tuple[str, ...]


def encoding_of(data: bytes) -> str:
    """By its mark; without one UTF-16 by its zeros, UTF-8 if it is, else cp1252 (what Excel writes in the West)."""
    if data.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    if data.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        return "utf-32"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    sample = data[:_SAMPLE]
    odd, even = sample[1::2].count(0), sample[::2].count(0)
    if max(odd, even) > len(sample) // 5:
        return "utf-16-le" if odd > even else "utf-16-be"
    try:
        for _ in io.TextIOWrapper(io.BytesIO(data), "utf-8"):
            pass
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def text_of(data: bytes, encoding: str) -> io.TextIOWrapper:
    """The file line by line; bytes that the encoding does not know become the sign for that."""
    return io.TextIOWrapper(io.BytesIO(data), encoding, errors="replace", newline="")


def layout_of(data: bytes, encoding: str = "", delimiter: str = "") -> Layout:
    """How the file is written, as far as it was not said. Raises Invalid where it cannot be a table."""
    if len(data) > BYTES_MAX:
        raise Invalid("The file is larger than 50 MB.", "Split it.")
    encoding = _usable(encoding, data)
    delimiter = delimiter or _delimiter_of(data, encoding)
    first = next(_records(text_of(data, encoding), delimiter), None)
    if first is None or not any(one.strip() for one in first.cells):
        raise Invalid("The file is empty.", "Its first line must name the columns.")
    if first.wrong:
        raise Invalid("The first line cannot be read.", "It must name the columns.")
    if len(first.cells) > COLUMNS_MAX:
        raise Invalid(
            f"The file has {len(first.cells)} columns; {COLUMNS_MAX} are the most.", "Leave out what is not needed."
        )
    names = tuple(cells.line(one, 200).removeprefix("\ufeff") for one in first.cells)
    return Layout(encoding, delimiter, names)


def records(data: bytes, layout: Layout) -> Iterator[Record]:
    """The records after the first line, those without a word left out; at most `RECORDS_MAX`, then Invalid."""
    found = _records(text_of(data, layout.encoding), layout.delimiter)
    next(found, None)
    width = len(layout.columns)
    number = 0
    for one in found:
        if not one.wrong and not any(map(str.strip, one.cells)):
            continue
        number += 1
        if number > RECORDS_MAX:
            raise Invalid(f"The file has more than {RECORDS_MAX:,} rows.", "Split it.")
        if not one.wrong and len(one.cells) > width and any(one.cells[width:]):
            yield Record(one.line, one.cells, "too_many_cells")
        else:
            yield one


def _usable(encoding: str, data: bytes) -> str:
    if not encoding:
        return encoding_of(data)
    if encoding not in ENCODINGS:
        raise Invalid(f"There is no encoding {encoding!r}.", f"Use one of {', '.join(ENCODINGS)}.")
    if encoding == "utf-16" and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16-le"
    return "utf-8-sig" if encoding == "utf-8" else encoding


def _delimiter_of(data: bytes, encoding: str) -> str:
    """The separator that gives the first lines the same number of cells, and the most of them."""
    sample = text_of(data[:_SAMPLE], encoding).read()
    head = "\n".join(sample.splitlines()[:20])

    def worth(delimiter: str) -> tuple[int, int]:
        widths = [len(one.cells) for one in _records(io.StringIO(head, newline=""), delimiter) if not one.wrong]
        if not widths or widths[0] < 2:
            return 0, 0
        return Counter(widths)[widths[0]], widths[0]

    return max(_DELIMITERS, key=worth)


class _Lines:
    """Physical lines, of which those of a record that went wrong can be given again."""

    def __init__(self, file: Iterator[str]) -> None:
        self.file = file
        self.again: deque[str] = deque()
        self.taken: list[str] = []
        self.number = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        if len(self.taken) >= _LINES_OF_ONE:
            raise StopIteration
        found = self.again.popleft() if self.again else next(self.file)
        self.taken.append(found)
        self.number += 1
        return found[: CELL_MAX * 20].replace("\0", "")

    def rewound(self) -> tuple[str, ...]:
        """All but the first line of the record are lines again; the first is given back."""
        first, rest = self.taken[0], self.taken[1:]
        self.again.extendleft(reversed(rest))
        self.number -= len(rest)
        self.taken = []
        return (first.rstrip("\r\n")[:1000],)


def _records(file: Iterator[str], delimiter: str) -> Iterator[Record]:
    lines = _Lines(file)
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        lines.taken = []
        start = lines.number + 1
        try:
            found = next(reader, None)
        except csv.Error:
            found, wrong = [], "cell_too_long"
        else:
            if found is None:
                return
            wrong = _wrong(found, lines, delimiter)
        if wrong and lines.taken:
            yield Record(start, lines.rewound(), wrong)
            reader = csv.reader(lines, delimiter=delimiter)
        elif wrong:
            return
        else:
            yield Record(start, tuple(cells.unguarded(one) for one in found))


def _wrong(found: list[str], lines: _Lines, delimiter: str) -> str:
    if any(len(one) > CELL_MAX for one in found):
        return "cell_too_long"
    if len(lines.taken) > 1 or '"' in lines.taken[0]:
        try:
            list(csv.reader(iter(lines.taken), delimiter=delimiter, strict=True))
        except csv.Error as error:
            return "quote_open" if "unexpected end of data" in str(error) else ""
    return ""
