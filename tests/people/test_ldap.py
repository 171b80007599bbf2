"""Employees from a real OpenLDAP: paged, encrypted, ended and not deleted."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rapport.core import scope
from rapport.core.clock import now
from rapport.core.errors import ChannelError, Invalid
from rapport.people.exchange import directories, jobs, ldap, ldapwords
from rapport.people.models import Directory, ExternalId, Handle, Person, Relationship
from tests.people import slapd
from tests.people.slapd import BASE, PASSWORD, READER, Slapd
from tests.web.cast import Cast, make_cast

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    running = slapd.start(Path(tmp_path_factory.mktemp("slapd")))
    running.add(slapd.person(f"u{n}", f"Given{n} Family{n}") for n in range(1100))
    yield running
    slapd.stop(running)


def access(server: Slapd, **more: Any) -> ldapwords.Access:
    given = {
        "host": "localhost", "port": server.tls, "tls": True, "bind": READER, "password": PASSWORD, "base": BASE,
        "filter": ldapwords.FILTERS["openldap"], "ca": server.ca,
        "attributes": {name: ldapwords.attributes(text) for name, text in ldapwords.ATTRIBUTES["openldap"].items()},
    }  # fmt: skip
    return ldapwords.Access(**(given | more))


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def connected(cast: Cast, server: Slapd) -> Directory:
    row = Directory(
        name="Our LDAP",
        config={
            "url": f"ldaps://localhost:{server.tls}", "bind": READER, "base": f"ou=people,{BASE}", "ca": server.ca,
            "filter": "(&(objectClass=inetOrgPerson)(!(uid=u*)))", "attributes": ldapwords.ATTRIBUTES["openldap"],
            "country": "49",
        },
    )  # fmt: skip
    directories.save(row, PASSWORD, cast.admin.id)
    return row


def read(row: Directory) -> Directory:
    directories.ask_now(row)
    assert jobs.work_once()
    with scope.system():
        row.refresh_from_db()
    return row


def test_everybody_comes_page_by_page_where_more_are_refused_at_once(server: Slapd) -> None:
    found = [len(page) for page in ldap.pages(access(server))]
    assert (sum(found), max(found)) == (1100, ldap.PAGE)
    one = ldap.first(access(server), 1)[0]
    assert (one.given, one.emails, len(one.id)) == ("Given0", ("u0@example.org",), 36)


def test_it_is_encrypted_and_the_certificate_is_checked(server: Slapd) -> None:
    for wrong in ({"ca": ""}, {"host": "127.0.0.1"}):
        with pytest.raises(ChannelError, match=r"(?i)certificate"):
            list(ldap.pages(access(server, **wrong)))
    # This very machine may be asked in the clear, under its own name.
    assert len(ldap.first(access(server, port=server.plain, tls=False), 3)) == 3


def test_starttls_comes_before_the_password(server: Slapd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ldap, "LOOPBACK", frozenset())
    assert len(ldap.first(access(server, port=server.plain, tls=False), 2)) == 2
    with pytest.raises(ChannelError, match=r"(?i)certificate"):
        ldap.first(access(server, port=server.plain, tls=False, ca=""))


def test_what_is_wrong_is_said(server: Slapd) -> None:
    for wrong, words in (
        ({"password": "wrong"}, "refuses the account"), ({"base": "dc=elsewhere"}, "refuses the search|another server"),
        ({"port": 1}, "."),
    ):  # fmt: skip
        with pytest.raises((Invalid, ChannelError), match=words):
            list(ldap.pages(access(server, **wrong)))
    with pytest.raises(Invalid, match="no filter"):
        ldap.check_filter("(uid=*")


def test_where_it_points_elsewhere_is_not_followed(server: Slapd) -> None:
    server.add([{"dn": f"ou=far,{BASE}", "objectClass": ["referral", "extensibleObject"], "ou": "far",
                 "ref": "ldap://127.0.0.1:1/ou=far,dc=example,dc=org"}])  # fmt: skip
    assert sum(len(page) for page in ldap.pages(access(server, filter="(uid=u1)"))) == 1
    with pytest.raises(Invalid, match="another server"):
        list(ldap.pages(access(server, base=f"ou=far,{BASE}")))


def test_who_comes_stays_changes_leaves_and_comes_back(connected: Directory, server: Slapd) -> None:
    server.add(
        [
            slapd.person("ann", "Ann Lee", title="Buyer", mobile="0171 1234567", departmentNumber="Sales",
                         manager=f"cn=Bob Bo,ou=people,{BASE}", preferredLanguage="de"),
            slapd.person("bob", "Bob Bo", mail=["bob@example.org", "info@example.org"]),
        ]
    )  # fmt: skip
    row = read(connected)
    assert (row.error, row.counts["new"], row.counts["ended"]) == ("", 2, 0)
    with scope.system():
        ann = Person.objects.get(name="Ann Lee")
        assert (ann.role, ann.language, ann.fields) == ("Buyer", "de", {"department": "Sales", "manager": "Bob Bo"})
        assert set(ann.handles.values_list("value", flat=True)) == {"ann@example.org", "+491711234567"}
        assert list(ann.relationships.values_list("kind", "source", "until")) == [("employee", "Our LDAP", None)]
        assert not Handle.objects.get(value="info@example.org").shared
    assert (read(row).counts["same"], row.counts.get("changed", 0)) == (2, 0)

    server.change(f"dn: uid=ann,ou=people,{BASE}\nchangetype: modify\nreplace: title\ntitle: Head of buying\n")
    server.change(f"dn: uid=bob,ou=people,{BASE}\nchangetype: delete\n")
    row = read(row)
    assert (row.counts["changed"], row.counts["ended"]) == (1, 1)
    with scope.system():
        assert Person.objects.get(id=ann.id).role == "Head of buying"
        bob = Person.objects.get(name="Bob Bo")
        assert bob.relationships.get().until == now().date()

    # An account closed and not removed has left, too; that it is opened again is a new beginning.
    server.change(f"dn: uid=ann,ou=people,{BASE}\nchangetype: modrdn\nnewrdn: uid=ann2\ndeleteoldrdn: 1\n")
    assert read(row).counts["ended"] == 0
    server.change(f"dn: uid=ann2,ou=people,{BASE}\nchangetype: delete\n")
    assert read(row).counts["ended"] == 1
    server.add([slapd.person("ann", "Ann Lee")])
    read(row)
    with scope.system():
        assert Person.objects.filter(name="Ann Lee").count() == 1
        assert row.report[0][1].startswith("ann@example.org belongs to Ann Lee")
    server.change(f"dn: uid=ann,ou=people,{BASE}\nchangetype: delete\n")


def test_nearly_nobody_at_once_ends_nothing_unless_somebody_says_so(connected: Directory, server: Slapd) -> None:
    connected.config["filter"] = "(uid=u10*)"
    directories.save(connected, "", connected.id)
    row = read(connected)
    assert row.counts["new"] == 111
    row.config["filter"] = "(uid=u1000)"
    with scope.system():
        row.save()
    row = read(row)
    assert "shows only 1 of the 111 employees" in row.error
    with scope.system():
        assert Relationship.objects.filter(source="Our LDAP", until=None).count() == 111
    directories.ask_now(row, believed=True)
    jobs.work_once()
    with scope.system():
        row.refresh_from_db()
        assert (row.error, row.counts["ended"], row.config["believed"]) == ("", 110, False)
        assert Person.objects.filter(name__startswith="Given").count() == 111


def test_a_directory_that_breaks_off_ends_nobodys_employment(
    connected: Directory, server: Slapd, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected.config["filter"] = "(uid=u10*)"
    directories.save(connected, "", connected.id)
    row = read(connected)
    before = row.counts["new"]
    monkeypatch.setattr(ldap, "PAGE", 3)
    paged = ldap._paged

    def broken(*given: Any) -> Iterator[Any]:
        yield next(paged(*given))
        raise OSError("the line is gone")

    monkeypatch.setattr(ldap, "_paged", broken)
    assert "the line is gone" in read(row).error
    with scope.system():
        assert Relationship.objects.filter(source="Our LDAP", until=None).count() == before
        assert row.due_at is not None
        assert row.due_at > now()


def test_an_employee_known_in_confidence_becomes_known_and_nothing_said_does(
    connected: Directory, cast: Cast, server: Slapd
) -> None:
    server.add([slapd.person("sigrid", "Sigrid Secretive", mail="sigrid@company.example")])
    read(connected)
    with scope.system():
        member = Person.objects.get(name="Sigrid Secretive", merged_into=None)
        assert member.relationships.get().kind == "employee"
        assert Person.objects.filter(name="Sigrid Secretive").count() == 2
    with scope.member(cast.agent.id):
        assert Person.objects.filter(name="Sigrid Secretive").count() == 1
    server.change(f"dn: uid=sigrid,ou=people,{BASE}\nchangetype: delete\n")


def test_a_new_name_goes_everywhere(connected: Directory, server: Slapd) -> None:
    connected.config["filter"] = "(uid=u1)"
    directories.save(connected, "", connected.id)
    row = read(connected)
    row.name = "HQ"
    directories.save(row, "", connected.id)
    with scope.system():
        assert set(ExternalId.objects.values_list("source", flat=True)) == {"ldap HQ"}
    assert (read(row).counts["same"], row.counts["ended"]) == (1, 0)
