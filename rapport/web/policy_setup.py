"""With which other setup of the company a draft is tried on the past: topics, teams, hours, members, what was learned.

It is kept beside the draft, and nothing of it is set up by trying it.
"""

import re
import tomllib
from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext_lazy

from rapport.core.errors import Invalid
from rapport.ownership.kinds import PRIORITY, TEAM, TOPIC
from rapport.ownership.problems import PolicyError, Vocabulary
from rapport.ownership.service import vocabulary
from rapport.ownership.simulate.changed import IGNORED, listed, merged, read, strangers, without
from rapport.web.account import time_zones
from rapport.web.policy_draft import keep_setup, names_of, setup_of
from rapport.web.policy_setup_words import Said, says
from rapport.web.rights import LEADS, page
from rapport.web.shell import shell_of

_FILE_LONG_MAX = 100_000

Plain = dict[str, Any]


def said_of(plain: Mapping[str, Any]) -> list[Said]:
    """All that is otherwise, in words."""
    return [Said(part, name, says(part, name, one)) for part, name, one in listed(plain)]


def _words(text: str) -> list[str]:
    return list(dict.fromkeys(word.strip() for word in text.replace("\n", ",").split(",") if word.strip()))


class _Form(forms.Form):
    """One thing to be otherwise. `names` are those that there are already, of this setup too."""

    part = ""
    title: Any = ""

    def __init__(self, data: Any, names: Vocabulary) -> None:
        super().__init__(data, prefix=self.part)
        self.names = names

    def _offer(self, field: str, of: str, empty: Any) -> None:
        self.fields[field].choices = [("", empty), *self.names.choices(of)]  # type: ignore[attr-defined]

    def plain(self) -> Plain:
        """What it says, as plain data."""
        raise NotImplementedError

    def _named(self, known: str) -> str:
        return str(self.cleaned_data[known] or slugify(self.cleaned_data["name"])[:80])

    def _needs_name(self, known: str) -> None:
        given = self.cleaned_data
        if not given.get(known) and not slugify(given.get("name", "")):
            self.add_error("name", _("Choose one, or write what the new one is called."))


class TopicForm(_Form):
    """A topic’s words, or a new topic."""

    part = "topics"
    title = lazy("A topic’s words, or a new topic")
    topic = forms.ChoiceField(label=lazy("Topic"), required=False)
    name = forms.CharField(label=lazy("Name of a new one"), required=False, max_length=80)
    words = forms.CharField(label=lazy("Words"), widget=forms.Textarea(attrs={"rows": 2}),
                            help_text=lazy("All of them, with commas between."))  # fmt: skip

    def __init__(self, data: Any, names: Vocabulary) -> None:
        super().__init__(data, names)
        self._offer("topic", "topics", lazy("a new one"))

    def clean(self) -> dict[str, Any]:
        """It has a name."""
        self._needs_name("topic")
        return self.cleaned_data

    def plain(self) -> Plain:
        """The words, and of a new one its name."""
        name = {} if self.cleaned_data["topic"] else {"name": self.cleaned_data["name"]}
        return {"topics": {self._named("topic"): {"words": _words(self.cleaned_data["words"]), **name}}}


class TeamForm(_Form):
    """A team’s business hours, or a team that does not exist yet."""

    part = "teams"
    title = lazy("A team’s hours, or a new team")
    team = forms.ChoiceField(label=lazy("Team"), required=False)
    name = forms.CharField(label=lazy("Name of a new one"), required=False, max_length=80)
    hours = forms.ChoiceField(label=lazy("Business hours"), required=False)
    confidential = forms.ChoiceField(
        label=lazy("In confidence"), required=False,
        choices=[("", lazy("as it is")), ("yes", lazy("yes")), ("no", lazy("no"))],
    )  # fmt: skip

    def __init__(self, data: Any, names: Vocabulary) -> None:
        super().__init__(data, names)
        self._offer("team", "teams", lazy("a new one"))
        self._offer("hours", "hours", lazy("as they are"))

    def clean(self) -> dict[str, Any]:
        """It has a name, and of one that is there something is otherwise."""
        self._needs_name("team")
        given = self.cleaned_data
        if given.get("team") and not (given.get("hours") or given.get("confidential")):
            self.add_error("hours", _("Say what would be otherwise."))
        return given

    def plain(self) -> Plain:
        """What would be otherwise."""
        given = self.cleaned_data
        said: Plain = {} if given["team"] else {"name": given["name"]}
        said |= {"hours": given["hours"]} if given["hours"] else {}
        said |= {"confidential": given["confidential"] == "yes"} if given["confidential"] else {}
        return {"teams": {self._named("team"): said}}


