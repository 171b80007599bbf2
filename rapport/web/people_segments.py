"""Segments of the directory: saved, renamed, shared, deleted."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from rapport.core.errors import Invalid, NotVisible
from rapport.people.directory.segments import delete_segment, may_change, save_segment, segment_of
from rapport.people.models import Segment, Subject
from rapport.staff.models import Role
from rapport.web.people_asking import Listing, listing_of
from rapport.web.rights import member_of, page
from rapport.web.shell import shell_of

_ONESELF, _EVERYONE = "me", "all"


class SegmentForm(forms.Form):
    """The name of a segment, and who has it."""

    name = forms.CharField(max_length=80, label=lazy("Name"), widget=forms.TextInput(attrs={"autofocus": True}))
    shared = forms.ChoiceField(label=lazy("Who has it"))

    def __init__(self, request: HttpRequest, segment: Segment) -> None:
        self.segment = segment
        shared = _EVERYONE if segment.for_all else str(segment.team_id) if segment.team_id else _ONESELF
        super().__init__(request.POST or None, initial={"name": segment.name, "shared": shared})
        self.fields["shared"].choices = _audiences(request, segment)  # type: ignore[attr-defined]

    def filled(self) -> Segment:
        """The segment as the form has it."""
        shared = self.cleaned_data["shared"]
        self.segment.name = self.cleaned_data["name"]
        self.segment.for_all = shared == _EVERYONE
        self.segment.team_id = UUID(shared) if shared not in (_EVERYONE, _ONESELF) else None
        return self.segment


@page()
def segment_new(request: HttpRequest, subject: str) -> HttpResponse:
    """Save the filter in the address under a name."""
    if subject not in Subject.values:
        raise NotVisible("There is no such list.")
    listing = listing_of(request, Subject(subject))
    if listing.asked.is_empty:
        raise Invalid(_("There is nothing to save: the list is not narrowed."), _("Choose a filter first."))
    segment = Segment(subject=subject, member=member_of(request), query=listing.asked.query())
    return _form(request, segment, listing, _("New segment"))


@page()
def segment_change(request: HttpRequest, segment_id: UUID) -> HttpResponse:
    """Rename or share a segment; with `what=filter`, make the filter in the address that of the segment."""
    segment = segment_of(segment_id)
    listing = listing_of(request, Subject(segment.subject), segment)
    if request.method == "POST" and request.POST.get("what") == "filter":
        save_segment(member_of(request), segment, listing.asked.query())
        messages.success(request, _("The segment %(name)s is saved.") % {"name": segment.name})
        return redirect(f"{listing.url}?segment={segment.id}")
    return _form(request, segment, listing, segment.name)


@page()
@require_POST
def segment_delete(request: HttpRequest, segment_id: UUID) -> HttpResponse:
    """Delete a segment; nobody goes with it."""
    segment = segment_of(segment_id)
    name = segment.name
    delete_segment(member_of(request), segment)
    messages.success(request, _("The segment %(name)s is deleted.") % {"name": name})
    return redirect("people" if segment.subject == Subject.PERSON else "organizations")


def _form(request: HttpRequest, segment: Segment, listing: Listing, title: str) -> HttpResponse:
    shell_of(request).current = "people"
    form = SegmentForm(request, segment)
    if request.method == "POST" and form.is_valid():
        saved = save_segment(member_of(request), form.filled())
        messages.success(request, _("The segment %(name)s is saved.") % {"name": saved.name})
        return redirect(f"{listing.url}?segment={saved.id}")
    back = f"{listing.url}{listing.query}" if segment._state.adding else f"{listing.url}?segment={segment.id}"
    words = [f"“{listing.asked.q}”"] if listing.asked.q else []
    words += [chip.text for chip in listing.chips]
    context = {"form": form, "title": title, "back": back, "words": words}
    return render(request, "web/people/segment.html", context)


def _audiences(request: HttpRequest, segment: Segment) -> list[tuple[str, str]]:
    shell, member = shell_of(request), member_of(request)
    found = [(_ONESELF, _("Only me"))] if segment.member_id == member.id else []
    found += [
        (str(team.id), _("Everyone in %(team)s") % {"team": team.name})
        for team in shell.all_teams
        if team.id in shell.team_ids or team.id == segment.team_id
    ]
    may = member.role in (Role.ADMIN, Role.LEAD) and (segment._state.adding or may_change(member, segment))
    return [*found, *([(_EVERYONE, _("Everyone"))] if may else [])]


