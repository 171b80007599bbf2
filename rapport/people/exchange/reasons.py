"""Why a record was not taken, or not all of it, in words."""

from collections.abc import Mapping

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

_WORDS = {
    "quote_open": _("a quotation mark is opened here and never closed."),
    "cell_too_long": _("a cell has more than 100,000 characters."),
    "too_many_cells": _("there are more cells than columns; a separator may be missing its quotation marks."),
    "card_empty": _("the card says nothing."),
    "no_handle": _(
        "there is no e-mail address, phone number or other handle, and no external id: nothing to know them by again."
    ),
    "no_email": _("“%(value)s” is no e-mail address."),
    "no_phone": _("“%(value)s” is no phone number; a national one needs the prefix of its country in the mapping."),
    "no_handle_kind": _("“%(value)s” does not say what kind of handle it is; write it as kind:value."),
    "no_domain": _("“%(value)s” is no domain."),
    "no_relationship": _("there is no relationship “%(value)s”; use %(kinds)s."),
    "no_date": _("“%(value)s” is no date, or could be two; write it as 2020-12-31."),
    "dates_reversed": _("“%(value)s” ends before it begins."),
    "no_language": _("“%(value)s” is no language; write it as de or pt-br."),
    "no_time_zone": _("“%(value)s” is no time zone; write it as Europe/Berlin."),
    "no_way": _("“%(value)s” is no kind of channel; write it as email or phone."),
    "no_member": _("%(value)s is no member, so nobody holds the relationship."),
    "no_id": _("“%(value)s” is no id of Rapport's."),
    "no_yes": _("“%(value)s” is neither yes nor no."),
    "no_consent": _("“%(value)s” does not say for what and whether; write it as newsletter=yes."),
    "no_field": _("there is no field “%(value)s”."),
    "no_field_value": _("“%(value)s” is no value for the field “%(field)s” (%(kind)s)."),
    "too_many_handles": _("one person has more than %(most)s handles."),
    "two_people": _(
        "%(value)s belongs to %(name)s and %(other_value)s to %(other_name)s. Nothing was changed; the two are now a "
        "suggestion."
    ),
    "claimed": _(
        "%(value)s belongs to %(name)s, who has the id %(id)s; the row says %(other_name)s, %(other_id)s. Nothing was "
        "changed."
    ),
    "two_rows": _("it names what lines %(line)s (%(name)s) and %(other_line)s (%(other_name)s) name apart."),
    "row_claims": _("an address or id of %(other_name)s is that of %(name)s on line %(line)s, who was taken."),
    "erased": _("this person was erased; nothing is taken."),
    "role_address": _("%(value)s is nobody in particular, and was kept as a shared address."),
    "shared_elsewhere": _("%(value)s is shared by several people, and stays where it is."),
    "withdrawn": _("the consent to %(value)s was withdrawn since; the file does not say that it was given later."),
    "not_stored": _("the database does not take it: %(value)s"),
    "cut": _("“%(value)s” is longer than %(most)s characters; what is beyond was left out."),
    "directory_no_id": _("the entry has no id of its own."),
}


def words(reason: Mapping[str, str]) -> str:
    """A reason as a sentence."""
    given = {name: value or gettext("somebody without a name") for name, value in reason.items()}
    found = _WORDS.get(reason.get("what", ""))
    return str(found) % given if found else str(reason.get("what", ""))
