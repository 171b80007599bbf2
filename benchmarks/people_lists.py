"""How long the lists of people take: fills a database with people and asks every list, filter, order and search.

    python benchmarks/people_lists.py --people 1000000 --home /tmp/people [--only "filter"] [--repeats 30]

Prints one JSON object: p50 and p95 in milliseconds of server time by kind of page, asked through Django's test client
by members of every sort, with the database as it is shipped; and the same of the processor's time, ours and PostgreSQL's,
which says what it costs however busy the machine is. A filled home is used again; delete it yourself.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles
from typing import Any

_WARM = 8
_FILL = """
SET LOCAL statement_timeout = 0; SET LOCAL synchronous_commit = off; SET LOCAL maintenance_work_mem = '1GB';
SET LOCAL work_mem = '512MB'; SELECT setseed(0.42);
CREATE TEMP TABLE sizes AS SELECT {people}::int AS people, greatest(20, {people} / 20)::int AS organizations;
CREATE TEMP TABLE words AS SELECT no, initcap(a || b || CASE WHEN no % 3 = 0 THEN c ELSE '' END) AS word FROM (
    SELECT no, (ARRAY['ba','ren','ti','lo','mar','ket','sho','win','der','fa','gal','hun','pir','sta','tro','ven'])[1 + no % 16] a,
    (ARRAY['wick','lee','mon','sel','berg','son','stein','ova','ic','man','ley','ford','dal','nes','ski','etti','ros','tano'])[1 + no / 16 % 18] b,
    (ARRAY['er','en','ini','aux','sky','mann','wood'])[1 + no / 288 % 7] c FROM generate_series(0, 4999) no) AS s;
CREATE UNIQUE INDEX ON words (no);
INSERT INTO people_organization (id, name, domain, kept, created_at)
SELECT gen_random_uuid(), word || ' ' || (ARRAY['GmbH','Ltd','Inc','SA','Group'])[1 + n % 5] || ' ' || n, lower(word) || n || '.example', n % 10 = 0,
    now() - random() * interval '1000 days'
FROM generate_series(1, (SELECT organizations FROM sizes)) n JOIN words ON no = n % 5000;
CREATE TEMP TABLE orgs AS SELECT row_number() OVER () AS no, id, domain FROM people_organization;
CREATE UNIQUE INDEX ON orgs (no);
CREATE TEMP TABLE teams AS SELECT row_number() OVER (ORDER BY slug) AS no, id, confidential FROM staff_team;
CREATE TEMP TABLE members AS SELECT row_number() OVER (ORDER BY email) - 1 AS no, id FROM staff_member;
CREATE TEMP TABLE drawn AS SELECT n, gen_random_uuid() AS id, random() AS a, random() AS b, random() AS c, random() AS d, random() AS e
FROM generate_series(1, (SELECT people FROM sizes)) n;
CREATE UNIQUE INDEX ON drawn (n);
ANALYZE drawn; ANALYZE words; ANALYZE orgs;
CREATE TEMP TABLE folk AS SELECT d.*, w.word,
    CASE WHEN d.n % 10 = 0 THEN '' WHEN d.n % 13 = 0 THEN (ARRAY['王','李','张','刘','陈','杨','赵','黄'])[1 + d.n % 8] || chr(19968 + (d.n * 31) % 5000)
    ELSE (ARRAY['Anna','Ben','Carla','David','Élif','Farid','Greta','Hugo','Inés','Jonas','Kofi','Lena','Miguel','Nora','Omar','Paula',
        'Quentin','Rosa','Sven','Tariq','Ulla','Vera','Wen','Yusuf','Zoë'])[1 + (d.n * 7) % 25] || ' ' || w.word END AS name,
    o.id AS organization, o.domain
FROM drawn d JOIN words w ON w.no = (d.n::bigint * 7919) % 5000 LEFT JOIN orgs o ON o.no = 1 + floor((SELECT organizations FROM sizes) * power(d.b, 2))::int AND d.n % 4 <> 0;
CREATE UNIQUE INDEX ON folk (n);
ANALYZE folk;
INSERT INTO people_person (id, name, organization_id, holder_id, language, time_zone, note, fields, do_not_contact, audience, top, merged_into, created_at)
SELECT f.id, f.name, f.organization, CASE WHEN c < 0.03 THEN (SELECT id FROM members WHERE no = f.n % 300) END,
    CASE WHEN d < .55 THEN 'en' WHEN d < .75 THEN 'de' WHEN d < .85 THEN 'es' WHEN d < .93 THEN 'fr' WHEN d < .97 THEN 'ar' ELSE 'zh' END,
    '', '', CASE WHEN e < .3 THEN jsonb_build_object('tier', (ARRAY['gold','silver','bronze'])[1 + f.n % 3]) ELSE '{{}}' END, e > .99,
    CASE WHEN f.n % 33 = 0 THEN ARRAY[(SELECT id FROM teams WHERE no = 1 + f.n % (SELECT count(*) FROM teams))]
        ELSE '{{00000000-0000-0000-0000-000000000001}}' END,
    CASE WHEN f.n % 20 = 19 THEN (SELECT id FROM drawn WHERE n = f.n - 1) END,
    CASE WHEN f.n % 20 = 19 THEN (SELECT id FROM drawn WHERE n = f.n - 1) END, now() - a * interval '1000 days'
