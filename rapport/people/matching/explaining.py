"""Why two records may be one human: pieces of evidence, each with its worth in bits and both values."""

from collections.abc import Mapping
from math import log2
from typing import Any

from rapport.people.matching.kinds import KINDS
from rapport.people.matching.model import Model
from rapport.people.matching.scoring import Scores

#: What agreement and contradiction of a kind are called; names have more to them.
_AGREES = {
    "email": "same_email_local", "phone": "same_phone", "account": "same_account_name", "domain": "same_domain",
    "organization": "same_organization", "birth_date": "same_birth_date", "street": "same_address",
    "street2": "same_address",    "street_number": "same_address", "postcode": "same_postcode",
    "city": "same_city", "number": "same_number",
    "language": "same_language",
}  # fmt: skip
_CONTRADICTS = {"phone": "different_phone", "birth_date": "different_birth_date", "number": "different_number"}
#: A piece worth less is not told.
_LEAST_BITS = 0.3
#: From here on a family name is called rare: one in 500.
_RARE_BITS = 9.0
_NAMES = ("given", "family")
#: For each level of a part of a name, what it is called; the first that is met names the whole.
_NAME_LEVELS = (
    ("different", "different_name"), ("crossed", "name_order"), ("nickname", "nickname"), ("initial", "initials"),
    ("similar", "similar_name"), ("sound", "similar_name"), ("part", "similar_name"), ("close", "similar_name"),
)  # fmt: skip

Piece = dict[str, Any]
Shown = Mapping[str, str]


def pieces(scores: Scores, pair: int, model: Model, one: Shown, other: Shown) -> list[Piece]:
    """The evidence of one pair, the weightiest first. `one` and `other` are their values by kind, and "name".

    [{"what": "same_name", "sign": "+", "points": 7.2, "a": "Ann Miller", "b": "Ann Miller"}, ...]
    """
    bits = {kind: float(values[pair]) for kind, values in scores.bits.items()}
    levels = {kind: int(values[pair]) for kind, values in scores.levels.items()}
    found = _name(bits, levels, model, one, other)
    for kind, worth in bits.items():
        if kind in _NAMES or not levels[kind]:
            continue
        what = _AGREES.get(kind) if levels[kind] > 1 and worth > 0 else _CONTRADICTS.get(kind) if worth < 0 else None
        if what:
            found.append(_piece(what, worth, one.get(kind, ""), other.get(kind, "")))
    merged: dict[str, Piece] = {}
    for piece in found:
        if piece["what"] in merged:
            merged[piece["what"]]["points"] = round(merged[piece["what"]]["points"] + piece["points"], 2)
        else:
            merged[piece["what"]] = piece
    told = [piece for piece in merged.values() if abs(piece["points"]) >= _LEAST_BITS]
    return sorted(told, key=lambda piece: -abs(piece["points"]))


def _name(bits: Mapping[str, float], levels: Mapping[str, int], model: Model, one: Shown, other: Shown) -> list[Piece]:
    """The name in one piece; what a rare family name adds to a usual one in another."""
    known = [kind for kind in _NAMES if levels.get(kind)]
    if not known:
        return []
    worth = sum(bits[kind] for kind in known)
    met = {KINDS[kind].levels[levels[kind] - 1] for kind in known}
    what = next((slug for level, slug in _NAME_LEVELS if level in met), "same_name")
    found = []
    usual = _RARE_BITS + log2(model.same["family"][-1])
    if "family" in known and levels["family"] == KINDS["family"].exact and bits["family"] > usual + 1:
        found.append(_piece("rare_surname", bits["family"] - usual, one.get("family", ""), other.get("family", "")))
        worth -= bits["family"] - usual
    return [_piece(what, worth, one.get("name", ""), other.get("name", "")), *found]


def _piece(what: str, bits: float, one: str, other: str) -> Piece:
    return {"what": what, "sign": "+" if bits >= 0 else "-", "points": round(bits, 2), "a": one, "b": other}
