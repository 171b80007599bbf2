"""What one proof says about others: whose page it is, whose domain, and who proved the same.

Two profiles that vouch for one another are one human being's, and join. All else is evidence: a suggestion, or one
piece more of one that is there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log2
from typing import Any
from uuid import UUID

from rapport.core.errors import RapportError
from rapport.people import merging, pairing, proofs
from rapport.people.arrivals import organizations_by_domain
from rapport.people.models import Handle, Pair, PairState, Person
from rapport.people.proofs import EMAIL, Key, Proved

#: What a suggestion begins with (log2 of the odds), before any evidence: most pairs are two people.
_BEFORE = -5.0
#: How much each says (log2 of the Bayes factor).
_PAGE, _DOMAIN_OF_ONE, _DOMAIN_OF_FEW, _SAME_NAME = 10.0, 7.0, 3.0, 4.0
_FEW = 3
LINK, DOMAIN = "verified_link", "verified_domain"


@dataclass(frozen=True, slots=True)
class _Hit:
    """A handle that a proof speaks of: how strongly, in which word; `joins`: it is proof, not evidence."""

    key: Key
    person: UUID
    what: str
    points: float
    joins: bool = False


def work_out(key: Key, person: UUID, proved: str) -> None:
    """Join, or suggest, what this proof of a handle says; never what was kept apart, or is nobody's in particular."""
    own = set(merging.rows_of(person))
    done = set(own)
    for hit in _hits(key, proved):
        if hit.person in done:
            continue
        done |= set(merging.rows_of(hit.person))
        piece = {"what": hit.what, "sign": "+", "points": hit.points, "a": proved, "b": hit.key[1]}
        if hit.joins and join(hit.person, person, [piece]):
            continue
        suggest(person, hit.person, [piece])


def join(into: UUID, child: UUID, evidence: Sequence[dict[str, Any]]) -> bool:
    """Put two people together because they proved it; False where that may not be (kept apart, shared, erased)."""
    if merging.root_of(into) == merging.root_of(child):
        return True
    if not _are_somebody(into, child):
        return False
    try:
        merging.merge(into, child, None, how="proof", evidence=evidence)
    except RapportError:
        return False
    return True


def suggest(one: UUID, other: UUID, pieces: Sequence[dict[str, Any]], flags: Sequence[str] = ()) -> Pair | None:
    """Suggest that two rows are one human being, or add pieces to what is suggested; None where that may not be.

    What somebody decided stays decided.
    """
    with merging.alone():
        low, high = sorted((one, other))
        if low == high or merging.root_of(low) == merging.root_of(high):
            return None
        if not _are_somebody(low, high) or pairing.are_apart(low, high):
            return None
        found = Pair.objects.filter(low_id=low, high_id=high).first()
        if found is None:
            given = [*pieces, *_same_name(low, high)]
            return Pair.objects.create(
                low_id=low, high_id=high, probability=_sum(_BEFORE, given), evidence=given, proved=list(pieces),
                flags=list(flags), model="proof",
            )  # fmt: skip
        if found.state != PairState.OPEN:
            return found
        known = {(piece.get("what"), piece.get("a"), piece.get("b")) for piece in found.proved}
        fresh = [piece for piece in pieces if (piece["what"], piece["a"], piece["b"]) not in known]
        if fresh:
            found.probability = _sum(_odds(found.probability), fresh)
            found.evidence, found.proved = [*found.evidence, *fresh], [*found.proved, *fresh]
            # What is proved about this very record is no impostor's.
            found.flags = [flag for flag in found.flags if flag != pairing.IMPERSONATION]
            found.evidence = [piece for piece in found.evidence if piece.get("what") != pairing.IMPERSONATION]
            found.save(update_fields=["probability", "evidence", "proved", "flags"])
        return found


def _hits(key: Key, proved: str) -> Iterator[_Hit]:
    found = next(iter(proofs.read([proved])), None)
    if found is None:
        return
    if found.what == "link":
        yield from _profiles(key, found)
    yield from _mailboxes(found)
    yield from _same_proof(key, found)
    if found.what == "domain":
        yield from _people_of_domain(found)