class HoursForm(_Form):
    """Business hours: other ones, or new ones for a team."""

    part = "hours"
    title = lazy("Business hours")
    name = forms.CharField(label=lazy("Name"), max_length=80, help_text=lazy("Of those to change, or of new ones."))
    time_zone = forms.ChoiceField(
        choices=time_zones, label=lazy("Time zone"), initial=timezone.get_current_timezone_name
    )
    days = forms.MultipleChoiceField(
        label=lazy("Days"), widget=forms.CheckboxSelectMultiple, initial=list("01234"),
        choices=[("0", lazy("Monday")), ("1", lazy("Tuesday")), ("2", lazy("Wednesday")), ("3", lazy("Thursday")),
                 ("4", lazy("Friday")), ("5", lazy("Saturday")), ("6", lazy("Sunday"))],
    )  # fmt: skip
    opens = forms.TimeField(label=lazy("From"), initial="09:00", widget=forms.TimeInput(attrs={"type": "time"}))
    closes = forms.TimeField(
        label=pgettext_lazy("dates", "To"), initial="17:00", widget=forms.TimeInput(attrs={"type": "time"})
    )

    def plain(self) -> Plain:
        """The same hours on each of the days."""
        given = self.cleaned_data
        blocks = [[int(day), f"{given['opens']:%H:%M}", f"{given['closes']:%H:%M}"] for day in given["days"]]
        return {"hours": {given["name"].strip(): {"time_zone": given["time_zone"], "blocks": blocks}}}


class MemberForm(_Form):
    """In which teams somebody is, and how much they can take."""

    part = "members"
    title = lazy("A member’s teams and capacity")
    member = forms.ChoiceField(label=lazy("Member"))
    teams = forms.MultipleChoiceField(
        label=lazy("Their teams"), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=lazy("All of them; none is chosen: as they are."),
    )  # fmt: skip
    capacity = forms.IntegerField(
        label=lazy("Capacity"), required=False, min_value=1, max_value=1000, help_text=lazy("Empty: as it is.")
    )

    def __init__(self, data: Any, names: Vocabulary) -> None:
        super().__init__(data, names)
        self._offer("member", "members", "–")
        self.fields["teams"].choices = names.choices("teams")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Something is otherwise."""
        if not (self.cleaned_data.get("teams") or self.cleaned_data.get("capacity")):
            self.add_error("teams", _("Say what would be otherwise."))
        return self.cleaned_data

    def plain(self) -> Plain:
        """What would be otherwise."""
        given = self.cleaned_data
        said: Plain = {"teams": given["teams"]} if given["teams"] else {}
        return {"members": {given["member"]: said | ({"capacity": given["capacity"]} if given["capacity"] else {})}}


class LearnedForm(_Form):
    """What is promised of what was learned, or from which probability on it acts by itself."""

    part = "learned"
    title = lazy("When what was learned acts")
    kind = forms.ChoiceField(
        label=lazy("What was learned of"),
        choices=[(TEAM, lazy("the team")), (TOPIC, lazy("the topic")), (PRIORITY, lazy("the priority"))],
    )
    label = forms.ChoiceField(
        label=lazy("Team or topic"), required=False, help_text=lazy("Promised of this one; else of each not named.")
    )
    precision = forms.IntegerField(
        label=lazy("Promised, of 100"), required=False, min_value=50, max_value=99,
        help_text=lazy("It acts where it kept so much by then."),
    )
    least = forms.IntegerField(
        label=lazy("or acts by itself from so many percent on"), required=False, min_value=1, max_value=100
    )

    def __init__(self, data: Any, names: Vocabulary) -> None:
        super().__init__(data, names)
        of = [(lazy("Teams"), "teams"), (lazy("Topics"), "topics")]
        groups = [(title, [(f"{part}:{one}", one) for one in sorted(names.names[part])]) for title, part in of]
        self.fields["label"].choices = [("", lazy("each")), *groups]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Either the one or the other; and a label of its kind."""
        given = self.cleaned_data
        precision, least, label = (given.get(name) for name in ("precision", "least", "label"))
        if not self.errors and bool(precision) == bool(least):
            self.add_error("precision", _("Write what is promised, or from how many percent on: one of the two."))
        if label and (least or given.get("kind") != _KIND_OF[label.partition(":")[0]]):
            self.add_error("label", _("Choose one of what was learned of, with what is promised of it."))
        return given

    def plain(self) -> Plain:
        """What is promised, of one label or each; or the percent."""
        given = self.cleaned_data
        if given["least"]:
            return {"learned": {given["kind"]: {"from": given["least"]}}}
        label = given["label"].partition(":")[2]
        said = {"labels": {label: given["precision"]}} if label else {"precision": given["precision"]}
        return {"learned": {given["kind"]: said}}


