"""The results of all rules, packed small: a decision is stored for every conversation there ever was. Pure.

Packed, a result is one text: a sign and the reason, with the turns of phrase that conditions use most
replaced by one control character each (reasons have none of their own). The names of the rules are in the
policy version.
"""

from collections.abc import Iterable, Sequence

from rapport.ownership.engine import RuleResult

# Stored decisions depend on the order: append, never change.
_TURNS = (
    "it is not about ", "it was not sent to ", "the sender is not ", "it does not say “",
    "the sender does not belong to ", "it is not written in ", "it is not from ", "it did not come by ",
    "it is not ", "no team owned ", "this person’s earlier conversation",
    "this thread’s earlier conversation",
    " earlier conversation", " was not owned by ", "it has no attachment", " others", " had decided)",
    "the sender is ", "it is about ", "it is ", "it came outside ", "it came inside ", "business hours",
    "” or ", "” and ", " and ", " or ", "“", "”", " does not match ",
)  # fmt: skip
_CODES = {turn: chr(number) for number, turn in enumerate(_TURNS, 1)}
_TURN_OF = {code: turn for turn, code in _CODES.items()}
REASONS_MAX = 1000
"""With more rules than that, why each of them missed would weigh more than the conversation."""
_HIT, _MISS, _FAILED = "+", "-", "!"

# Reasons repeat: of a thousand mails most miss a rule for the same reason.
_PACKED_MAX = 20_000
_packed: dict[str, str] = {}


def pack(results: Iterable[RuleResult]) -> list[str]:
    """What to store, one text a rule in their order. Of more than REASONS_MAX rules misses keep no reason."""
    kept = list(results)
    if len(kept) > REASONS_MAX:
        kept = [one if one.hit or one.failed else one._replace(reason="") for one in kept]
    return [(_FAILED if one.failed else _HIT if one.hit else _MISS) + _pack_reason(one.reason) for one in kept]


def unpack(packed: Sequence[str], names: Sequence[str]) -> tuple[RuleResult, ...]:
    """The results as they were given; `names` are those of the rules, by the policy version of the time."""
    return tuple(
        RuleResult(
            number=position + 1,
            name=names[position] if position < len(names) else "",
            hit=one[:1] == _HIT,
            reason="".join(_TURN_OF.get(sign, sign) for sign in one[1:]),
            failed=one[:1] == _FAILED,
        )
        for position, one in enumerate(packed)
    )


def _pack_reason(reason: str) -> str:
    packed = _packed.get(reason)
    if packed is None:
        if len(_packed) >= _PACKED_MAX:
            _packed.clear()
        packed = reason
        for turn, code in _CODES.items():
            packed = packed.replace(turn, code)
        _packed[reason] = packed
    return packed