def _profiles(key: Key, page: Proved) -> Iterator[_Hit]:
    """Whoever the page is the profile of. The server saw it link back, so each has vouched for the other."""
    exact = proofs.handle_at(page.value)
    if exact and (handle := _handle(exact)):
        yield _Hit(exact, handle.person_id, LINK, _PAGE, joins=True)
    if site := _handle(("site", page.value)):
        yield _Hit(("site", page.value), site.person_id, LINK, _PAGE)
    # A name that is written may be another's by now: proof only where the other profile leads back too.
    if named := proofs.written_at(page.value):
        for one in Handle.objects.filter(kind=named[0], written__iexact=named[1])[:_FEW]:
            there = (one.kind, one.value)
            yield _Hit(there, one.person_id, LINK, _PAGE, joins=_leads_back(there, key))


def _leads_back(there: Key, here: Key) -> bool:
    from rapport.people.proving import pages_of

    profiles = {page.casefold() for page in proofs.profile_of(*here, "")}
    return any(page.casefold() in profiles for page in pages_of([there]).get(there, ()))


def _mailboxes(page: Proved) -> Iterator[_Hit]:
    """The mailbox whose page it is by its name: example.org/~ann and ann.example.org are ann@example.org's."""
    first, _, rest = page.host.partition(".")
    last = page.value.partition("/")[2].rpartition("/")[2].lstrip("~@")
    for address in (f"{last}@{page.host}" if last else "", f"{first}@{rest}" if "." in rest else ""):
        if address and proofs.names_mailbox(page.value, address) and (handle := _handle((EMAIL, address))):
            yield _Hit((EMAIL, address), handle.person_id, LINK, _PAGE)


def _same_proof(key: Key, page: Proved) -> Iterator[_Hit]:
    """Others who proved the very same; a page or domain of many says nothing."""
    from rapport.people.models import Proof

    others = Proof.objects.filter(proved=page.value, gone_at__isnull=True).exclude(kind=key[0], value=key[1])
    found = list(others.order_by("kind", "value")[: _FEW + 1])
    if len(found) > _FEW:
        return
    for one in found:
        there = (one.kind, one.value)
        if handle := _handle(there):
            yield _Hit(there, handle.person_id, LINK if page.what == "link" else DOMAIN, _DOMAIN_OF_ONE)


def _people_of_domain(domain: Proved) -> Iterator[_Hit]:
    """Those of the organization whose domain it is, where they are few: then it is likely one of them."""
    organization = organizations_by_domain([domain.host]).get(domain.host)
    if organization is None:
        return
    people = Person.objects.filter(organization_id=organization, shared=False, erased_at__isnull=True)
    found = list(people.order_by("id").values_list("id", flat=True)[: _FEW + 1])
    if not found or len(found) > _FEW:
        return
    points = _DOMAIN_OF_ONE if len(found) == 1 else _DOMAIN_OF_FEW
    for handle in Handle.objects.filter(person_id__in=found, kind=EMAIL, shared=False).order_by("value"):
        if handle.value.rpartition("@")[2] == domain.host:
            yield _Hit((EMAIL, handle.value), handle.person_id, DOMAIN, points)


def _handle(key: Key) -> Handle | None:
    return Handle.objects.filter(kind=key[0], value=key[1], shared=False).first()


def _are_somebody(one: UUID, other: UUID) -> bool:
    """Whether each is one person's row: not shared by several, and not what is left of somebody erased."""
    return Person.objects.filter(id__in=[one, other], shared=False, erased_at__isnull=True).count() == 2


def _same_name(low: UUID, high: UUID) -> list[dict[str, Any]]:
    names = list(Person.objects.filter(id__in=[low, high]).order_by("id").values_list("name", flat=True))
    plain = {" ".join(name.split()).casefold() for name in names}
    if len(names) == 2 and len(plain) == 1 and "" not in plain:
        return [{"what": "same_name", "sign": "+", "points": _SAME_NAME, "a": names[0], "b": names[1]}]
    return []


def _sum(before: float, pieces: Sequence[dict[str, Any]]) -> float:
    """The probability after these pieces (log2 of the odds before)."""
    odds = before + sum(float(piece.get("points", 0)) for piece in pieces)
    return 1 / (1 + 2 ** -min(max(odds, -60.0), 60.0))


def _odds(probability: float) -> float:
    bounded = min(max(probability, 1e-12), 1 - 1e-12)
    return log2(bounded / (1 - bounded))
