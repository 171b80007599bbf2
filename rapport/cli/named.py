"""Where the policy names somebody, from the command line: a line for each version and draft, with its address."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from rapport.core.options import options

if TYPE_CHECKING:
    from rapport.ownership.named import Named


def plain(found: "Sequence[Named]") -> list[dict[str, Any]]:
    """As JSON has them: whose draft by name, and the address of the page."""
    from rapport.staff.models import Member

    names = dict(Member.objects.filter(id__in=[one.member for one in found if one.member]).values_list("id", "name"))
    told = []
    for one in found:
        path = f"policy/versions/{one.number}/" if one.number else "policy/rules/"
        name = names.get(one.member) if one.member else None
        told.append(one.plain() | {"member": name, "url": f"{options().public_url}/{path}"})
    return told


def lines(told: Iterable[dict[str, Any]]) -> list[str]:
    """The same to read."""
    return [_line(one) for one in told]


def _line(one: dict[str, Any]) -> str:
    which = f"version {one['number']} of the policy" if one["number"] else f"the draft of {one['member']}"
    words = [f"{part} {', '.join(map(str, one[part]))}" for part in ("rules", "tests") if one[part]]
    words += ["something else in it"] if one["rest"] else []
    state = " (in force)" if one["in_force"] else ""
    return f"{which}{state}: {'; '.join(words)} – {one['url']}"
