"""Words kept for many answers: found as one types, filled in for a conversation, edited by those who may."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from rapport.conversations.models import Conversation, Template
from rapport.core import events
from rapport.core.clock import now
from rapport.core.errors import Invalid, NotAllowed
from rapport.outbound import placeholders, richtext
from rapport.outbound.placeholders import Rendered
from rapport.staff.models import Member, Membership, Role, Team

_PICKED_MAX = 12
_HTML_LENGTH_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Words:
    """What a form says of a template."""

    name: str
    html: str
    shortcut: str = ""
    language: str = ""
    team_id: UUID | None = None


def search(query: str, language: str = "") -> QuerySet[Template]:
    """Those with every word of `query`; most used first, the reader's language before others."""
    found = Template.objects.select_related("team", "author")
    for word in query.lower().split()[:8]:
        found = found.filter(Q(name__icontains=word) | Q(shortcut__icontains=word) | Q(html__icontains=word))
    if language:
        return found.annotate(other=~Q(language__in=["", language])).order_by("other", "-used", "name")
    return found.order_by("-used", "name")


def picked(query: str, language: str = "") -> list[Template]:
    """The few the composer offers."""
    return list(search(query, language)[:_PICKED_MAX])


def may_edit(member: Member, template: Template, teams: frozenset[UUID]) -> bool:
    """Leads and administrators edit all they see; others their own, and nothing that is for everyone."""
    if member.role in (Role.ADMIN, Role.LEAD):
        return True
    return member.role == Role.AGENT and template.team_id in teams and template.author_id == member.id


def teams_for(member: Member) -> list[Team]:
    """The teams a member may make templates for: their own."""
    return list(Team.objects.filter(is_active=True, memberships__member=member).distinct())


def save(member: Member, words: Words, template: Template | None = None) -> Template:
    """Store a template. Raises Invalid for one without name or words or with an unknown placeholder."""
    html = _checked(words)
    teams = frozenset(Membership.objects.filter(member=member).values_list("team_id", flat=True))
    if template is not None and not may_edit(member, template, teams):
        raise NotAllowed(_("This template is not yours to change."), _("Ask its author, or a lead."))
    if words.team_id is None and member.role not in (Role.ADMIN, Role.LEAD):
        raise NotAllowed(_("Templates for everyone are made by leads."), _("Choose one of your teams."))
    stays = template is not None and template.team_id == words.team_id
    if words.team_id is not None and words.team_id not in teams and not stays:
        raise NotAllowed(_("You do not belong to that team."), _("Choose one of your teams."))
    fields = {
        "name": words.name.strip()[:120], "shortcut": words.shortcut[:40], "html": html,
        "language": words.language[:10], "team_id": words.team_id, "updated_at": now(),
    }  # fmt: skip
    if template is None:
        template = Template.objects.create(author=member, **fields)
        events.record("template.added", actor_id=member.id, subject=template.name)
        return template
    Template.objects.filter(id=template.id).update(**fields)
    events.record("template.changed", actor_id=member.id, subject=str(fields["name"]))
    return Template.objects.get(id=template.id)


def delete(member: Member, template: Template) -> None:
    """Throw a template away; what was written with it stays."""
    teams = frozenset(Membership.objects.filter(member=member).values_list("team_id", flat=True))
    if not may_edit(member, template, teams):
        raise NotAllowed(_("This template is not yours to delete."), _("Ask its author, or a lead."))
    events.record("template.deleted", actor_id=member.id, subject=template.name)
    template.delete()


def use(template: Template, member: Member, conversation: Conversation | None) -> Rendered:
    """Its words for this conversation, and count that it was used."""
    Template.objects.filter(id=template.id).update(used=F("used") + 1)
    return placeholders.render(richtext.read(template.html).html, values(member, conversation))


def values(member: Member, conversation: Conversation | None) -> dict[str, str]:
    """What the placeholders stand for here; what is not known is left out."""
    found = {"member.name": member.name, "date": date_format(localtime(now()), "DATE_FORMAT")}
    if conversation is None:
        return found
    person, team = conversation.person, conversation.owner_team
    found |= {"conversation.subject": conversation.subject, "team.name": team.name if team else ""}
    if person:
        organization = person.organization
        found |= {
            "person.name": person.called,
            "person.first_name": first_name(person.called),
            "organization.name": organization.name if organization else "",
        }
    return found


def first_name(name: str) -> str:
    """How one would greet: "Müller, Anna" and "Anna Müller" are both Anna; an address is nobody's first name."""
    if "@" in name:
        return ""
    given = name.partition(",")[2] if "," in name else name
    return next((word for word in given.split() if not word.endswith(".")), "")


def _checked(words: Words) -> str:
    found = richtext.read(words.html)
    if not words.name.strip():
        raise Invalid(_("The template has no name."), _("Give it one that you will look for."))
    if found.is_empty:
        raise Invalid(_("The template is empty."), _("Write what it should say."))
    if found.images:
        raise Invalid(_("Templates hold no pictures."), _("Take them out."))
    if len(found.html) > _HTML_LENGTH_MAX:
        raise Invalid(_("The template is too long."), _("Keep it under 100,000 characters."))
    wrong = placeholders.unknown(found.html)
    if wrong:
        name, meant = wrong[0]
        hint = (
            _("Did you mean {{%(name)s}}?") % {"name": meant}
            if meant
            else _("There are: %(names)s.") % {"names": ", ".join("{{" + known + "}}" for known in placeholders.KNOWN)}
        )
        raise Invalid(_("There is no placeholder {{%(name)s}}.") % {"name": name}, hint)
    return found.html
