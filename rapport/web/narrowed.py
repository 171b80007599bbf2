"""Lists narrowed by what one types above them (`?q=`), and saved views."""

from dataclasses import dataclass, replace
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest

from rapport.conversations.asking.language import read, written
from rapport.conversations.models import SavedView
from rapport.conversations.queries import View
from rapport.conversations.search import narrowing
from rapport.conversations.views import list_of, view_of
from rapport.core.errors import NotVisible
from rapport.web.asking import Chip, chip_of, question_of


@dataclass(frozen=True)
class Narrow:
    """What narrows a list: typed into its field, kept as a saved view, or both."""

    typed: str = ""
    saved: SavedView | None = None
    chips: tuple[Chip, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def extra(self) -> str:
        """Goes behind the addresses of the list."""
        return "&" + urlencode({"q": self.typed}) if self.typed else ""

    @property
    def whole_query(self) -> str:
        """Everything that narrows it, in one."""
        return written(read(_both(self.saved, self.typed)))


def saved_view_of(key: str) -> SavedView:
    """The saved view behind "view-<id>". Raises NotVisible."""
    try:
        return view_of(UUID(key.removeprefix("view-")))
    except ValueError as error:
        raise NotVisible("There is no such view.") from error


def narrowed(request: HttpRequest, view: View, saved: SavedView | None = None) -> tuple[View, Narrow]:
    """The view with its filter, and what the page says of it."""
    typed = " ".join(request.GET.get("q", "").replace("\0", " ").split())
    text = _both(saved, typed)
    if not text:
        return view, Narrow(saved=saved)
    question = question_of(request, text)
    own = read(typed)
    chips = [*(Chip(chip.text, None, chip.negated) for chip in question.chips)] if saved else []
    given = {chip.text for chip in chips}
    mine = [chip_of(own, part) for part in own.filters]
    kept = [chip for chip in chips if chip.text not in {one.text for one in mine}]
    narrow = Narrow(typed, saved, (*kept, *mine) if given else tuple(mine), tuple(question.problems))
    name, status = list_of(question.search, view.status)
    return replace(
        view,
        name=name if name == "snoozed" else view.name,
        status=status,
        filter=None if question.asked.is_empty else narrowing(question.search),
    ), narrow


def _both(saved: SavedView | None, typed: str) -> str:
    return f"{saved.query if saved else ''} {typed}".strip()