FROM folk f;
INSERT INTO people_handle (kind, value, written, person_id, source, created_at)
SELECT 'email', lower(translate(split_part(name, ' ', 1), 'Éëé', 'eee')) || '.' || lower(word) || n || '@' || coalesce(domain, 'mail.example'), '', id, 'mail', now() FROM folk WHERE n % 20 <> 3
UNION ALL SELECT 'phone', '+4930' || (1000000 + n), '', id, 'import', now() FROM folk WHERE n % 5 = 3
UNION ALL SELECT 'mastodon', 'p' || n || '@social.example', '', id, 'mastodon', now() FROM folk WHERE n % 50 = 7;
INSERT INTO people_relationship (id, person_id, kind, since, until, source, created_at)
SELECT gen_random_uuid(), id, kind, current_date - 400, CASE WHEN n % 17 = 0 THEN current_date - 30 END, 'import', now() FROM folk, LATERAL (
    SELECT 'customer' WHERE c < .6 UNION ALL SELECT 'partner' WHERE d > .98 UNION ALL SELECT 'employee' WHERE d < .01
    UNION ALL SELECT 'prospect' WHERE c > .9 UNION ALL SELECT 'supplier' WHERE b > .99 UNION ALL SELECT 'journalist' WHERE e < .002
    UNION ALL SELECT 'analyst' WHERE e > .9995) AS k(kind);
INSERT INTO people_organizationrelationship (id, organization_id, kind, source, created_at)
SELECT gen_random_uuid(), id, 'partner', 'import', now() FROM orgs WHERE no % 100 = 99;
CREATE TEMP TABLE talks AS SELECT gen_random_uuid() AS id, f.id AS person, now() - power(random(), 2) * interval '700 days' AS at,
    CASE WHEN k % 25 = 0 THEN ARRAY[(SELECT id FROM teams WHERE no = 1 + k % (SELECT count(*) FROM teams))]
        ELSE '{{00000000-0000-0000-0000-000000000001}}'::uuid[] END AS audience, k
FROM generate_series(1, {people} * 3 / 10) k JOIN folk f ON f.n = 1 + floor(({people} - 1) * power((k * 0.6180339) % 1.0, 3))::int;
INSERT INTO conversations_conversation (id, subject, snippet, status, priority, person_id, involved, confidential, audience, language, message_count, awaiting_answer, created_at, last_activity_at, last_inbound_at)
SELECT id, 'About order ' || k, 'Hello', CASE WHEN k % 16 = 0 THEN 'open' ELSE 'resolved' END, 1, person, '{{}}', false, audience, '', 1, false, at, at, at FROM talks;
INSERT INTO conversations_message (conversation_id, id, direction, kind, person_id, machine_drafted, at, subject, text, recipients, message_id, has_html, has_more, problems)
SELECT id, gen_random_uuid(), 'in', 'message', person, false, at, 'About order ' || k, 'Hello', '{{}}', '', false, false, '{{}}' FROM talks;
"""
_WALLED = (
    "people_person", "people_handle", "people_relationship", "people_organization", "people_organizationrelationship",
    "conversations_conversation", "conversations_message",
)  # fmt: skip


def main() -> None:
    """Start the database of the home, and measure in a process of its own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--repeats", type=int, default=40)
    given = parser.parse_args()
    if os.environ.get("PEOPLE_LISTS"):
        return measure(given.people, given.only, given.repeats)
    from rapport.core.postgres import EmbeddedPostgres

    given.home.mkdir(parents=True, exist_ok=True)
    given.home.chmod(0o711)
    with EmbeddedPostgres(given.home) as url:
        env = {
            "DJANGO_SETTINGS_MODULE": "rapport.core.settings", "RAPPORT_HOME": str(given.home), "DATABASE_URL": url,
            "RAPPORT_LOG_LEVEL": "error", "PEOPLE_LISTS": "1", "PYTHONPATH": os.getcwd(),
        }  # fmt: skip
        subprocess.run([sys.executable, *sys.argv], env={**os.environ, **env}, check=True)  # noqa: S603 - ourselves


