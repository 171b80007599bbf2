""" "Is this you?": a member asks by mail, and whoever holds the link answers on a page without signing in."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_http_methods

from rapport.channels.models import Channel
from rapport.core import scope
from rapport.core.errors import Invalid, NotVisible
from rapport.outbound import actions, opening
from rapport.outbound.models import Delivery
from rapport.people import merging, questions
from rapport.people.directory.handles import kind_name
from rapport.people.models import Handle, Person, Question
from rapport.people.proofs import EMAIL, Key
from rapport.staff.models import Company, Member, Team
from rapport.web.person_addresses import ask_url
from rapport.web.rights import WRITERS, member_of, page
from rapport.web.shell import shell_of
from rapport.web.throttle import address_of, is_within

_LIMITS = ((20, 600), (60, 86_400))


class AskForm(forms.Form):
    """To which address, by which channel, in which team's name."""

    address = forms.ChoiceField(label=lazy("To"))
    channel = forms.ChoiceField(label=lazy("By"))
    team = forms.ChoiceField(label=lazy("In the name of"))

    def __init__(self, *args: object, handles: list[Handle], channels: list[Channel], teams: list[Team]) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self.fields["address"].choices = [(one.value, one.written or one.value) for one in handles]  # type: ignore[attr-defined]
        self.fields["channel"].choices = [(str(one.id), one.name) for one in channels]  # type: ignore[attr-defined]
        self.fields["team"].choices = [(str(one.id), one.name) for one in teams]  # type: ignore[attr-defined]


@page(WRITERS)
def ask(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """The mail as it would go (?kind=&value= names the handle); POST sends it by the ordinary outbox."""
    shell_of(request).current = "people"
    me = member_of(request)
    person, handles, about = _asked(request, person_id)
    channels = [one for one in opening.channels() if one.kind == EMAIL]
    teams = opening.teams_of(me)
    form = AskForm(request.POST or None, handles=handles, channels=channels, teams=teams)
    if request.method == "POST" and form.is_valid():
        channel = next(one for one in channels if str(one.id) == form.cleaned_data["channel"])
        team = next(one for one in teams if str(one.id) == form.cleaned_data["team"])
        try:
            _send(me, person, form.cleaned_data["address"], about, (channel, team))
        except Invalid as error:
            form.add_error(None, f"{error.message} {error.hint}".strip())
        else:
            messages.success(request, _("They are asked. Their answer will stand here."))
            return redirect("person", person_id)
    context = {
        "form": form, "person": person, "about": about, "kind": kind_name(about.kind),
        "ready": bool(channels and teams and handles), "here": ask_url(person_id, (about.kind, about.value)),
        "language": _language(person),
    }  # fmt: skip
    with translation.override(_language(person)):
        context |= {"subject": _subject(), "words": _words(me, about)}
    return render(request, "web/people/ask.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def is_this_you(request: HttpRequest, secret: str) -> HttpResponse:
    """What the link in the mail shows; only a POST answers. It tells the handle asked about, and nothing else."""
    if not is_within("is-this-you", address_of(request), _LIMITS):
        return _alone(request, "web/people/question_gone.html", {"many": True}, 429)
    found = questions.by_secret(secret)
    if found is None:
        return _alone(request, "web/people/question_gone.html", {}, 404)
    with translation.override(found.language or translation.get_language()):
        said = request.POST.get("answer", "")
        if isinstance(request.user, Member):
            if request.method == "POST":
                raise PermissionDenied
            return _alone(request, "web/people/question.html", _shown(found) | {"member": True})
        if request.method != "POST" or said not in ("yes", "no"):
            return _alone(request, "web/people/question.html", _shown(found))
        answered = questions.answer(secret, said == "yes")
        if answered is None:
            return _alone(request, "web/people/question_gone.html", {}, 404)
        return _alone(request, "web/people/question_done.html", {"yes": said == "yes", "outcome": answered.outcome})


def _asked(request: HttpRequest, person_id: UUID) -> tuple[Person, list[Handle], Handle]:
    """The person, where one could ask them, and the handle; as far as the member sees them."""
    rows = merging.rows_of(person_id)
    person = Person.objects.filter(id__in=rows[:1]).first()
    given = request.GET
    about = Handle.objects.filter(
        kind=given.get("kind", "").replace("\0", ""), value=given.get("value", "").replace("\0", "")
    ).first()  # fmt: skip
    if person is None or about is None:
        raise NotVisible(_("There is no such address."))
    own = Handle.objects.filter(person_id__in=rows, kind=EMAIL, shared=False).order_by("verified_at", "created_at")
    key: Key = (about.kind, about.value)
    return person, [one for one in own if (one.kind, one.value) != key], about


def _send(me: Member, person: Person, address: str, about: Handle, by: tuple[Channel, Team]) -> None:
    """The question and its mail, both or neither."""
    with transaction.atomic():
        question = questions.ask(person.id, address, (about.kind, about.value), me)
        with translation.override(question.language or translation.get_language()):
            subject, text = _subject(), _words(me, about)
        answer = actions.Answer(text=text, to=[(person.name, address)], quote=False)
        delivery = opening.begin(me, opening.Beginning(by[0], by[1], subject), answer)
        with scope.system():
            kept = {**delivery.options, "question": str(question.id)}
            Delivery.objects.filter(conversation_id=delivery.conversation_id, id=delivery.id).update(options=kept)
            Question.objects.filter(id=question.id).update(conversation_id=delivery.conversation_id)


def _subject() -> str:
    return _("Is this you?")


def _words(me: Member, about: Handle) -> str:
    """The mail; where the link will stand is marked, and only what is sent has it."""
    context = {
        "by": me, "company": Company.here().name or "Rapport", "kind": kind_name(about.kind),
        "handle": about.written or about.value, "link": questions.PLACE,
    }  # fmt: skip
    return render_to_string("web/people/question.txt", context).strip()


def _language(person: Person) -> str:
    return person.language or translation.get_language() or "en"


def _shown(found: Question) -> dict[str, object]:
    """As little as can be: the kind and the handle asked about, and for whom it is asked."""
    with scope.system():
        handle = Handle.objects.filter(kind=found.kind, value=found.value).first()
    written = (handle.written if handle else "") or found.value
    return {"kind": kind_name(found.kind), "handle": written, "company": Company.here().name or "Rapport"}


def _alone(request: HttpRequest, template: str, context: dict[str, object], status: int = 200) -> HttpResponse:
    response = render(request, template, context, status=status)
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
