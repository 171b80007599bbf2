"""How much conversations weigh, on the policy page: what holds now, and one weight changed in the draft."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from rapport.channels import registry
from rapport.core.errors import Invalid
from rapport.ownership.policy import PRIORITIES, Policy
from rapport.ownership.problems import PolicyError
from rapport.ownership.within.weights import BY_CHANNEL, LEAST, MOST
from rapport.web import locales
from rapport.web.reasons import thing


@dataclass(frozen=True)
class Weight:
    """One weight: `key` is what a form sends ("priority:urgent"), `own`: this policy says so."""

    key: str
    name: str
    weight: str
    own: bool


def weights_shown(policy: Policy) -> list[Weight]:
    """Of each priority, and of the channels that weigh other than a mail."""
    weights = policy.weights
    found = [
        Weight(f"priority:{one}", thing(one), locales.number(weights.of(one)), one in weights.priority)
        for one in PRIORITIES
    ]
    channels = sorted({*BY_CHANNEL, *weights.channel})
    return found + [
        Weight(f"channel:{one}", _called(one), locales.number(weights.of("normal", one, one) / weights.of("normal")),
               one in weights.channel)
        for one in channels
    ]  # fmt: skip


def weights_offered(channels: Iterable[str]) -> list[tuple[str, str]]:
    """What a weight may be given to: each priority, each channel and kind of channel."""
    priorities = [(f"priority:{one}", _("Priority %(name)s") % {"name": thing(one)}) for one in PRIORITIES]
    return priorities + [(f"channel:{one}", _called(one)) for one in sorted(channels)]


def _called(channel: str) -> str:
    """What a channel is called; of the kinds that weigh other than a mail what the page of channels calls them."""
    return _(str(registry.connector(channel).label)) if channel in BY_CHANNEL else channel


def weights_in_lines(policy: Policy) -> list[str]:
    """What this policy says of weights, to be compared with another version."""
    tables = (("priority", policy.weights.priority), ("channel", policy.weights.channel))
    words = {
        key: name if key.startswith("priority:") else _("Channel %(name)s") % {"name": name}
        for key, name in weights_offered(policy.weights.channel)
    }
    return [
        _("Weight: %(what)s, %(weight)s") % {
            "what": words.get(f"{what}:{name}", name), "weight": locales.number(weight),
        }
        for what, table in tables for name, weight in table.items()
    ]  # fmt: skip


def set_weight(plain: dict[str, Any], what: str, written: str) -> None:
    """Give one a weight in a plain policy; nothing written: the usual one. Raises PolicyError for what is no number."""
    key, _sign, name = what.partition(":")
    if key not in ("priority", "channel") or not name:
        raise Invalid(_("There is no such weight."), _("Load the page again."))
    table = dict(plain.get("weights", {}).get(key, {}))
    table.pop(name, None)
    if written.strip():
        table[name] = _number(written)
    weights = {**plain.get("weights", {}), key: table}
    plain["weights"] = {part: kept for part, kept in weights.items() if kept}


def _number(written: str) -> float:
    try:
        number = float(written.strip().replace(",", "."))
    except ValueError:
        number = 0
    if not LEAST <= number <= MOST:
        said = _("“%(written)s” is no weight. Write a number from %(least)s to %(most)s; an ordinary mail weighs 1.")
        raise PolicyError(
            said % {"written": written[:20], "least": locales.number(LEAST), "most": locales.number(MOST)}
        )
    return number