def measure(people: int, only: str, repeats: int) -> None:
    """Fill if there is nothing, ask every kind of page, print what it took."""
    import django

    django.setup()
    from django.core.management import call_command

    from rapport.core import memory
    from rapport.people.models import Person

    began = time.monotonic()
    call_command("migrate", verbosity=0)
    if not _count(Person):
        fill(people)
    filled = time.monotonic() - began
    memory.settle()
    taken = {}
    for name, requests in kinds(random.Random(4)).items():
        if name.startswith(only):
            taken[name] = _measured(requests(repeats))
            print(f"{name}: {taken[name]}", file=sys.stderr, flush=True)
    about: dict[str, Any] = {"people": _count(Person), "filled_s": round(filled), "load": round(os.getloadavg()[0], 1)}
    for name in ("p95_ms", "cpu_p95_ms"):
        about[f"worst_{name}"] = max((one[name] for one in taken.values()), default=None)
    print(json.dumps({**about, "taken": taken}))


def fill(people: int) -> None:
    """A company of 300 members in 20 teams (one confidential), and everybody it deals with."""
    from django.db import connection, transaction

    from rapport.cli import tables
    from rapport.conversations import heard_sql
    from rapport.core import scope
    from rapport.people import lists_sql
    from rapport.people.models import CustomField
    from rapport.staff.models import BusinessHours, Member, Membership, Team

    with scope.system():
        hours = BusinessHours.objects.create(name="Office", time_zone="Europe/Berlin", blocks=[[0, "09:00", "17:00"]])
        teams = Team.objects.bulk_create(
            Team(name=f"Team {n:02}", slug=f"team-{n:02}", hours=hours, is_open=n > 2, confidential=n == 0)
            for n in range(20)
        )
        members = Member.objects.bulk_create(
            Member(
                email=f"member{n:03}@bench.example", name=f"Member {n}", password="!", role="admin" if n < 2 else "agent"  # noqa: S106
            )
            for n in range(300)
        )  # fmt: skip
        Membership.objects.bulk_create(Membership(member=one, team=teams[n % 20]) for n, one in enumerate(members))
        Membership.objects.bulk_create(Membership(member=members[0], team=team) for team in teams[1:])
        CustomField.objects.create(key="tier", label="Tier", kind="choice", choices=["gold", "silver", "bronze"])
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            walled = tables.lower_walls()
            for table in _WALLED:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            for name, statement in (("rows", _FILL.format(people=people)), ("keys", lists_sql.ANEW), ("heard", heard_sql.ANEW)):
                began = time.monotonic()
                cursor.execute(statement)
                print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
            for table in _WALLED:
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
            tables.raise_walls(walled)
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0; SET maintenance_work_mem = '512MB'")
        cursor.execute("VACUUM ANALYZE")


