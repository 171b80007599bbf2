"""The tests beside the policy: shown with how they fare against the draft, written, taken from a conversation."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET

from rapport.channels.models import Channel
from rapport.conversations.models import Conversation
from rapport.core.clock import now
from rapport.core.errors import NotVisible
from rapport.ownership.directory import world
from rapport.ownership.forms import Choices, condition_catalogue
from rapport.ownership.policy import PRIORITIES
from rapport.ownership.policy_tests import try_tests
from rapport.ownership.problems import PolicyError, Vocabulary
from rapport.ownership.service import vocabulary
from rapport.ownership.simulate import history
from rapport.ownership.simulate.former import Setups, timeline
from rapport.ownership.simulate.senders import Senders
from rapport.web.condition_words import choices_of
from rapport.web.policy_draft import draft_of, keep
from rapport.web.rights import LEADS, page
from rapport.web.shell import shell_of

_ANY = ("", lazy("It does not matter"))
_DRAWN = (
    "from", "to", "channel", "subject", "text", "relationship", "organization", "topic", "language", "kind", "reply",
    "attachment", "visibility", "held", "time",
)  # fmt: skip
_EXPECTED = ("owner", "topic", "priority", "confidential")


class PolicyTestForm(forms.Form):
    """A message, and what has to follow. What the form does not draw of a test stays as it is."""

    all_optional = True
    name = forms.CharField(max_length=120, label=lazy("What it shows"))

    def __init__(self, data: QueryDict | None, names: Vocabulary, test: dict[str, Any] | None = None) -> None:
        given = test or {"name": "", "message": {}, "expect": {}}
        self._given = given
        initial = {"name": given["name"]}
        initial |= {f"message_{key}": _written(value) for key, value in given["message"].items()}
        initial |= {f"expect_{key}": _written(value) for key, value in given["expect"].items()}
        super().__init__(data, initial=initial)
        self.fields.update(_message_fields(names))
        self.fields.update(_expect_fields(names))

    @property
    def message_fields(self) -> list[forms.BoundField]:
        """The fields of the message."""
        return [self[f"message_{key}"] for key in _DRAWN]

    @property
    def expect_fields(self) -> list[forms.BoundField]:
        """The fields of what is expected."""
        return [self[f"expect_{key}"] for key in _EXPECTED]

    def show(self, error: PolicyError) -> None:
        """Put what is wrong at the field it concerns, or above."""
        for problem in error.problems:
            field = "_".join(map(str, problem.path[2:4]))
            said = problem.message[:1].upper() + problem.message[1:]
            drawn = problem.path[:1] == ("tests",) and field in self.fields
            self.add_error(field if drawn else None, said if drawn else str(problem))
        if not error.problems:
            self.add_error(None, error.message.splitlines())

    def clean(self) -> dict[str, Any]:
        """A test expects something."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and not self.plain()["expect"]:
            self.add_error("expect_owner", _("Say what is expected: an owner, or anything below."))
        return cleaned

    def plain(self) -> dict[str, Any]:
        """The test as a policy file has it."""
        message = {key: value for key, value in self._given["message"].items() if key not in _DRAWN}
        expect = {key: value for key, value in self._given["expect"].items() if key not in _EXPECTED}
        for part, keys, kept in (("message", _DRAWN, message), ("expect", _EXPECTED, expect)):
            for key in keys:
                value = self.cleaned_data.get(f"{part}_{key}")
                if value not in (None, "", []):
                    kept[key] = _read(key, value)
        return {"name": self.cleaned_data["name"], "message": message, "expect": expect}


def _read(key: str, value: str) -> Any:
    if key in ("reply", "attachment", "confidential") or (key == "held" and value in ("yes", "no")):
        return value == "yes"
    if key == "to":
        return [one.strip() for one in value.split(",") if one.strip()]
    return value


