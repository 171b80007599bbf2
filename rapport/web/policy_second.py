"""A second opinion from an endpoint elsewhere: set up, tried, switched on and off by administrators."""

import time
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from rapport.channels.secrets import unseal
from rapport.core import events, scope
from rapport.core.errors import Invalid, RapportError
from rapport.ownership import lessons
from rapport.ownership.kinds import TEAM, TOPIC
from rapport.ownership.second import asking, keeping
from rapport.ownership.second.keeping import CHARACTERS_MOST, REQUESTS_MOST, Given
from rapport.ownership.second.models import Endpoint
from rapport.ownership.second.wording import Nonsense
from rapport.web import locales
from rapport.web.rights import ADMINS, member_of, page
from rapport.web.second_show import section
from rapport.web.shell import shell_of

_MADE_UP = {
    "subject": "Where is my parcel?",
    "text": "Hello, two weeks ago I ordered a kettle from you, and it has not come yet. Where is it? [name]",
}
_KINDS = [(TEAM, lazy("Who owns it")), (TOPIC, lazy("What it is about"))]


class EndpointForm(forms.Form):
    """Where it is, which model and key, what it is asked about, and what it may cost in a day."""

    url = forms.CharField(
        label=lazy("Base address"), max_length=300,
        help_text=lazy("Of an OpenAI-compatible API, such as https://api.example.org/v1."),
    )  # fmt: skip
    model = forms.CharField(label=lazy("Model"), max_length=120, help_text=lazy("As the endpoint calls it."))
    key = forms.CharField(
        label=lazy("Key"), required=False, max_length=500, widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=lazy("Kept encrypted. Empty where the endpoint asks for none."),
    )  # fmt: skip
    kinds = forms.MultipleChoiceField(
        label=lazy("What it is asked about"), choices=_KINDS, widget=forms.CheckboxSelectMultiple
    )
    requests_a_day = forms.IntegerField(label=lazy("Requests a day"), min_value=0, max_value=REQUESTS_MOST)
    characters_a_day = forms.IntegerField(
        label=lazy("Characters a day"), min_value=0, max_value=CHARACTERS_MOST,
        help_text=lazy("Of all that is sent, the list of labels included. Four make about one token."),
    )  # fmt: skip

    def __init__(self, data: Any, row: Endpoint) -> None:
        names = ("url", "model", "requests_a_day", "characters_a_day")
        initial = {name: getattr(row, name) for name in names} | {"kinds": row.kinds or [TEAM]}
        super().__init__(data, initial=initial)
        self.row = row
        if row.secrets:
            self.fields["key"].help_text = lazy("Leave empty to keep the stored one.")
            self.fields["no_key"] = forms.BooleanField(label=lazy("Forget the stored key"), required=False)

    def clean(self) -> dict[str, Any]:
        """Each mistake at its field."""
        given = super().clean() or {}
        for name, check in (("url", keeping.checked_url), ("key", keeping.checked_key)):
            try:
                given[name] = check(given.get(name, "")) if name not in self.errors else ""
            except Invalid as error:
                self.add_error(name, f"{error.message} {error.hint}".strip())
        if "url" not in self.errors and keeping.needs_key(
            self.row, given["url"], given.get("key", ""), no_key=bool(given.get("no_key"))
        ):  # fmt: skip
            self.add_error("key", _("For another address, enter the key again."))
        return given

    def given(self) -> Given:
        """What was entered."""
        return Given(**{"no_key": False} | self.cleaned_data)

    def tried(self) -> tuple[Endpoint, str]:
        """The endpoint as entered, not stored, and the key that is asked with."""
        given, row = self.given(), Endpoint()
        row.url, row.model, row.kinds = given.url, given.model.strip(), list(given.kinds)
        row.requests_a_day, row.characters_a_day = given.requests_a_day, given.characters_a_day
        stored = "" if given.no_key else unseal(bytes(self.row.secrets)).get("key", "")
        return row, given.key or stored


@page(ADMINS)
def second(request: HttpRequest) -> HttpResponse:
    """Set it up, try it with a message that is made up, switch it on and off."""
    shell_of(request).current = "policy"
    verb, actor, row = request.POST.get("verb", ""), member_of(request), keeping.here()
    if request.method == "POST" and verb in ("on", "off"):
        return _switched(request, verb == "on")
    form = EndpointForm(request.POST if request.method == "POST" else None, row)
    shown: dict[str, Any] = {}
    if form.is_bound and form.is_valid():
        if verb == "try":
            shown = _tried(form, actor.id)
            if form.cleaned_data["key"]:
                form["key"].help_text = _("Enter it once more to save it: no page repeats a key.")
        else:
            keeping.save(form.given(), actor.id)
            messages.success(request, _("The endpoint is saved."))
            return redirect("policy_second")
    with scope.system():
        told = section("", [])
    context = {"form": form, "row": row, "tried": shown, "made_up": _MADE_UP, "second": told}
    return render(request, "web/policy/second_page.html", context)


def _switched(request: HttpRequest, on: bool) -> HttpResponse:
    try:
        keeping.switch(on, member_of(request).id)
    except Invalid as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
    else:
        said = _("It is asked about what comes from now on.") if on else _("It is off: nothing is sent any more.")
        messages.success(request, said)
    return redirect("policy_second")


def _tried(form: EndpointForm, actor_id: Any) -> dict[str, Any]:
    """What it says of the made-up message, by kind in words; or what is wrong."""
    with scope.system():
        choices = {kind: labels for kind in form.given().kinds if (labels := lessons.labels(kind))}
        events.record(keeping.TRIED, actor_id=actor_id, data={"host": keeping.host_of(form.given().url)})
    if not choices:
        return {"problem": _("There are no teams or topics to choose from yet.")}
    began = time.monotonic()
    try:
        row, key = form.tried()
        reply = asking.ask(row, key, choices, _MADE_UP, lambda characters: _reserved(row, characters))
    except asking.Spent:
        return {"problem": _("Today’s budget has not so much left.")}
    except Nonsense:
        return {"problem": _("What answers there is no OpenAI-compatible endpoint: its answer cannot be read.")}
    except RapportError as error:
        return {"problem": f"{error.message} {error.hint}".strip()}
    with scope.system():
        keeping.count(tokens=reply.tokens)
    names = {kind: dict(labels) for kind, labels in choices.items()}
    lines = [
        (str(dict(_KINDS)[kind]), names[kind].get(reply.said[kind].label, "").partition(".")[0],
         locales.percent(reply.said[kind].sure))
        if kind in reply.said else (str(dict(_KINDS)[kind]), _("no opinion"), "")
        for kind in choices
    ]  # fmt: skip
    return {"lines": lines, "seconds": f"{time.monotonic() - began:.1f}", "plain": reply.plain}


def _reserved(row: Endpoint, characters: int) -> bool:
    with scope.system():
        return keeping.reserve(row, characters)
