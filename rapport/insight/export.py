"""Tables as files that any spreadsheet opens, and that make none of them run anything. Pure."""

import csv
import io
from collections.abc import Iterable, Sequence

_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


def cell(value: object) -> object:
    """A value as it may stand in a cell: words that a spreadsheet would take for a formula begin with an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        return value
    text = str(value).replace("\0", "")
    return f"'{text}" if text.lstrip(" ").startswith(_STARTS_A_FORMULA) else text


def as_csv(head: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    """A CSV file: UTF-8 with its mark, so that spreadsheets read names right."""
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow([cell(one) for one in head])
    writer.writerows([cell(one) for one in row] for row in rows)
    return "\ufeff" + written.getvalue()
