"""Saved views: their pages, and their figures beside the sidebar."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from rapport.conversations.asking.language import LENGTH_MAX, read, written
from rapport.conversations.asking.words import help_lines
from rapport.conversations.desk import SavedView
from rapport.conversations.views import (
    COUNTED_MAX,
    counts_of,
    delete_view,
    may_change,
    move_view,
    save_view,
    view_of,
    views_of,
)
from rapport.staff.models import Role, Team
from rapport.web.asking import question_of
from rapport.web.rights import member_of, page
from rapport.web.shell import shell_of

_COUNTED_VIEWS_MAX = 30
_ONESELF, _EVERYONE = "me", "all"


class ViewForm(forms.Form):
    """A view: its name, its filter, its order, and who has it."""

    name = forms.CharField(max_length=80, label=gettext_lazy("Name"))
    query = forms.CharField(
        max_length=LENGTH_MAX, required=False, label=gettext_lazy("Filter"),
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocapitalize": "off", "autocomplete": "off"}),
        help_text=gettext_lazy("As in search, such as team:hr is:late -topic:refund. Empty: all open conversations."),
    )  # fmt: skip
    sort = forms.ChoiceField(
        label=gettext_lazy("Order"),
        choices=[
            ("activity", gettext_lazy("Latest activity first")),
            ("promise", gettext_lazy("Promise, most urgent first")),
            ("newest", gettext_lazy("Newest first")), ("age", gettext_lazy("Oldest first")),
        ],
    )  # fmt: skip
    shared = forms.ChoiceField(label=gettext_lazy("Who has it"))

    def __init__(self, request: HttpRequest, view: SavedView) -> None:
        self.view = view
        super().__init__(
            request.POST or None,
            initial={"name": view.name, "query": view.query, "sort": view.sort, "shared": _shared(view)},
        )
        self.fields["shared"].choices = _audiences(request, view)  # type: ignore[attr-defined]

    def filled(self) -> SavedView:
        """The view as the form has it."""
        given, shared = self.cleaned_data, self.cleaned_data["shared"]
        view = self.view
        view.name, view.query, view.sort = given["name"], written(read(given["query"])), given["sort"]
        view.for_all = shared == _EVERYONE
        view.team_id = UUID(shared) if shared not in (_EVERYONE, _ONESELF) else None
        return view


def _shared(view: SavedView) -> str:
    return _EVERYONE if view.for_all else str(view.team_id) if view.team_id else _ONESELF


def _audiences(request: HttpRequest, view: SavedView) -> list[tuple[str, str]]:
    shell, member = shell_of(request), member_of(request)
    teams: list[Team] = [team for team in shell.all_teams if team.id in shell.team_ids]
    choices = [(_ONESELF, _("Only me"))] if view.member_id == member.id else []
    choices += [(str(team.id), _("Everyone in %(team)s") % {"team": team.name}) for team in teams]
    if member.role in (Role.ADMIN, Role.LEAD):
        choices.append((_EVERYONE, _("Everyone")))
    return choices


@page()
@require_GET
def views(request: HttpRequest) -> HttpResponse:
    """Every view one has, to be put in order, changed or deleted."""
    member = member_of(request)
    shell_of(request).current = "views"
    found = views_of(member)
    prefetch_related_objects(found, "team")
    rows = [(view, may_change(member, view)) for view in found]
    return render(request, "web/views/list.html", {"rows": rows})


@page()
def view_new(request: HttpRequest) -> HttpResponse:
    """Save the filter `?q=` with the order `?sort=` as a view."""
    asked = read(request.GET.get("q", ""))
    sort = request.GET.get("sort", "activity")
    view = SavedView(member=member_of(request), query=written(asked), sort=sort)
    return _form(request, view, _("New view"))


@page()
def view_edit(request: HttpRequest, view_id: UUID) -> HttpResponse:
    """Change a view."""
    view = view_of(view_id)
    return _form(request, view, view.name)


def _form(request: HttpRequest, view: SavedView, title: str) -> HttpResponse:
    shell_of(request).current = "views"
    form = ViewForm(request, view)
    if request.method == "POST" and form.is_valid():
        save_view(member_of(request), form.filled())
        messages.success(request, _("The view %(name)s is saved.") % {"name": view.name})
        return redirect("saved_view", view.id)
    problems = question_of(request, view.query).problems
    context = {"form": form, "title": title, "problems": problems, "help_lines": help_lines(), "view": view}
    return render(request, "web/views/form.html", context)


@page()
@require_POST
def view_delete(request: HttpRequest, view_id: UUID) -> HttpResponse:
    """Delete a view; no conversation goes with it."""
    view = view_of(view_id)
    delete_view(member_of(request), view)
    messages.success(request, _("The view %(name)s is deleted.") % {"name": view.name})
    return redirect("views")


@page()
@require_POST
def view_move(request: HttpRequest, view_id: UUID) -> HttpResponse:
    """Put a view one place up or down."""
    move_view(member_of(request), view_of(view_id), -1 if request.POST.get("step") == "up" else 1)
    return redirect(f"{reverse('views')}#v-{view_id}")


@page()
@require_GET
def view_counts(request: HttpRequest) -> JsonResponse:
    """The figure of each view, in words."""
    looker = question_of(request, "").search.looker
    shown = shell_of(request).saved_views[:_COUNTED_VIEWS_MAX]
    counts = counts_of(shown, member_of(request), looker)
    return JsonResponse({str(key): _figure(count) for key, count in counts.items()})


def _figure(count: int) -> str:
    return f"{COUNTED_MAX:,}+" if count > COUNTED_MAX else str(count) if count else ""
