"""Tables and squares of figures drawn in Python: the page of ownership has hundreds of them."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from rapport.web.reports_show import Cell


class Square(Protocol):
    """One square of a field: where it stands, how much (0 to 5), what it says and the list behind it."""

    @property
    def x(self) -> int: ...
    @property
    def y(self) -> int: ...
    @property
    def level(self) -> int: ...
    @property
    def says(self) -> str: ...
    @property
    def url(self) -> str: ...


def table_rows(rows: Iterable[tuple[str, Sequence[Cell]]]) -> SafeString:
    """Lines of a table of figures: a name, and a cell for each figure, with its link."""
    return _safe(
        f'<tr><th scope="row">{escape(label)}</th>{"".join(map(_cell, cells))}</tr>' for label, cells in rows
    )


def squares(found: Iterable[Square], size: int) -> SafeString:
    """The squares of a picture; those with something behind them are links, which the table has for the keyboard."""
    return _safe(_square(one, size) for one in found)


def linked(one: Cell) -> str:
    """The words of a figure, with its link."""
    words = escape(one.words)
    return f'<a href="{escape(one.url)}">{words}</a>' if one.url else words


def _cell(one: Cell) -> str:
    return f'<td class="num">{linked(one)}</td>'


def _square(one: Square, size: int) -> str:
    drawn = f'<rect class="heat heat-{one.level}" x="{one.x}" y="{one.y}" width="{size}" height="{size}"/>'
    if not one.url:
        return drawn
    says = escape(one.says)
    return f'<a href="{escape(one.url)}" tabindex="-1"><title>{says}</title>{drawn}</a>'


def _safe(parts: Iterable[str]) -> SafeString:
    return mark_safe("".join(parts))  # noqa: S308 - whatever is not ours was escaped where it was put in
