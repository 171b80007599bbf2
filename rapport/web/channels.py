"""The connected accounts: how they are, in plain words; connecting, changing, trying and pausing them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from rapport.channels import keeping, registry
from rapport.channels.base import Connector
from rapport.channels.kinds.webchat import names
from rapport.channels.models import Channel
from rapport.core import scope
from rapport.core.errors import Invalid, NotVisible, RapportError
from rapport.inbound import signs
from rapport.inbound.models import RawItem
from rapport.web.channel_form import ChannelForm
from rapport.web.mailbox_form import MailboxForm
from rapport.web.rights import ADMINS, member_of, page
from rapport.web.shell import shell_of

_GROUPS = ("mail", "site", "social", "web", "messengers", "chat", "phone", "reviews", "work", "other")


@dataclass(frozen=True, slots=True)
class Shown:
    """A channel with its kind in words, and what waits in it."""

    channel: Channel
    label: str
    waiting: int
    quarantined: int


@page(ADMINS)
@require_GET
def channels(request: HttpRequest) -> HttpResponse:
    """Every channel with its health."""
    shell_of(request).current = "channels"
    with scope.system():
        counts = RawItem.objects.values("channel_id").annotate(
            waiting=Count("id", filter=Q(state="received")), quarantined=Count("id", filter=Q(state="quarantined"))
        )
        rows = counts.filter(state__in=("received", "quarantined"))
        by_channel: dict[UUID, Any] = {row["channel_id"]: row for row in rows}
    found = [_shown(one, by_channel.get(one.id, {})) for one in Channel.objects.all()]
    missed, failing = signs.look()
    context = {
        "found": found, "missed": missed, "none_runs": len(missed) == len(signs.needed()),
        "command": signs.command(missed), "failing": failing,
    }  # fmt: skip
    return render(request, "web/admin/channels.html", context)


@page(ADMINS)
@require_GET
def kinds(request: HttpRequest) -> HttpResponse:
    """What can be connected."""
    shell_of(request).current = "channels"
    found = [registry.connector(kind) for kind in registry.kinds_that_load()]
    found.sort(key=lambda one: (_rank(one), str(one.label).casefold()))
    return render(request, "web/admin/kinds.html", {"kinds": [_words(one) for one in found]})


@page(ADMINS)
def new(request: HttpRequest, kind: str) -> HttpResponse:
    """Connect a channel of a kind."""
    try:
        connector = registry.connector(kind)
    except Invalid as error:
        raise NotVisible(_("There is no such kind of channel.")) from error
    return _edit(request, Channel(kind=kind), connector)


@page(ADMINS)
def channel(request: HttpRequest, channel_id: UUID) -> HttpResponse:
    """Change a channel, or give it new credentials."""
    found = _channel(channel_id)
    return _edit(request, found, registry.connector(found.kind))


@page(ADMINS)
@require_POST
def test(request: HttpRequest, channel_id: UUID) -> HttpResponse:
    """Reach the service both ways; takes and sends nothing."""
    found = _channel(channel_id)
    try:
        lines = registry.connector(found.kind).test(registry.account(found))
    except RapportError as error:
        messages.error(request, f"{found.name}: {error.message} {error.hint}".strip())
    else:
        said = " ".join(str(line) for line in lines) or _("its settings are well.")
        messages.success(request, f"{found.name}: {said}")
    return redirect("channel", channel_id=found.id)


@page(ADMINS)
@require_POST
def switch(request: HttpRequest, channel_id: UUID) -> HttpResponse:
    """Pause or resume a channel."""
    found = _channel(channel_id)
    resume = request.POST.get("to") == "resume"
    keeping.switch(found, on=resume, actor_id=member_of(request).id)
    said = _("%(name)s is running again.") if resume else _("%(name)s is paused; nothing is lost meanwhile.")
    messages.success(request, said % {"name": found.name})
    return redirect("channels")


def _edit(request: HttpRequest, found: Channel, connector: Connector) -> HttpResponse:
    shell_of(request).current = "channels"
    is_new = found._state.adding
    form: MailboxForm | ChannelForm
    if found.kind == "email":
        form = MailboxForm(request.POST or None, channel=found)
    else:
        form = ChannelForm(request.POST or None, channel=found)
    if request.method == "POST" and form.is_valid() and _is_kept(request, found, form):
        messages.success(
            request,
            _("%(name)s is saved. It connects within a minute; its state is shown here.") % {"name": found.name},
        )
        if untried := getattr(form, "untried", ""):
            words = _("The folder that collected mail is moved to could not be looked for: %(why)s")
            messages.warning(request, words % {"why": untried})
        return redirect("channel", channel_id=found.id) if is_new else redirect("channels")
    title = _("Connect: %(kind)s") % {"kind": _(str(connector.label))} if is_new else found.name
    return render(
        request,
        "web/admin/channel.html",
        {
            "form": form, "title": title, "back": "channel_new" if is_new else "channels", "kind": _words(connector),
            "channel": None if is_new else found, "site": "" if is_new else _site(found),
            "hook": "" if is_new else _hook(found, connector),
        },
    )  # fmt: skip


def _is_kept(request: HttpRequest, found: Channel, form: MailboxForm | ChannelForm) -> bool:
    try:
        keeping.keep(found, actor_id=member_of(request).id)
    except Invalid:
        form.add_error(None, _("Somebody else changed this channel at the same time. Look at it, and save again."))
        return False
    return True


def _site(found: Channel) -> str:
    """Where a web chat is shown and explained."""
    if found.kind != "webchat":
        return ""
    return reverse("webchat_demo", args=[names.public_key(found.id, found.config)])


def _hook(found: Channel, connector: Connector) -> str:
    """The address of its webhook, if the kind has one."""
    kind: Any = type(connector)
    has_one = kind.receive is not registry.Kind.receive
    return registry.account(found).hook_url if has_one else ""


def _channel(channel_id: UUID) -> Channel:
    found = Channel.objects.filter(id=channel_id).first()
    if found is None:
        raise NotVisible(_("There is no such channel."))
    return found


def _shown(channel: Channel, counts: dict[str, Any]) -> Shown:
    try:
        label = _(str(registry.connector(channel.kind).label))
    except RapportError:
        label = channel.kind
    return Shown(channel, label, int(counts.get("waiting", 0)), int(counts.get("quarantined", 0)))


def _rank(connector: Connector) -> int:
    group = connector.about.group
    return _GROUPS.index(group) if group in _GROUPS else len(_GROUPS)


def _words(connector: Connector) -> dict[str, Any]:
    """What a person should know of a kind, in their language."""
    about, can = connector.about, connector.abilities
    return {
        "kind": connector.kind, "label": _(str(connector.label)), "summary": _(about.summary) if about.summary else "",
        "is_proven": about.proof == "real server", "steps": [_(one) for one in about.steps],
        "permissions": [(name, _(why)) for name, why in about.permissions],
        "terms": _(about.terms) if about.terms else "", "can": _abilities(can),
    }  # fmt: skip


def _abilities(can: Any) -> Sequence[str]:
    said = (
        (can.receives, _("hears")), (can.replies, _("answers")), (can.starts, _("writes first")),
        (can.public, _("in public")), (can.private, _("in private")), (can.threads, _("threads")),
        (can.files.count > 0, _("files")), (can.receipts, _("receipts")), (can.reactions, _("reactions")),
    )  # fmt: skip
    return [words for holds, words in said if holds]
