"""What people are written to for, how long what they said is kept, and who was erased. Everybody reads it."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from rapport.channels.models import Channel
from rapport.conversations.models import Conversation
from rapport.core import events, scope
from rapport.core.clock import now
from rapport.core.errors import Invalid, NotVisible
from rapport.inbound.privacy import retaining
from rapport.people import consenting
from rapport.people.models import Erasure, Needs, Person, Purpose, RelationshipKind, RetentionRule
from rapport.web.person_rights import counted
from rapport.web.rights import ADMINS, EVERYBODY, member_of, page
from rapport.web.shell import shell_of

_ERASURES_SHOWN = 20
_NEW_MAX = 20
_WHO = (
    ("nobody", lazy("Who is nothing to us")), ("anybody", lazy("Everybody")),
    ("these", lazy("Who is nothing else to us than:")),
)  # fmt: skip


class RuleForm(forms.ModelForm):  # type: ignore[type-arg]
    """One rule of retention."""

    who = forms.ChoiceField(label=lazy("Whose messages"), choices=_WHO)
    relationships = forms.MultipleChoiceField(
        label=lazy("Relationships"), choices=RelationshipKind.choices, required=False,
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    channel = forms.ModelChoiceField(
        Channel.objects.none(), label=lazy("Channel"), required=False, empty_label=lazy("All channels")
    )
    days = forms.IntegerField(
        label=lazy("Keep for (days)"), min_value=1, max_value=36_500,
        help_text=lazy("A message is due when it is older; a person when nothing newer was said and nothing is open."),
    )  # fmt: skip

    class Meta:
        model = RetentionRule
        fields = ("name", "channel", "who", "relationships", "only_spam", "days", "act")
        labels = {
            "name": lazy("Name"), "act": lazy("Then"), "only_spam": lazy("Only what was marked as spam"),
        }  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        channel: Any = self.fields["channel"]
        channel.queryset = Channel.objects.order_by("name")
        one = self.instance
        self.fields["who"].initial = "anybody" if one.anybody else "these" if one.relationships else "nobody"

    def clean(self) -> dict[str, Any]:
        """Who, as the rule keeps it."""
        found: dict[str, Any] = super().clean() or {}
        if found.get("who") == "these" and not found.get("relationships"):
            self.add_error("relationships", _("Choose at least one."))
        if found.get("who") != "these":
            found["relationships"] = []
        self.instance.anybody = found.get("who") == "anybody"
        return found


@page()
def privacy(request: HttpRequest) -> HttpResponse:
    """Purposes, rules of retention, and the latest erasures, without a name."""
    shell_of(request).current = "privacy"
    with scope.system():
        erasures = list(Erasure.objects.order_by("-made_at")[:_ERASURES_SHOWN])
    context = {
        "purposes": consenting.purposes(all_of_them=True), "needs": Needs.choices,
        "rules": list(RetentionRule.objects.select_related("channel")),
        "erasures": [(one, counted(one.seen.get("counts", {}))) for one in erasures],
    }  # fmt: skip
    return render(request, "web/privacy/page.html", context)


@page(ADMINS)
@require_POST
def purposes(request: HttpRequest) -> HttpResponse:
    """Save the list of purposes as the form has it; one more where a name was given for it."""
    given = request.POST
    with transaction.atomic():
        for number, one in enumerate(consenting.purposes(all_of_them=True)):
            one.name = given.get(f"name-{one.slug}", "").replace("\0", "").strip()[:80] or one.name
            needs = given.get(f"needs-{one.slug}", "")
            one.needs = needs if needs in Needs.values else one.needs
            one.is_active, one.position = given.get(f"active-{one.slug}") == "yes", number
            one.save(force_insert=not Purpose.objects.filter(slug=one.slug).exists())
        fresh = given.get("name", "").replace("\0", "").strip()[:80]
        if fresh:
            _add_purpose(fresh, given.get("needs", ""))
    events.record("purposes.changed", actor_id=member_of(request).id)
    messages.success(request, _("The purposes are saved."))
    return redirect("privacy")


def _add_purpose(name: str, needs: str) -> None:
    slug = slugify(name)[:36] or "purpose"
    taken = set(Purpose.objects.values_list("slug", flat=True)) | {"contact"}
    slug = next(one for one in (slug, *(f"{slug}-{n}" for n in range(2, 100))) if one not in taken)
    if len(taken) > _NEW_MAX:
        raise Invalid(_("There are enough purposes."), _("Rename one that is not used."))
    Purpose.objects.create(
        slug=slug, name=name, needs=needs if needs in Needs.values else Needs.CONSENT, position=len(taken)
    )


@page(ADMINS)
def rule_new(request: HttpRequest) -> HttpResponse:
    """A new rule, off until it was looked at."""
    return _form(request, RetentionRule(member=member_of(request)))


@page(EVERYBODY, to_change=ADMINS)
def rule(request: HttpRequest, rule_id: UUID) -> HttpResponse:
    """A rule, what it would take now as far as one may see, and the switch."""
    return _form(request, _rule(rule_id))


def _form(request: HttpRequest, found: RetentionRule) -> HttpResponse:
    shell_of(request).current = "privacy"
    form = RuleForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        saved = form.save(commit=False)
        # What was changed is off until somebody looked at what it takes now.
        saved.is_on, saved.previewed_at, saved.running, saved.ran_at = False, None, 0, None
        saved.save()
        _log(request, saved)
        messages.success(request, _("Saved. It is off: look at what it would take, then turn it on."))
        return redirect("retention", saved.id)
    context: dict[str, Any] = {"form": form, "rule": found if not found._state.adding else None}
    if context["rule"] is not None:
        seen = retaining.preview(found)
        if member_of(request).role in ADMINS and seen.count is not None:
            RetentionRule.objects.filter(id=found.id).update(previewed_at=now())
        context |= {
            "preview": seen,
            "conversations": list(Conversation.objects.filter(id__in=seen.conversations)),
            "people": list(Person.objects.filter(id__in=seen.people)),
        }  # fmt: skip
    return render(request, "web/privacy/rule.html", context)


@page(ADMINS)
@require_POST
def rule_switch(request: HttpRequest, rule_id: UUID) -> HttpResponse:
    """Turn a rule on, once somebody looked at what it takes; or off."""
    found = _rule(rule_id)
    on = request.POST.get("on") == "yes"
    if on and found.previewed_at is None:
        raise Invalid(_("Nobody looked yet at what this rule would take."), _("Look at its page first."))
    RetentionRule.objects.filter(id=found.id).update(is_on=on)
    found.is_on = on
    _log(request, found)
    messages.success(request, _("It is on and runs once a day.") if on else _("It is off."))
    return redirect("retention", found.id)


@page(ADMINS)
@require_POST
def rule_remove(request: HttpRequest, rule_id: UUID) -> HttpResponse:
    """Remove a rule; what it took stays taken."""
    found = _rule(rule_id)
    found.is_on = False
    _log(request, found)
    found.delete()
    messages.success(request, _("Removed."))
    return redirect("privacy")


def _log(request: HttpRequest, found: RetentionRule) -> None:
    data = {
        "rule": str(found.id), "act": found.act, "days": found.days, "on": found.is_on,
        "channel": str(found.channel_id or ""), "relationships": list(found.relationships),
    }  # fmt: skip
    events.record("retention.changed", actor_id=member_of(request).id, data=data)


def _rule(rule_id: UUID) -> RetentionRule:
    found = RetentionRule.objects.filter(id=rule_id).select_related("channel").first()
    if found is None:
        raise NotVisible("There is no such rule.")
    return found
