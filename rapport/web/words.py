"""Events in the words of the pages."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from rapport.conversations.undoing import UNDONE
from rapport.web import channel_words, locales, promise_words

#: What the timeline does not tell: it stands there as a message already, or says only who looked.
UNTOLD = {
    "conversation.viewed",
    "message.source_viewed",
    "attachment.downloaded",
    "conversation.opened",
    "message.received",
    "message.written",
    "message.edited",
    "message.deleted_by_author",
    "message.reacted",
    "recording.transcribed",
    "delivery.awaiting",
    "delivery.delivered",
    "delivery.read",
    "note.added",
    "delivery.sent",
    "delivery.cancelled",
    "handover.suggested",
    "second.asked",
}

_PHRASES = {
    "conversation.opened": (_("received a new conversation"), "inbox-arrow-down"),
    "conversation.resolved": (_("resolved it"), "check-circle"),
    "conversation.reopened": (_("opened it again"), "arrow-uturn-left"),
    "conversation.spam": (_("marked it as spam"), "no-symbol"),
    "conversation.merged": (_("merged another conversation into it"), "arrows-pointing-in"),
    "conversation.priority": (_("changed the priority"), "flag"),
    "conversation.topic": (_("changed the topic"), "tag"),
    "conversation.confidential": (_("changed who may see it"), "lock-closed"),
    "conversation.decided": (_("decided who owns it"), "scale"),
    "conversation.assigned": (_("assigned it"), "user-circle"),
    "handover.suggested": (_("suggested to hand it over"), "arrows-right-left"),
    "team.involved": (_("involved a team"), "user-group"),
    "team.uninvolved": (_("released a team"), "user-group"),
    "policy.saved": (_("saved a new version of the policy"), "scale"),
    "policy.tried": (_("put a policy on trial"), "beaker"),
    "policy.trial": (_("changed the trial of a policy"), "beaker"),
    "learning.switched": (_("changed whether what was learned assigns by itself"), "light-bulb"),
    "learning.wanted": (_("changed which precision is wanted of what was learned"), "light-bulb"),
    "second.changed": (_("changed the endpoint that is asked for second opinions"), "cloud"),
    "second.switched": (_("changed whether an endpoint elsewhere is asked"), "cloud"),
    "second.tried": (_("tried the endpoint with a message that was made up"), "cloud"),
    "second.asked": (_("asked an endpoint elsewhere for a second opinion"), "cloud"),
    "learning.burst": (_("many decisions that contradict the past were found"), "exclamation-triangle"),
    "learning.burst_settled": (_("looked at decisions that contradict the past"), "light-bulb"),
    "conversation.confirmed": (_("confirmed owner, topic or priority"), "check-circle"),
    "learning.set_aside": (_("set decisions aside, so that they teach nothing"), "archive-box"),
    "learning.brought_back": (_("let decisions that were set aside teach again"), "arrow-uturn-left"),
    "note.added": (_("wrote a note"), "pencil"),
    "message.received": (_("received a message"), "envelope"),
    "message.edited": (_("its author changed a message"), "pencil"),
    "message.deleted_by_author": (_("its author deleted a message"), "trash"),
    "message.reacted": (_("somebody reacted to a message"), "face-smile"),
    "recording.transcribed": (_("a recording was written out"), "document-text"),
    "delivery.delivered": (_("the reply arrived"), "check"),
    "delivery.read": (_("the reply was read"), "check-circle"),
    "conversation.continued": (_("continued it on another channel"), "arrows-right-left"),
    "mention.taken": (_("made a conversation of a mention"), "megaphone"),
    **promise_words.PHRASES,
    "call.logged": (_("logged a call"), "phone"),
    "delivery.awaiting": (_("asked for a reply to be approved"), "hand-raised"),
    "delivery.approved": (_("approved a reply"), "hand-thumb-up"),
    "delivery.declined": (_("sent a reply back to be changed"), "hand-thumb-down"),
    "message.written": (_("wrote a reply"), "paper-airplane"),
    "delivery.cancelled": (_("took back a reply before it went"), "arrow-uturn-left"),
    "delivery.again": (_("sent a reply once more"), "arrow-path"),
    "delivery.held": (_("they wrote first, so a reply was held back"), "pause"),
    "delivery.mailed": (_("a reply was not seen in the chat, and goes by e-mail too"), "envelope"),
    "delivery.hastened": (_("sent a reply that was to go later"), "paper-airplane"),
    "conversation.begun": (_("began a new conversation"), "pencil-square"),
    "template.added": (_("added a template"), "document-text"),
    "template.changed": (_("changed a template"), "document-text"),
    "template.deleted": (_("deleted a template"), "document-text"),
    "delivery.sent": (_("the reply was sent"), "paper-airplane"),
    "delivery.failed": (_("the reply could not be sent"), "exclamation-triangle"),
    "delivery.bounced": (_("the reply came back"), "exclamation-triangle"),
    "delivery.retry": (_("the reply will be tried again"), "arrow-path"),
    "delivery.uncertain": (_("the reply may not have been sent"), "question-mark-circle"),
    "channel.added": (_("connected a channel"), "signal"),
    "channel.paused": (_("paused a channel"), "pause"),
    "channel.resumed": (_("resumed a channel"), "play"),
    "member.added": (_("added a member"), "user-plus"),
    "member.changed": (_("changed a member"), "user-circle"),
    "member.deactivated": (_("closed an account"), "user-minus"),
    "member.activated": (_("opened an account again"), "user-plus"),
    "team.added": (_("added a team"), "user-group"),
    "team.changed": (_("changed a team"), "user-group"),
    "team.paced": (_("changed how soon a team hears of what it watches"), "clock"),
    "hours.changed": (_("changed business hours"), "clock"),
    "absence.added": (_("added an absence"), "calendar-days"),
    "absence.changed": (_("changed an absence"), "calendar-days"),
    "absence.removed": (_("removed an absence"), "calendar-days"),
    "on_call.changed": (_("changed who takes turns at being on call"), "phone"),
    "on_call.added": (_("put somebody on call"), "phone"),
    "on_call.removed": (_("took somebody off call"), "phone"),
    "relationship.added": (_("said what a person is to us"), "identification"),
    "relationship.ended": (_("ended a relationship"), "identification"),
    "pair.confirmed": (_("joined two that were suggested to be one person"), "user-plus"),
    "pair.refused": (_("decided that two are different people"), "user-minus"),
    "pair.reopened": (_("took back a decision about two people"), "arrow-uturn-left"),
    "question.asked": (_("asked somebody whether an account is theirs"), "question-mark-circle"),
    "question.answered": (_("somebody answered whether an account is theirs"), "check-badge"),
    "handle.shared": (_("said whether several people use an address"), "users"),
    "handle.added": (_("added an address to a person"), "at-symbol"),
    "person.merged": (_("put two people together"), "link"),
    "person.unmerged": (_("took two people apart"), "scissors"),
    "handle.released": (_("said that an address is somebody’s no longer"), "identification"),
    "handle.returned": (_("said that an address is theirs after all"), "identification"),
    "relationship.changed": (_("corrected a relationship"), "identification"),
    "relationship.removed": (_("took a relationship away"), "identification"),
    "person.added": (_("wrote a person down"), "user-plus"),
    "person.changed": (_("changed what is known of a person"), "pencil"),
    "organization.added": (_("wrote an organization down"), "building-office"),
    "organization.changed": (_("changed what is known of an organization"), "building-office"),
    "organization.domain_added": (_("added a domain of an organization"), "globe-alt"),
    "organization.domain_removed": (_("took a domain of an organization away"), "globe-alt"),
    "segment.saved": (_("saved a segment"), "bookmark"),
    "segment.changed": (_("changed a segment"), "bookmark"),
    "segment.deleted": (_("deleted a segment"), "bookmark"),
    "field.added": (_("added a field"), "tag"),
    "field.changed": (_("changed a field"), "tag"),
    "raw.downloaded": (_("downloaded an item of the quarantine"), "arrow-down-tray"),
    "channel.changed": (_("changed a channel"), "signal"),
    "raw.replayed": (_("replayed an item of the quarantine"), "arrow-path"),
    "conversation.snoozed": (_("snoozed it"), "moon"),
    "conversation.woken": (_("brought it back from snoozing"), "bell-alert"),
    "conversation.split": (_("split messages off"), "scissors"),
    "conversation.split_off": (_("split this off"), "scissors"),
    "conversation.linked": (_("linked a conversation"), "link"),
    "conversation.unlinked": (_("removed a link"), "link-slash"),
    "messages.moved": (_("moved messages away"), "arrow-right-circle"),
    "messages.came": (_("moved messages here"), "arrow-left-circle"),
    "conversation.viewed": (_("opened it"), "eye"),
    "message.source_viewed": (_("took a message as delivered"), "arrow-down-tray"),
    "attachment.downloaded": (_("took a file"), "paper-clip"),
    "search.made": (_("searched"), "magnifying-glass"),
    "export.made": (_("took data out"), "arrow-down-tray"),
    "session.began": (_("signed in"), "arrow-right-end-on-rectangle"),
    "session.left": (_("signed out"), "arrow-left-start-on-rectangle"),
    "session.refused": (_("a sign-in was refused"), "shield-exclamation"),
    "session.ended": (_("ended sessions"), "power"),
    "company.changed": (_("changed settings of the company"), "building-office"),
    "company.sign_in_changed": (_("changed how people sign in"), "key"),
    "member.invited": (_("invited somebody"), "envelope"),
    "member.joined": (_("accepted an invitation"), "user-plus"),
    "member.password_changed": (_("changed the password"), "key"),
    "member.factors_removed": (_("removed a second factor"), "shield-exclamation"),
    "member.groups_applied": (_("applied the groups of the directory"), "user-group"),
    "provider.saved": (_("changed a single sign-on provider"), "key"),
    "provider.removed": (_("removed a single sign-on provider"), "key"),
    "scim.token_made": (_("made a key for the directory"), "key"),
    "scim.token_revoked": (_("withdrew a key of the directory"), "key"),
    "consent.given": (_("wrote down a consent"), "hand-thumb-up"),
    "consent.withdrawn": (_("wrote down that a consent was withdrawn"), "hand-thumb-down"),
    "contact.confirmed": (_("answered although they asked not to be contacted"), "no-symbol"),
    "hold.made": (_("put a person under a hold"), "lock-closed"),
    "hold.ended": (_("ended a hold"), "lock-open"),
    "archive.asked": (_("asked for all that is held on a person"), "archive-box"),
    "archive.made": (_("all that is held on a person was put together"), "archive-box"),
    "archive.taken": (_("took all that is held on a person"), "arrow-down-tray"),
    "person.erasing": (_("asked for a person to be erased"), "backspace"),
    "person.erased": (_("erased a person"), "backspace"),
    "purposes.changed": (_("changed what people are written to for"), "adjustments-horizontal"),
    "retention.changed": (_("changed how long is kept what was said"), "clock"),
    "retention.ran": (_("what was older than is kept was erased"), "clock"),
    "people.import_uploaded": (_("uploaded a file of people"), "arrow-up-tray"),
    "people.import_started": (_("began to bring people in"), "play"),
    "people.import_stopped": (_("stopped bringing people in"), "stop"),
    "people.import_removed": (_("threw a file of people away"), "trash"),
    "people.imported": (_("brought people in"), "users"),
    "people.exported": (_("took people out as a file"), "arrow-down-tray"),
    "people.field_added": (_("added a field about people"), "tag"),
    "directory.saved": (_("changed a directory of employees"), "server-stack"),
    "directory.removed": (_("disconnected a directory of employees"), "server-stack"),
    "directory.synced": (_("employees were taken from a directory"), "server-stack"),
    "employee.changed": (_("a directory changed an employee"), "server-stack"),
    UNDONE: (_("undid something"), "arrow-uturn-left"),
}


def event_kinds() -> list[tuple[str, str]]:
    """Every kind with its phrase, for the filter of the log."""
    return sorted((kind, str(phrase)) for kind, (phrase, _icon) in _PHRASES.items())


def event_icon(kind: str) -> str:
    """The icon of a kind of event."""
    return _PHRASES[kind][1] if kind in _PHRASES else "information-circle"


def event_phrase(kind: str, data: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """What happened, to stand behind the name of who did it. `names` by id as text."""
    if kind == UNDONE:
        return gettext("undid: %(what)s") % {"what": _plain(str(data.get("undid", "")))}
    found = _DETAILED[kind](data, names) if kind in _DETAILED else ""
    return promise_words.because(found or _named(_plain(kind), data, names), data)


def _plain(kind: str) -> str:
    return str(_PHRASES[kind][0]) if kind in _PHRASES else kind.replace(".", ": ").replace("_", " ")


def _after(data: Mapping[str, Any]) -> Mapping[str, Any]:
    raw = data.get("after")
    return raw if isinstance(raw, Mapping) else {}


def _named(phrase: str, data: Mapping[str, Any], names: Mapping[str, str]) -> str:
    team = names.get(str(data.get("team") or data.get("team_id") or data.get("owner_team") or ""), "")
    member = names.get(str(data.get("member") or data.get("member_id") or data.get("owner_member") or ""), "")
    given = {"phrase": phrase, "team": team, "member": member}
    if team and member:
        return gettext("%(phrase)s: %(team)s and %(member)s") % given
    return gettext("%(phrase)s: %(name)s") % {"phrase": phrase, "name": team or member} if team or member else phrase


def _priority(data: Mapping[str, Any], names: Mapping[str, str]) -> str:
    if "priority" not in _after(data):
        return ""
    label = names.get(f"priority-{_after(data)['priority']}", _after(data)["priority"])
    return gettext("changed the priority to %(priority)s") % {"priority": label}


def _confidential(data: Mapping[str, Any], _names: Mapping[str, str]) -> str:
    if _after(data).get("confidential"):
        return gettext("changed who may see it: confidential from here on")
    return gettext("changed who may see it: no longer confidential")


def _snoozed(data: Mapping[str, Any], _names: Mapping[str, str]) -> str:
    until = _after(data).get("snoozed_until")
    if not until:
        return gettext("snoozed it until they answer")
    return gettext("snoozed it until %(when)s") % {"when": locales.moment(datetime.fromisoformat(until))}


_HANDED = {
    "queue": _("handed it out of the queue: %(member)s"),
    "shift": _("handed it over as a shift ended: %(member)s"),
    "hand": _("handed it over: %(member)s"),
    "left": _("handed it over, as whoever had it no longer answers for the team: %(member)s"),
}


def _assigned(data: Mapping[str, Any], names: Mapping[str, str]) -> str:
    if not data.get("team"):
        return gettext("took it from every team")
    member = names.get(str(data.get("member") or ""), "")
    if member and str(data.get("how")) in _HANDED:
        return str(_HANDED[str(data["how"])]) % {"member": member}
    given_back = not data.get("member") and data.get("team") == data.get("from_team")
    if given_back and data.get("how") in ("shift", "hand"):
        return gettext("put it into the team’s queue as a shift ended")
    if given_back and data.get("how") == "left":
        return gettext("gave it back to the team, as whoever had it no longer answers for it")
    return gettext("gave it back to the team") if given_back else ""


def _split(data: Mapping[str, Any], _names: Mapping[str, str]) -> str:
    count = len(data.get("messages", ()))
    return ngettext("split %(count)s message off", "split %(count)s messages off", count) % {"count": count}


def _moved(data: Mapping[str, Any], _names: Mapping[str, str]) -> str:
    count = len(data.get("messages", ()))
    return ngettext("moved %(count)s message away", "moved %(count)s messages away", count) % {"count": count}


def _came(data: Mapping[str, Any], _names: Mapping[str, str]) -> str:
    count = len(data.get("messages", ()))
    return ngettext("moved %(count)s message here", "moved %(count)s messages here", count) % {"count": count}


def _second(data: Mapping[str, Any], _names: Mapping[str, str]) -> str:
    if "on" not in data:
        return ""
    given = {"host": str(data.get("host", ""))}
    if data["on"]:
        return gettext("let %(host)s be asked for second opinions") % given
    return gettext("let %(host)s be asked no more") % given


def _asked(data: Mapping[str, Any], _names: Mapping[str, str]) -> str:
    count = data.get("characters", 0)
    said = ngettext(
        "asked %(host)s for a second opinion (%(count)s character, redacted)",
        "asked %(host)s for a second opinion (%(count)s characters, redacted)", count,
    )  # fmt: skip
    return said % {"host": data.get("host", ""), "count": locales.number(count)}


_DETAILED = {
    **promise_words.DETAILED,
    "conversation.priority": _priority,
    "conversation.confidential": _confidential,
    "conversation.snoozed": _snoozed,
    "conversation.assigned": _assigned,
    "conversation.split": _split,
    "messages.moved": _moved,
    "messages.came": _came,
    "channel.changed": channel_words.changed,
    "second.switched": _second,
    "second.asked": _asked,
}
