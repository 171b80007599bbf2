"""Teams and business hours."""

import re
from functools import partial
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from rapport.conversations.spreading import settle, spread
from rapport.core import events, notify, scope
from rapport.core.errors import NotVisible
from rapport.staff.models import BusinessHours, Team
from rapport.web.account import time_zones
from rapport.web.rights import ADMINS, member_of, page
from rapport.web.shell import shell_of

_DAYS = (
    lazy("Monday"), lazy("Tuesday"), lazy("Wednesday"), lazy("Thursday"), lazy("Friday"), lazy("Saturday"),
    lazy("Sunday"),
)  # fmt: skip
_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\s*[-–]\s*([01]\d|2[0-3]|24):([0-5]\d)")


class TeamForm(forms.ModelForm):  # type: ignore[type-arg]
    """A team."""

    class Meta:
        model = Team
        fields = (
            "name", "description", "is_open", "confidential", "hours", "taken_by", "at_once", "hand_over", "is_active",
        )  # fmt: skip
        labels = {
            "name": lazy("Name"),
            "description": lazy("Description"),
            "is_open": lazy("Everybody may see its conversations"),
            "confidential": lazy("Its conversations are confidential: seen by the team alone"),
            "hours": lazy("Business hours"),
            "taken_by": lazy("Who takes what comes to the team"),
            "at_once": lazy("At most so many at once"),
            "hand_over": lazy("When a member’s shift ends or an absence begins"),
            "is_active": lazy("In use"),
        }
        help_texts = {
            "taken_by": lazy(
                "What cannot be given to anybody yet waits in the team’s queue. What a rule of the policy gives to a"
                " member waits there in either case."
            ),
            "at_once": lazy(
                "One member is given no more than this within ten minutes: what comes in heaps is spread, and who comes"
                " back is not given everything at once."
            ),
            "hand_over": lazy(
                "They go to whoever is there and has room, or else comes first. Where they are suggested, the member is"
                " told half an hour before and nothing is moved."
            ),
        }
        widgets = {"description": forms.Textarea(attrs={"rows": 2})}

    def clean(self) -> dict[str, object]:
        """A confidential team cannot be open too, and a new one needs an address of its own."""
        given = super().clean() or {}
        if given.get("confidential") and given.get("is_open"):
            self.add_error("is_open", _("A confidential team cannot be open to everybody."))
        if not self.instance.slug and given.get("name"):
            slug = slugify(str(given["name"]))[:80]
            if not slug or Team.objects.filter(slug=slug).exists():
                self.add_error("name", _("Another team has nearly this name. Choose one that differs more."))
            self.instance.slug = slug
        return given


class HoursForm(forms.ModelForm):  # type: ignore[type-arg]
    """Business hours, a line a day."""

    time_zone = forms.ChoiceField(choices=time_zones, label=lazy("Time zone"))

    class Meta:
        model = BusinessHours
        fields = ("name", "time_zone", "holidays")
        labels = {"name": lazy("Name"), "holidays": lazy("Holidays of this country")}
        help_texts = {"holidays": lazy("Its code, such as DE, US or US-CA. Empty: none.")}

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        blocks = self.instance.blocks or []
        for number, day in enumerate(_DAYS):
            spans = ", ".join(f"{block[1]}-{block[2]}" for block in blocks if block[0] == number)
            self.fields[f"day{number}"] = forms.CharField(
                label=day, required=False, initial=spans, max_length=200,
                help_text=_("Such as 09:00-12:30, 13:30-17:30. Empty: closed.") if number == 0 else "",
            )  # fmt: skip

    def clean(self) -> dict[str, object]:
        """Make blocks of the lines; name the line that cannot be read."""
        given = super().clean() or {}
        blocks: list[list[object]] = []
        for number in range(7):
            for part in filter(None, (one.strip() for one in str(given.get(f"day{number}") or "").split(","))):
                found = _SPAN.fullmatch(part)
                if not found or found[1] + found[2] >= found[3] + found[4] or found[3] + found[4] > "2400":
                    self.add_error(
                        f"day{number}", _("“%(part)s” is no span of a day. Write it as 09:00-17:30.") % {"part": part}
                    )
                else:
                    blocks.append([number, f"{found[1]}:{found[2]}", f"{found[3]}:{found[4]}"])
        self.instance.blocks = blocks
        return given


@page(ADMINS)
def team_new(request: HttpRequest) -> HttpResponse:
    """Add a team."""
    return _team(request, TeamForm(request.POST or None), "team.added", _("New team"))


@page(ADMINS)
def team(request: HttpRequest, team_id: UUID) -> HttpResponse:
    """Change a team."""
    found = Team.objects.filter(id=team_id).first()
    if found is None:
        raise NotVisible(_("There is no such team."))
    return _team(request, TeamForm(request.POST or None, instance=found), "team.changed", found.name)


def _team(request: HttpRequest, form: TeamForm, kind: str, title: str) -> HttpResponse:
    shell_of(request).current = "staff"
    if request.method == "POST" and form.is_valid():
        saved = form.save()
        with scope.system():
            spread(saved)
        # Nothing is lost where this fails: the worker does the same within a minute.
        transaction.on_commit(partial(settle, saved.id), robust=True)
        # Who looks at a page comes back and sees what they may see by now.
        notify.changed("team", saved.id, [])
        events.record(
            kind, actor_id=member_of(request).id, data={"team": str(saved.id), "confidential": saved.confidential}
        )
        notify.wake(notify.HANDING_CHANNEL)
        messages.success(request, _("%(name)s is saved.") % {"name": saved.name})
        return redirect("staff")
    return render(request, "web/admin/form.html", {"form": form, "title": title, "back": "staff"})


@page(ADMINS)
def hours_new(request: HttpRequest) -> HttpResponse:
    """Add business hours."""
    return _hours(request, HoursForm(request.POST or None), _("New business hours"))


@page(ADMINS)
def hours(request: HttpRequest, hours_id: UUID) -> HttpResponse:
    """Change business hours."""
    found = BusinessHours.objects.filter(id=hours_id).first()
    if found is None:
        raise NotVisible(_("There are no such hours."))
    return _hours(request, HoursForm(request.POST or None, instance=found), found.name)


def _hours(request: HttpRequest, form: HoursForm, title: str) -> HttpResponse:
    shell_of(request).current = "staff"
    if request.method == "POST" and form.is_valid():
        saved = form.save()
        events.record(
            "hours.changed", actor_id=member_of(request).id, subject=saved.name, data={"hours": str(saved.id)}
        )
        notify.wake(notify.HANDING_CHANNEL)
        messages.success(request, _("%(name)s is saved.") % {"name": saved.name})
        return redirect("staff")
    return render(request, "web/admin/form.html", {"form": form, "title": title, "back": "staff"})
