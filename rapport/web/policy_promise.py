"""One promise of the policy, whole: its clocks, what pauses them, and its steps. Written into the draft."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from rapport.core.errors import NotVisible
from rapport.ownership.policy import LEADS, OWNER, PRIORITIES, TEAM
from rapport.ownership.problems import Path, PolicyError, Vocabulary
from rapport.ownership.promising import STEPS_MAX
from rapport.web.policy_draft import draft_of, keep, names_of
from rapport.web.promise_words import CLOCKS
from rapport.web.rights import LEADS as MAY
from rapport.web.rights import page
from rapport.web.shell import shell_of

_EMPTY_ROWS = 3
_SPAN_HELP = lazy("Such as 30m, 4h, 2d or 1d 4h; a day is a working day.")
_PAUSES = (
    ("waiting", lazy("While the last word is ours and they have not answered")),
    ("snoozed", lazy("While it is snoozed until a date")),
)
_DEEDS = (
    ("tell", lazy("Tell")), ("involve", lazy("Involve")), ("reassign", lazy("Give it to")),
    ("priority", lazy("Raise the priority to")),
)  # fmt: skip
_AT_ODD = lazy("Write when, such as 80%, 30m before or 1h after.")
_SPAN_ODD = lazy("Write a time such as 30m, 4h, 2d or 1d 4h; a year at most.")
#: What a policy file is told in its own terms, in those of the form.
_ODD: Mapping[str, Any] = {
    "at": _AT_ODD, "to": lazy("This does not go with what the step does: choose another."),
    "": lazy("Say within which time: the first answer, each next answer, the resolution, or several of these."),
    **dict.fromkeys(CLOCKS, _SPAN_ODD),
}  # fmt: skip
Plain = dict[str, Any]


class StepForm(forms.Form):
    """One step; left empty it is none."""

    all_optional = True
    at = forms.CharField(
        max_length=30, required=False, label=lazy("When"), widget=forms.TextInput(attrs={"placeholder": "80%"})
    )
    clock = forms.ChoiceField(
        required=False, label=lazy("Of"),
        choices=[("", lazy("each clock")), *((key, words[0]) for key, words in CLOCKS.items())],
    )  # fmt: skip
    do = forms.ChoiceField(required=False, label=lazy("Do"), choices=_DEEDS)
    to = forms.ChoiceField(required=False, label=lazy("Whom or what"))

    def __init__(self, data: QueryDict | None, whom: list[Any], **more: Any) -> None:
        super().__init__(data, **more)
        field = self.fields["to"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - for the checker: it is declared above
        field.choices = whom

    def clean(self) -> dict[str, Any]:
        """Half a step is none."""
        given = self.cleaned_data
        if given.get("at", "").strip() and not given.get("to"):
            self.add_error("to", _("Choose whom or what."))
        if given.get("to") and not given.get("at", "").strip():
            self.add_error("at", _AT_ODD)
        return given

    def plain(self) -> Plain:
        """The step as a policy file has it; nothing where it was left empty."""
        given = self.cleaned_data
        if not given["at"].strip() and not given["to"]:
            return {}
        step = {"at": given["at"].strip(), "do": given["do"], "to": given["to"], "clock": given["clock"]}
        return {key: value for key, value in step.items() if value}


class PromiseForm(forms.Form):
    """What is promised, and what happens when it is not kept."""

    all_optional = True
    name = forms.CharField(max_length=120, label=lazy("Name"))
    first_answer = forms.CharField(
        max_length=20, required=False, label=lazy("First answer within"), help_text=_SPAN_HELP
    )
    next_answer = forms.CharField(
        max_length=20, required=False, label=lazy("Each next answer within"),
        help_text=lazy("From a message of theirs after our first answer, until we answer it."),
    )  # fmt: skip
    resolution = forms.CharField(max_length=20, required=False, label=lazy("Resolved within"))
    pause = forms.MultipleChoiceField(
        choices=_PAUSES, required=False, widget=forms.CheckboxSelectMultiple, label=lazy("The resolution pauses"),
    )  # fmt: skip
    hours = forms.ChoiceField(required=False, label=lazy("Hours"))

    def __init__(self, data: QueryDict | None, names: Vocabulary, given: tuple[str, Plain]) -> None:
        name, plain = given
        pause = plain.get("pause", [])
        super().__init__(
            data, initial={**plain, "name": name, "pause": [pause] if isinstance(pause, str) else pause}
        )
        if name:
            self.fields["name"].disabled = True
        hours = self.fields["hours"]
        assert isinstance(hours, forms.ChoiceField)  # noqa: S101 - for the checker: it is declared above
        hours.choices = [("", _("Those of the team")), *names.choices("hours")]
        written, whom = plain.get("steps", []), _whom(names, plain)
        rows = range(min(len(written) + _EMPTY_ROWS, STEPS_MAX))
        if data is not None:
            rows = range(min(sum(key.endswith("-at") for key in data), STEPS_MAX))
        self.steps = [
            StepForm(data, whom, prefix=f"step-{row}", initial=written[row] if row < len(written) else {})
            for row in rows
        ]
        self.places: list[int] = []

    def is_valid(self) -> bool:
        """Whether it and its steps can be read."""
        return all([super().is_valid(), *(step.is_valid() for step in self.steps)])

    @property
    def wrong(self) -> bool:
        """Whether anything needs a change."""
        return bool(self.errors) or any(step.errors for step in self.steps)

    def plain(self) -> Plain:
        """The promise as a policy file has it."""
        given = self.cleaned_data
        plain: Plain = {key: given[key].strip() for key in (*CLOCKS, "hours") if given[key].strip()}
        if given["pause"]:
            plain["pause"] = given["pause"]
        steps = [(place, step.plain()) for place, step in enumerate(self.steps)]
        self.places = [place for place, step in steps if step]
        if self.places:
            plain["steps"] = [step for _place, step in steps if step]
        return plain

    def show(self, error: PolicyError) -> None:
        """Put what is wrong where it is: at a step, a field, or above."""
        for problem in error.problems:
            form, field = self._place(problem.path)
            said = problem.message[:1].upper() + problem.message[1:]
            if problem.message.startswith("expected"):
                said = str(_ODD.get(field, said))
            form.add_error(field if field in form.fields else None, said)

    def _place(self, path: Path) -> tuple[forms.Form, str]:
        inside = path[2:] if path[:1] == ("promises",) else ()
        if inside[:1] == ("steps",) and len(inside) > 1 and isinstance(inside[1], int):
            return self.steps[self.places[inside[1]]], str(inside[2]) if len(inside) > 2 else "at"
        return self, str(inside[0]) if inside else ""


def _whom(names: Vocabulary, plain: Plain) -> list[Any]:
    """Whom or what a step may mean, by groups; what is written already is offered though it is gone."""
    teams = [(f"{TEAM}{slug}", name) for slug, name in names.choices("teams")]
    members = list(names.choices("members"))
    priorities = [(one, str(label)) for one, label in zip(PRIORITIES, _priority_labels(), strict=True)]
    offered = {OWNER, LEADS, *(key for key, _label in (*teams, *members, *priorities))}
    written = [step.get("to", "") for step in plain.get("steps", []) if step.get("to") not in offered]
    return [
        ("", "–"),
        (_("People"), [(OWNER, _("Who answers for it")), (LEADS, _("The leads of the team"))]),
        (_("Teams"), teams), (_("Members"), members), (_("Priorities"), priorities),
        *([(_("Gone"), [(one, one) for one in written])] if written else []),
    ]  # fmt: skip


def _priority_labels() -> tuple[str, ...]:
    return _("Low"), _("Normal"), _("High"), _("Urgent")


@page(MAY)
def promise(request: HttpRequest) -> HttpResponse:
    """Write a promise into the draft: the one that is named, or a new one."""
    shell_of(request).current = "policy"
    draft, name = draft_of(request), request.GET.get("name", "")
    promises: Mapping[str, Plain] = draft.plain.get("promises", {})
    if name and name not in promises:
        raise NotVisible(_("There is no such promise."))
    form = PromiseForm(request.POST or None, names_of(request), (name, dict(promises.get(name, {}))))
    if request.method == "POST" and form.is_valid():
        named = name or form.cleaned_data["name"].strip()
        if named in promises and not name:
            form.add_error("name", _("There is a promise of this name already."))
        else:
            draft.plain["promises"] = {**promises, named: form.plain()}
            try:
                keep(request, draft)
            except PolicyError as error:
                form.show(error)
            else:
                messages.success(request, _("The promise is in the draft. Save the draft to put it in force."))
                return redirect("policy")
    return render(request, "web/policy/promise.html", {"form": form, "name": name})
