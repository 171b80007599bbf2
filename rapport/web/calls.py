"""Writing a call down, in ten seconds."""

from datetime import datetime, timedelta
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from rapport.conversations import calls, queries
from rapport.conversations.models import Conversation
from rapport.core.clock import now
from rapport.core.errors import Invalid
from rapport.outbound import opening
from rapport.people import trees
from rapport.people.models import Person
from rapport.staff.models import Team
from rapport.web.composer import uuid_or_none
from rapport.web.rights import WRITERS, member_of, page

_WHO = (("they", lazy("They called")), ("we", lazy("We called")))


class CallForm(forms.Form):
    """What was said comes first; all else has an answer already."""

    text = forms.CharField(
        label=lazy("What was said"), max_length=50_000, widget=forms.Textarea(attrs={"rows": 4, "autofocus": True})
    )
    who = forms.ChoiceField(label=lazy("Who called"), choices=_WHO, initial="they")
    minutes = forms.IntegerField(label=lazy("Minutes"), required=False, min_value=0, max_value=1440)
    at = forms.DateTimeField(
        label=lazy("When"), required=False, help_text=lazy("Empty: just now."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
    )  # fmt: skip
    subject = forms.CharField(label=lazy("What about"), max_length=300, required=False)
    team = forms.ModelChoiceField(label=lazy("For the team"), queryset=Team.objects.none(), empty_label=None)

    def __init__(self, *args: object, teams: list[Team], is_part: bool) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        if is_part:
            del self.fields["subject"], self.fields["team"]
        else:
            field = self.fields["team"]
            assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - for the type checker
            field.queryset = Team.objects.filter(id__in=[team.id for team in teams])


@page(WRITERS)
def log(request: HttpRequest) -> HttpResponse:
    """Write a call into a conversation (?conversation=), or begin one with it (?person=)."""
    conversation, person = _about(request)
    teams = opening.teams_of(member_of(request))
    form = CallForm(request.POST or None, teams=teams, is_part=conversation is not None)
    if request.method == "POST" and form.is_valid():
        try:
            return _log(request, form, conversation, person)
        except Invalid as error:
            form.add_error(None, f"{error.message} {error.hint}".strip())
    given = {"form": form, "conversation": conversation, "person": person, "teams": teams}
    return render(request, "web/calls/log.html", given)


def _log(
    request: HttpRequest, form: CallForm, conversation: Conversation | None, person: Person | None
) -> HttpResponse:
    given, me = form.cleaned_data, member_of(request)
    call = calls.Call(
        text=given["text"], they_called=given["who"] == "they", at=_when(given["at"], given["minutes"]),
        minutes=given["minutes"], person_id=person.id if person else None,
    )  # fmt: skip
    if conversation is not None:
        message = calls.log_in(conversation.id, me, call)
    else:
        message = calls.log_new(me, given["team"], given["subject"], call)
    messages.success(request, _("The call is written down."))
    return redirect("conversation", conversation_id=message.conversation_id)


def _when(given: datetime | None, minutes: int | None) -> datetime:
    """When it began: as given, else so that it has just ended."""
    if given is not None:
        return given if timezone.is_aware(given) else timezone.make_aware(given)
    return now() - timedelta(minutes=min(minutes or 0, 1440))


def _about(request: HttpRequest) -> tuple[Conversation | None, Person | None]:
    asked = uuid_or_none(request.GET.get("conversation", ""))
    conversation = queries.get_conversation(asked) if asked else None
    wanted: UUID | None = uuid_or_none(request.GET.get("person", ""))
    person = Person.objects.filter(id=wanted).first() if wanted else None
    trees.call([person])
    return conversation, person or (conversation.person if conversation else None)