_KIND_OF = {"teams": TEAM, "topics": TOPIC}


class FileForm(_Form):
    """All of it as `[vocabulary]` of a policy file has it."""

    part = "file"
    title = lazy("Everything from a file")
    text = forms.CharField(
        label=lazy("[vocabulary] of a policy file, in TOML"), max_length=_FILE_LONG_MAX,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
    )  # fmt: skip

    def clean_text(self) -> Plain:
        """Its tables."""
        try:
            whole = tomllib.loads(self.cleaned_data["text"])
            found: Plain = whole.get("vocabulary", whole)
            read(found)
        except PolicyError as error:
            raise forms.ValidationError(_said(error)) from error
        except (ValueError, RecursionError) as error:  # also a number, or a nesting, beyond all measure
            raise forms.ValidationError(_no_toml(error)) from error
        return {part: of for part, of in found.items() if part not in IGNORED}

    def plain(self) -> Plain:
        """Its tables."""
        found: Plain = self.cleaned_data["text"]
        return found


def _said(error: PolicyError) -> str:
    return f"{error.message.rstrip('.')}. {error.hint}".strip()


def _no_toml(error: Exception) -> str:
    """Where it is wrong, in words of ours."""
    place = re.search(r"line (\d+), column (\d+)", str(error))
    if place:
        return _("This is no TOML: look at line %(line)s, column %(column)s.") % {"line": place[1], "column": place[2]}
    return _("This is no TOML: it ends too early, perhaps for want of a quotation mark or a bracket.")


_FORMS: tuple[type[_Form], ...] = (TopicForm, TeamForm, MemberForm, HoursForm, LearnedForm, FileForm)


@page(LEADS)
def setup(request: HttpRequest) -> HttpResponse:
    """What is otherwise where a draft is tried; POST adds to it, takes one thing out, or all."""
    shell_of(request).current = "policy"
    kept = setup_of(request)
    names = names_of(request)
    verb = request.POST.get("verb", "") if request.method == "POST" else ""
    if verb == "remove":
        return _keep(request, without(kept, request.POST.get("part", ""), request.POST.get("name", "")))
    if verb == "clear":
        return _keep(request, {})
    shown = [made(request.POST if verb == made.part else None, names) for made in _FORMS]
    given = next((form for form in shown if form.is_bound), None)
    if verb and given is None:
        raise Invalid(_("There is no such change."), _("Load the page again."))
    if given is not None and given.is_valid():
        try:
            return _keep(request, _checked(merged(kept, given.plain())))
        except PolicyError as error:
            given.add_error(None, _said(error))
    context = {"said": said_of(kept), "forms": shown, "open": given.part if given else ""}
    return render(request, "web/policy/setup.html", context)


def _checked(plain: Plain) -> Plain:
    unknown = strangers(read(plain), vocabulary())
    if unknown:
        raise PolicyError(_("There is no %(names)s.") % {"names": ", ".join(unknown[:5])})
    return plain


def _keep(request: HttpRequest, plain: Plain) -> HttpResponse:
    keep_setup(request, plain)
    messages.success(request, _("Drafts are tried with this setup. Nothing of it is set up."))
    return redirect(f"{reverse('policy_try_setup')}#s-said")