def _written(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else value


def _message_fields(names: Vocabulary) -> dict[str, forms.Field]:
    offered = {one.name: choices_of(one) for one in condition_catalogue(names)}
    yes = (("yes", _("Yes")), ("no", _("No")))
    fields: dict[str, forms.Field] = {
        "from": _text(pgettext("sender", "From"), "ann@example.org"), "to": _text(_("To"), "help@example.com"),
        "channel": _choice(_("Channel"), names.choices("channels")),
        "subject": _text(_("Subject")),
        "text": forms.CharField(label=_("Text"), required=False, max_length=5000, help_text=_(
            "Everybody who may read the policy can read this: write words of your own, not a customer’s."
        ), widget=forms.Textarea(attrs={"rows": 4})),
        "relationship": _choice(_("The sender is"), offered["relationship"]),
        "organization": _text(_("Organization")),
        "topic": _choice(_("Topic, where not by its words"), names.choices("topics")),
        "language": _text(_("Language"), "en"),
        "kind": _choice(_("Kind"), offered["kind"]),
        "reply": forms.ChoiceField(label=_("Is a reply"), required=False, choices=(_ANY, *yes)),
        "attachment": forms.ChoiceField(label=_("Has attachments"), required=False, choices=(_ANY, *yes)),
        "visibility": _choice(_("Who can read it"), offered["visibility"]),
        "held": forms.ChoiceField(label=_("Who holds the relationship"), required=False, choices=(
            _ANY, ("yes", _("A member")), ("no", _("Nobody")),
            *((slug, _("A member of %(team)s") % {"team": name}) for slug, name in names.choices("teams")),
        )),
        "time": _choice(_("Business hours"), offered["time"]),
    }  # fmt: skip
    return {f"message_{key}": field for key, field in fields.items()}


def _expect_fields(names: Vocabulary) -> dict[str, forms.Field]:
    yes = (("yes", _("Yes")), ("no", _("No")))
    fields: dict[str, forms.Field] = {
        "owner": _choice(_("Owned by"), names.choices("teams")),
        "topic": _choice(_("Topic"), names.choices("topics")),
        "priority": _choice(_("Priority"), tuple((one, _(one.capitalize())) for one in PRIORITIES)),
        "confidential": forms.ChoiceField(label=_("In confidence"), required=False, choices=(_ANY, *yes)),
    }
    return {f"expect_{key}": field for key, field in fields.items()}


def _text(label: str, placeholder: str = "") -> forms.CharField:
    attrs = {"placeholder": placeholder} if placeholder else {}
    return forms.CharField(label=label, required=False, max_length=500, widget=forms.TextInput(attrs=attrs))


def _choice(label: str, offered: Choices) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, required=False, choices=(_ANY, *offered))


@page(LEADS)
@require_GET
def tests(request: HttpRequest) -> HttpResponse:
    """Every test, and how it fares against the draft."""
    shell_of(request).current = "policy"
    draft = draft_of(request)
    tried = try_tests(draft.policy, world())
    context = {
        "tried": tried,
        "failing": sum(not one.passed for one in tried),
        "draft": draft,
        "team_names": {team.slug: team.name for team in shell_of(request).all_teams},
    }
    return render(request, "web/policy/tests.html", context)


@page(LEADS)
def test(request: HttpRequest, position: int) -> HttpResponse:
    """Write a test (position 0: a new one, perhaps of a conversation) into the draft, or take it out."""
    shell_of(request).current = "policy"
    draft = draft_of(request)
    kept = draft.plain.setdefault("tests", [])
    if position > len(kept):
        raise NotVisible(_("There is no such test."))
    given = kept[position - 1] if position else _of_conversation(request)
    form = PolicyTestForm(request.POST or None, vocabulary(), given)
    if request.method == "POST" and request.POST.get("verb") == "remove" and position:
        kept.pop(position - 1)
        keep(request, draft)
        messages.info(request, _("The test is out of the draft."))
        return redirect("policy_tests")
    if request.method == "POST" and form.is_valid():
        if position:
            kept[position - 1] = form.plain()
        else:
            kept.append(form.plain())
        try:
            keep(request, draft)
        except PolicyError as error:
            form.show(error)
        else:
            messages.success(request, _("The test is in the draft. Save the draft to keep it."))
            return redirect(f"{reverse('policy_tests')}#test-{position or len(kept)}")
    context = {"form": form, "position": position, "of_conversation": "conversation" in request.GET}
    return render(request, "web/policy/test.html", context)


def _of_conversation(request: HttpRequest) -> dict[str, Any] | None:
    """What may be known of a conversation by everybody who reads the policy: its shape, not what was said nor by whom.

    Raises NotVisible for one that one may not see, and for one in confidence.
    """
    given = request.GET.get("conversation", "")
    if not given:
        return None
    try:
        found = Conversation.objects.select_related("owner_team", "topic").filter(id=given, confidential=False).first()
    except (ValueError, forms.ValidationError) as error:
        raise NotVisible(_("There is no such conversation.")) from error
    if found is None:
        raise NotVisible(_("There is no such conversation."))
    with history.read_only():
        past = history.past([found.id], Senders(), Setups(timeline(), now()), None)
    if not past:
        return None
    facts = past[0].facts
    ours = Channel.objects.exclude(address="").values_list("address", flat=True)
    hits = world().matcher.match(facts.subject, facts.folded)
    message: dict[str, Any] = {
        "to": sorted({one.lower() for one in ours} & set(facts.to_addresses)), "channel": facts.channel,
        "relationship": sorted(facts.relationships)[0] if facts.relationships else "unknown",
        "language": facts.language, "kind": facts.kind if facts.kind != "message" else "",
        "reply": facts.is_reply or None, "attachment": facts.has_attachments or None,
        "visibility": "public" if facts.is_public else "", "text": hits[0].word if hits else "",
    }  # fmt: skip
    by_words = hits[0].slug if hits else ""
    agreed = found.topic is None or found.topic.slug == by_words
    expect = {"owner": found.owner_team.slug if found.owner_team else "", "topic": by_words if agreed else ""}
    return {
        "name": "",
        "message": {key: value for key, value in message.items() if value not in (None, "", [])},
        "expect": {key: value for key, value in expect.items() if value},
    }

