"""The organizations that a file names: found by name or domain, made where there is none; each looked up once."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from django.db import connection

from rapport.core import bulk
from rapport.core.clock import now
from rapport.core.ids import new_id
from rapport.people.arrivals import make_organizations, organization_domain, organizations_by_domain
from rapport.people.exchange.entries import EMAIL
from rapport.people.exchange.planning import Plan
from rapport.people.trees import EVERYONE

_KEPT_MAX = 50_000


class Organizations:
    """What was found so far; for one run."""

    def __init__(self) -> None:
        self.by_name: dict[str, UUID] = {}
        self.by_domain: dict[str, UUID] = {}

    @contextmanager
    def kept_on_success(self) -> Iterator[None]:
        """What is found inside is forgotten where it fails: it may have been undone."""
        try:
            yield
        except BaseException:
            self.by_name, self.by_domain = {}, {}
            raise

    def of(self, plans: Sequence[Plan]) -> dict[int, UUID]:
        """The organization of each plan (by `id`) that names one; of a new person also by the address."""
        if len(self.by_name) + len(self.by_domain) > _KEPT_MAX:
            self.by_name, self.by_domain = {}, {}
        named = {id(one): one.entry.organization for one in plans if "organization" in one.changes}
        domains = {id(one): _domains(one) for one in plans}
        self._find_names({name.lower(): name for name in named.values() if name})
        self._find_domains({one for found in domains.values() for one in found})
        self._make_names(plans, named, domains)
        self._make_domains({one for key, found in domains.items() if not named.get(key) for one in found[:1]})
        self._add_domains(plans, named)
        return {
            id(one): found
            for one in plans
            if (found := self._of(one, named.get(id(one), ""), domains[id(one)])) is not None
        }

    def _of(self, one: Plan, name: str, domains: list[str]) -> UUID | None:
        if name:
            return self.by_name.get(name.lower())
        if "organization" not in one.changes and one.person is not None:
            return None
        return next((self.by_domain[domain] for domain in domains if domain in self.by_domain), None)

    def _find_names(self, names: dict[str, str]) -> None:
        """Those that everybody may know of: a file must not find out that one of the name is known in confidence."""
        missing = [name for name in names if name not in self.by_name]
        if not missing:
            return
        with connection.cursor() as cursor:
            cursor.execute(
                """SELECT lower(name), id FROM people_organization o WHERE lower(name) = ANY(%s)
                AND (kept OR NOT EXISTS (SELECT 1 FROM people_person p WHERE p.organization_id = o.id)
                    OR EXISTS (SELECT 1 FROM people_person p WHERE p.organization_id = o.id AND p.audience @> %s))
                ORDER BY id DESC""",
                [missing, [EVERYONE]],
            )
            self.by_name |= dict(cursor.fetchall())

    def _find_domains(self, domains: Iterable[str]) -> None:
        missing = [one for one in domains if one not in self.by_domain]
        if missing:
            self.by_domain |= organizations_by_domain(missing)

    def _make_names(self, plans: Sequence[Plan], named: dict[int, str], domains: dict[int, list[str]]) -> None:
        """A new name is that of the organization made from the mail domain before, if that has none of its own yet."""
        wanted: dict[str, tuple[str, str | None]] = {}
        for one in plans:
            name = named.get(id(one), "")
            if name and name.lower() not in self.by_name and name.lower() not in wanted:
                wanted[name.lower()] = name, next(iter(domains[id(one)]), None)
        if not wanted:
            return
        known = [(key, self.by_domain[domain]) for key, (_, domain) in wanted.items() if domain in self.by_domain]
        renamed = bulk.update(
            "people_organization", ["id"],
            {"id": ("uuid", [id for _, id in known]), "name": ("text", [wanted[key][0] for key, _ in known])},
            "name = row.name, kept = true", "AND t.name = t.domain RETURNING t.id, lower(t.name)",
        ) if known else []  # fmt: skip
        self.by_name |= {name: id for id, name in renamed}
        self._insert({key: one for key, one in wanted.items() if key not in self.by_name})

    def _insert(self, wanted: dict[str, tuple[str, str | None]]) -> None:
        ids = [new_id() for _ in wanted]
        taken: set[str] = set(self.by_domain)
        domains: list[str | None] = []
        for _, domain in wanted.values():
            free = domain if domain and domain not in taken else None
            taken |= {free} if free else set()
            domains.append(free)
        bulk.insert(
            "people_organization",
            {
                "id": ("uuid", ids),
                "name": ("text", [name for name, _ in wanted.values()]),
                "domain": ("text", domains),
                "kept": ("boolean", [True] * len(ids)),
                "created_at": ("timestamptz", [now()] * len(ids)),
            },
        )
        self.by_name |= dict(zip(wanted, ids, strict=True))
        self.by_domain |= {domain: id for domain, id in zip(domains, ids, strict=True) if domain}

    def _make_domains(self, domains: Iterable[str]) -> None:
        self.by_domain |= make_organizations(sorted(one for one in domains if one not in self.by_domain))

    def _add_domains(self, plans: Sequence[Plan], named: dict[int, str]) -> None:
        """Domains that the file itself names are the organization's, where they are nobody's yet."""
        rows = {
            domain: self.by_name[name.lower()]
            for one in plans
            if (name := named.get(id(one), "")) and name.lower() in self.by_name
            for domain in one.entry.domains
            if domain not in self.by_domain
        }
        bulk.insert(
            "people_organizationdomain",
            {
                "domain": ("text", list(rows)),
                "organization_id": ("uuid", list(rows.values())),
                "created_at": ("timestamptz", [now()] * len(rows)),
            },
            "ON CONFLICT DO NOTHING",
        )
        self.by_domain |= rows


def _domains(one: Plan) -> list[str]:
    """Domains the entry names, then those of its addresses (not freemail); of somebody known only named ones."""
    if one.entry.domains:
        return one.entry.domains
    if one.person is not None and "organization" not in one.changes:
        return []
    addresses = [value for kind, value in (*one.entry.handles, *one.entry.shared) if kind == EMAIL]
    found = (organization_domain(address.rpartition("@")[2]) for address in addresses)
    return list(dict.fromkeys(domain for domain in found if domain))
