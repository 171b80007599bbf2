"""Possible duplicates: suggestion after suggestion by keyboard, best first, with the effect shown before."""

from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_POST

from rapport.core.errors import Invalid, NotVisible
from rapport.people import pairing
from rapport.people.models import Pair
from rapport.people.pairing import Place
from rapport.web.composer import uuid_or_none
from rapport.web.rights import EVERYBODY, WRITERS, member_of, page
from rapport.web.shell import shell_of
from rapport.web.twins import suggestion

_KEPT = "duplicates_decided"
_KEPT_MAX = 50
FILTERS = (
    ("", lazy("All")),
    (pairing.SURE, lazy("Sure ones")),
    (pairing.WARNED, lazy("With a warning")),
    (pairing.MINE, lazy("My people")),
)


@dataclass(frozen=True)
class Asked:
    """What the page was asked for: which ones, and the pair `at` or the nearest one after it (before it: `back`)."""

    only: str = ""
    place: Place | None = None
    at: bool = False
    back: bool = False
    into: UUID | None = None


@page(EVERYBODY)
@require_GET
def duplicates(request: HttpRequest) -> HttpResponse:
    """The best suggestion, or the one asked for; ?only=sure, warning, mine; ?into= lets the other side stay."""
    return _shown(request, _asked(request.GET))


@page(WRITERS)
@require_POST
def decide(request: HttpRequest) -> HttpResponse:
    """Join the two, or keep them apart; then the next is shown. Who comes too late is told what was decided."""
    given, me = request.POST, member_of(request)
    pair = _pair(given)
    asked = _asked(given)
    try:
        if given.get("verb") == "join":
            pairing.confirm(pair, me, into=asked.into, knowingly=given.get("knowingly") == "yes")
            said = _("Joined.")
        elif given.get("verb") == "apart":
            pairing.refuse(pair, me)
            said = _("Kept apart.")
        else:
            raise Invalid(_("Nothing was chosen."), _("Join them, or keep them apart."))
    except Invalid as error:
        messages.warning(request, f"{error.message} {error.hint}".strip())
        stays = pairing.is_open((pair.low_id, pair.high_id)) is not None
        return _after(request, Asked(asked.only, pairing.place_of(pair), at=stays, into=asked.into if stays else None))
    kept = [*request.session.get(_KEPT, []), [str(pair.low_id), str(pair.high_id)]]
    request.session[_KEPT] = kept[-_KEPT_MAX:]
    messages.success(request, said, extra_tags=reverse("duplicate_undo"))
    if given.get("next") == "person":
        return redirect("person", asked.into or pair.low_id)
    return _after(request, Asked(asked.only, pairing.place_of(pair)))


@page(WRITERS)
@require_POST
def undo(request: HttpRequest) -> HttpResponse:
    """Take back what one decided last here, step by step, and show it again."""
    kept = list(request.session.get(_KEPT, []))
    asked = _asked(request.POST)
    if not kept:
        messages.info(request, _("There is nothing to take back."))
        return _after(request, asked)
    low, high = kept.pop()
    request.session[_KEPT] = kept
    try:
        pair = pairing.pair_of(UUID(low), UUID(high))
        pairing.reconsider(pair, member_of(request))
    except (Invalid, NotVisible) as error:
        messages.warning(request, f"{error.message} {error.hint}".strip())
        return _after(request, asked)
    messages.success(request, _("Taken back."))
    return _after(request, Asked(asked.only, pairing.place_of(pair), at=True))


def _after(request: HttpRequest, asked: Asked) -> HttpResponse:
    """The fragment, or where a page without scripts goes on."""
    if request.headers.get("HX-Request"):
        return _shown(request, asked)
    return redirect(f"{reverse('duplicates')}?{_query(asked)}")


def _shown(request: HttpRequest, asked: Asked) -> HttpResponse:
    shell_of(request).current = "people"
    me = member_of(request)
    found = _found(asked, me)
    context = {
        "asked": asked, "filters": FILTERS, "left": pairing.count_open(asked.only, me),
        "undoable": len(request.session.get(_KEPT, [])), "toast_target": "#review",
    }  # fmt: skip
    if found is not None:
        place = pairing.place_of(found)
        shown = suggestion(found, me, asked.into)
        context |= {
            "one": shown, "here": _query(Asked(asked.only, place, at=True)),
            "next": _query(Asked(asked.only, place)), "previous": _query(Asked(asked.only, place, back=True)),
            "swapped": _query(Asked(asked.only, place, at=True, into=shown.goes.id)), "place": str(place),
        }  # fmt: skip
    fragment = request.headers.get("HX-Request")
    return render(request, "web/people/review_swap.html" if fragment else "web/people/duplicates.html", context)


def _found(asked: Asked, me: object) -> Pair | None:
    """The one asked for, else the nearest; from the end on it begins anew, so that what was passed over comes again."""
    given = {"only": asked.only, "member": me}
    if asked.at and asked.place is not None:
        same = pairing.is_open((asked.place.low, asked.place.high))
        if same is not None:
            return same
    near = pairing.open_pairs(asked.place, back=asked.back, **given)  # type: ignore[arg-type]
    return next(iter(near or pairing.open_pairs(None, **given)), None)  # type: ignore[arg-type]


def _asked(given: QueryDict) -> Asked:
    only = given.get("only", "")
    text = next((str(given[name]) for name in ("at", "before", "after") if given.get(name)), "")
    return Asked(
        only if only in pairing.FILTERS else "", pairing.read_place(text), at=bool(given.get("at")),
        back=bool(given.get("before")) and not given.get("at"), into=uuid_or_none(given.get("into", "")),
    )  # fmt: skip


def _query(asked: Asked) -> str:
    name = "at" if asked.at else "before" if asked.back else "after"
    given = {
        "only": asked.only, name: str(asked.place) if asked.place else "", "into": str(asked.into) if asked.into else ""
    }  # fmt: skip
    return urlencode({key: value for key, value in given.items() if value})


def _pair(given: QueryDict) -> Pair:
    low, high = uuid_or_none(given.get("low", "")), uuid_or_none(given.get("high", ""))
    if low is None or high is None:
        raise NotVisible(_("There is no such suggestion."))
    return pairing.pair_of(low, high)