def kinds(chance: random.Random) -> dict[str, Callable[[int], list[tuple[Any, str]]]]:
    """What is asked: each kind with how to make so many requests of it, by different members."""
    from urllib.parse import urlencode

    from rapport.people.models import Organization, Person
    from rapport.staff.models import Member

    members = list(Member.objects.order_by("email"))
    clients = [_signed_in(one) for one in [members[0], members[20], *chance.sample(members, 8)]]
    people = _list(Person, "name <> ''", "name")
    organizations = _list(Organization, "true", "id")
    holders = [str(one.id) for one in chance.sample(members, 20)]
    parts = [name.split()[-1][: chance.randrange(3, 7)] for name in people]
    words = [name.lower().split()[0] for name in people]
    filters: dict[str, Callable[[], dict[str, str]]] = {
        "everybody": dict,
        "partner": lambda: {"relation": "partner"},
        "customer": lambda: {"relation": "customer"},
        "analyst": lambda: {"relation": "analyst"},
        "organization": lambda: {"organization": str(chance.choice(organizations))},
        "holder": lambda: {"holder": chance.choice(holders)},
        "team": lambda: {"team": f"team-{chance.randrange(20):02}"},
        "nobody's": lambda: {"holder": "none"},
        "language": lambda: {"language": chance.choice(["en", "de", "zh"])},
        "kind": lambda: {"kind": chance.choice(["email", "phone", "mastodon"])},
        "stop": lambda: {"stop": "1"},
        "nameless": lambda: {"nameless": "1"},
        "field": lambda: {"f_tier": chance.choice(["gold", "silver"])},
        "heard 7": lambda: {"heard": "in7"},
        "heard 365": lambda: {"heard": "in365"},
        "not heard 60": lambda: {"heard": "not60"},
        "never heard": lambda: {"heard": "never"},
        "known since": lambda: {"since": time.strftime("%Y-%m-%d", time.gmtime(time.time() - 5 * 86400))},
        "partner, not heard 60": lambda: {"relation": "partner", "heard": "not60"},
        "partner, heard 7": lambda: {"relation": "partner", "heard": "in7"},
        "customer, de, phone": lambda: {"relation": "customer", "language": "de", "kind": "phone"},
        "employee, zh": lambda: {"relation": "employee", "language": "zh"},
        "customer, gold, nobody's, not heard 60": lambda: {
            "relation": "customer", "f_tier": "gold", "holder": "none", "heard": "not60",
        },
        "part of a name": lambda: {"q": chance.choice(parts)},
        "common part": lambda: {"q": chance.choice(["ann", "son", "example", "mail", "ber", "an", "a", "王"])},
        "first name": lambda: {"q": chance.choice(words)},
        "address": lambda: {"q": f"{chance.choice(parts).lower()}{chance.randrange(1000)}@"},
        "nothing like it": lambda: {"q": "xqzw"},
        "whole name": lambda: {"q": chance.choice(people)},
        "common part, partner": lambda: {"q": chance.choice(["son", "ann"]), "relation": "partner"},
        "first name, partner, not heard 60": lambda: {
            "q": chance.choice(words), "relation": "partner", "heard": "not60",
        },
    }  # fmt: skip

    def asking(url: str, query: Callable[[], dict[str, str]], **more: str) -> Callable[[int], list[tuple[Any, str]]]:
        return lambda many: [
            (clients[n % len(clients)], f"{url}?{urlencode(query() | more)}") for n in range(many)
        ]

    found = {
        f"{name} by {sort}": asking("/people/", query, sort=sort)
        for name, query in filters.items()
        for sort in ("name", "heard", "newest")
    }
    found |= {f"count {name}": asking("/people/count/", query) for name, query in filters.items()}
    for sort in ("name", "heard", "newest"):
        found[f"far down by {sort}"] = lambda many, sort=sort: _far(clients, sort, many)
    for name, query in {
        "all": dict, "part": lambda: {"q": chance.choice(parts)}, "common part": lambda: {"q": chance.choice(["son", "gmbh", "a"])},
        "partner": lambda: {"relation": "partner"},
    }.items():  # fmt: skip
        for sort in ("name", "newest"):
            found[f"organizations {name} by {sort}"] = asking("/organizations/", query, sort=sort)
    found["organization"] = lambda many: [
        (clients[n % len(clients)], f"/organizations/{chance.choice(organizations)}/") for n in range(many)
    ]
    ids = _list(Person, "top IS NULL", "id")
    found["person"] = lambda many: [(clients[n % len(clients)], f"/people/{chance.choice(ids)}/") for n in range(many)]
    return found


def _far(clients: list[Any], sort: str, many: int) -> list[tuple[Any, str]]:
    """Pages in the middle: the cursor of the page that is the twentieth by "next"."""
    requests = []
    for client in clients[:4]:
        url = f"/people/?sort={sort}"
        for _ in range(12):
            body = client.get(url).content.decode()
            start = body.find('rel="next"')
            if start < 0:
                break
            url = body[body.rindex("<a", 0, start):].split('href="')[1].split('"')[0].replace("&amp;", "&")
            url = url if url.startswith("/") else f"/people/{url}"
        requests.append((client, url))
    return [requests[n % len(requests)] for n in range(many)]


def _measured(requests: list[tuple[Any, str]]) -> dict[str, float]:
    for client, url in requests[:_WARM]:
        _ask(client, url)
    times, spent = [], []
    for client, url in requests:
        began, before = time.perf_counter(), _cpu_s()
        _ask(client, url)
        times.append((time.perf_counter() - began) * 1000)
        spent.append((_cpu_s() - before) * 1000)
    return {
        "p50_ms": round(median(times), 1), "p95_ms": round(quantiles(times, n=20)[-1], 1),
        "cpu_p50_ms": round(median(spent), 1), "cpu_p95_ms": round(quantiles(spent, n=20)[-1], 1),
    }  # fmt: skip


def _cpu_s() -> float:
    """Seconds of the processor so far: ours, and of the PostgreSQL process that works for us. However busy the machine
    is with other things, these are the same."""
    from django.db import connection

    connection.ensure_connection()
    pid = connection.connection.info.backend_pid
    return time.process_time() + int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def _ask(client: Any, url: str) -> None:
    answer = client.get(url)
    if answer.status_code not in (200, 404):
        raise SystemExit(f"{url} answered {answer.status_code}")


def _signed_in(member: Any) -> Any:
    from django.test import Client

    client = Client()
    client.force_login(member, backend="allauth.account.auth_backends.AuthenticationBackend")
    client.get("/counts/")
    return client


def _count(model: Any) -> int:
    from rapport.core import scope

    with scope.system():
        return int(model.objects.count())


def _list(model: Any, where: str, field: str) -> list[Any]:
    from rapport.core import scope

    with scope.system():
        return list(model.objects.extra(where=[where]).order_by("?").values_list(field, flat=True)[:200])  # noqa: S610


if __name__ == "__main__":
    main()
