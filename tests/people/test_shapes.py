"""Files as they really are: any values survive, and whatever is wrong with one record harms no other."""

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rapport.core.errors import Invalid
from rapport.people.exchange import cards, cells, files, shapes, sheets
from rapport.people.exchange.cells import Span
from rapport.people.exchange.entries import Terms, consent, entry

WORDS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=40)
TEXTS = st.text(max_size=40).map(lambda text: cells.clean(text, 40))
LINES = st.text(max_size=40).map(lambda text: cells.line(text, 40))


def read(data: bytes | str, name: str = "") -> list[sheets.Record]:
    return list(files.opened(data.encode() if isinstance(data, str) else data, name).records())


@given(st.lists(WORDS))
def test_several_values_in_one_cell_come_apart_as_they_were(values: list[str]) -> None:
    wanted = list(dict.fromkeys(value.strip() for value in values if value.strip()))
    assert cells.split(cells.joined(wanted)) == wanted


@given(WORDS)
@example("'=1")
@example("''=1")
@example(" =1")
def test_a_guarded_cell_is_no_formula_and_comes_back(text: str) -> None:
    guarded = cells.guarded(text)
    assert cells.unguarded(guarded) == text
    assert not guarded.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))


@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS), min_size=1, max_size=8), st.sampled_from(",;\t|"))
def test_any_values_survive_a_csv(rows: list[tuple[str, str, str]], delimiter: str) -> None:
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter)
    writer.writerow(["alpha", "beta", "gamma"])
    writer.writerows([cells.guarded(value) for value in row] for row in rows)
    data = file.getvalue().encode()
    layout = sheets.layout_of(data, "utf-8", delimiter)
    found = [record.cells for record in sheets.records(data, layout)]
    assert found == [row for row in rows if any(row)]


@given(TEXTS, st.lists(LINES.filter(bool), max_size=3, unique=True), LINES, LINES)
def test_any_values_survive_a_vcard(note: str, handles: list[str], name: str, key: str) -> None:
    row = {
        "name": name, "note": note, "organization": name, "email": cells.joined(handles), "role": key,
        "relationship": cells.joined(handles), "field:a_B-1": note, "external_ids": cells.joined([f"x={key}"]),
    }  # fmt: skip
    text = cards.card(row)
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    (record,) = read(text)
    found = dict(zip(files.opened(text.encode()).layout.columns, record.cells, strict=True))
    assert found == {column: value for column, value in row.items() if value.strip()}


@given(st.binary(max_size=400))
@example(b'a,b\n"\n')
@example(b"\xff\xfea")
def test_no_bytes_break_the_reader(data: bytes) -> None:
    for name in ("x.csv", "x.vcf"):
        try:
            read(data, name)
            read(b"BEGIN:VCARD\n" + data + b"\nEND:VCARD\n", name)
        except Invalid:
            pass


def test_a_quotation_mark_that_is_never_closed_costs_its_line_alone() -> None:
    head = 'name,email\nAnn,ann@example.org\nBo"b,bob@example.org\n"Cyd,cyd@example.org\n'
    text = head + "Dee,dee@example.org\n" * 900
    found = read(text)
    assert [(one.line, one.wrong) for one in found if one.wrong] == [(4, "quote_open")]
    assert (len(found), found[1].cells, found[-1].line) == (903, ('Bo"b', "bob@example.org"), 904)


def test_a_cell_over_lines_keeps_its_number_and_the_next_line_its_own() -> None:
    found = read('name,note\nAnn,"one\ntwo"\nBob,x\n')
    assert [(one.line, one.cells[1]) for one in found] == [(2, "one\ntwo"), (4, "x")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("delimiter", list(",;\t|"))
def test_encodings_and_separators_are_found_out(encoding: str, delimiter: str) -> None:
    text = f"Name{delimiter}E-Mail\r\nJörg Ünal{delimiter}joerg@example.org\r\nAnn{delimiter}ann@example.org\r\n"
    file = files.opened(text.encode(encoding))
    assert file.layout.columns == ("Name", "E-Mail")
    assert [one.cells[0] for one in file.records()] == ["Jörg Ünal", "Ann"]


def test_what_is_hostile_is_named_and_the_rest_is_read() -> None:
    big = "x" * 1_000_000
    rows = f"Ann,a@example.org\n{big},b@example.org\nC\0yd,c@example.org\nDee,d@e.org,more,cells\nEve\n"
    found = read(f"name,email\n{rows}")
    assert [one.wrong for one in found] == ["", "cell_too_long", "", "too_many_cells", ""]
    assert found[2].cells[0] == "Cyd"
    with pytest.raises(Invalid, match="10000 columns"):
        read(",".join(["a"] * 10_000))
    with pytest.raises(Invalid, match="empty"):
        read("")


def test_a_wrong_encoding_shows_and_stops_nothing() -> None:
    found = read("name,email\nJ\xf6rg,j@example.org\n".encode("latin-1"))
    assert found[0].cells[0] == "Jörg"
    file = files.opened("name,email\nJörg,j@example.org\n".encode("latin-1"), encoding="utf-8")
    assert [one.cells[1] for one in file.records()] == ["j@example.org"]


def test_ten_megabytes_of_photos_are_passed_over() -> None:
    photo = "PHOTO;ENCODING=b;TYPE=JPEG:" + "\r\n ".join(["A" * 74] * 5_000)
    card = f"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ann\r\n{photo}\r\nEMAIL:ann@example.org\r\nEND:VCARD\r\n"
    data = (card * 26).encode()
    assert len(data) > 10_000_000
    file = files.opened(data)
    assert file.layout.columns == ("name", "email")
    assert [one.cells for one in file.records()] == [("Ann", "ann@example.org")] * 26


def test_of_a_hundred_thousand_rows_bad_ones_cost_themselves_alone() -> None:
    """Some read badly (a quotation mark never closed), some say what cannot be."""
    rows = [f"{number},Ann {number},a{number}@example.org" for number in range(100_000)]
    rows[50_000], rows[70_000] = '50000,"Ann,a@example.org', "70000,Ann,broken@"
    file = files.opened("\n".join(("id,name,email", *rows)).encode())
    found = list(file.records())
    assert (len(found), [(one.line, one.wrong) for one in found if one.wrong]) == (100_000, [(50_002, "quote_open")])
    terms = Terms(shapes.Mapping(shapes.guess(file.layout.columns, file.samples(), {}), source="crm"), (), {})
    near = [entry(one, terms) for one in found[69_000:71_000]]
    assert [(one.line, one.wrong["what"]) for one in near if one.wrong] == [(70_002, "no_email")]


def test_only_a_channel_that_there_is_can_be_preferred() -> None:
    mapping = shapes.Mapping((shapes.Column("preferred"),))
    terms = Terms(mapping, (), {}, frozenset({"email", "phone"}))
    for written, kept in (("Phone", "phone"), ("E-mail", "email"), ("carrier pigeon", ""), ("x" * 99, "")):
        found = entry(sheets.Record(2, (written,)), terms)
        assert found.texts.get("preferred", "") == kept
        assert [one["what"] for one in found.remarks] == ([] if kept else ["no_way"])


def test_a_card_without_its_end_harms_no_other() -> None:
    odd = "FN;CHARSET=nonsense;ENCODING=QUOTED-PRINTABLE:=F6=\n"
    text = f"BEGIN:VCARD\nFN:Ann\nBEGIN:VCARD\n{odd}BEGIN:VCARD\nFN:Cyd\nEND:VCARD\n"
    assert [one.cells for one in read(text)][0::2] == [("Ann",), ("Cyd",)]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("Ann <Ann@Example.ORG>", "ann@example.org"), ("mailto:a@b.example", "a@b.example"),
        ("a@xn--bcher-kva.example", "a@bücher.example"), ("a@b", ""), ("a b@c.example", ""), ("@b.example", ""),
        ("a@b..example", ""), ("a@" + "b" * 64 + ".example", ""), ("a@b.example.", "a@b.example"), ("", ""),
    ],
)  # fmt: skip
def test_addresses_are_written_one_way(written: str, value: str) -> None:
    assert cells.email(written) == value


@pytest.mark.parametrize(
    ("written", "country", "value"),
    [
        ("0301 23456", "49", "+4930123456"), ("+49 (0)30 123456", "", "+4930123456"), ("0301 23456", "", ""),
        ("(212) 555-0100", "1", "+12125550100"), ("+1 212 555 0100 ext. 7", "", "+12125550100"),
        ("００４９３０１２３４５６", "49", "+4930123456"), ("call me", "49", ""),
    ],
)  # fmt: skip
def test_numbers_are_written_one_way(written: str, country: str, value: str) -> None:
    assert cells.phone(written, country) == value


def test_dates_relationships_and_consents_are_read_as_they_are_written() -> None:
    for text in ("2020-12-31", "20201231", "31.12.2020", "31/12/2020", "12/31/2020", "2020-12-31T10:00:00Z"):
        assert str(cells.day(text)) == "2020-12-31", text
    assert [cells.day(text) for text in ("3/4/2020", "2020-13-01", "yesterday", "")] == [None] * 4
    for text in ("customer", "customer 2020-01-01/", "customer /2020-01-01", "customer 2019-01-01/2020-01-01"):
        assert str(cells.span(text)) == text
    assert cells.span("customer 2020-13-01/") is None
    assert cells.span("A Friend") == Span("a friend")
    said = consent("news@email=no 2020-01-01")
    assert said is not None
    assert (said.purpose, said.channel, said.given) == ("news", "email", False)
    assert [consent(text) for text in ("news", "=yes", "news=perhaps", "news=yes soon")] == [None] * 4


def test_names_lose_what_turns_or_hides_them() -> None:
    assert cells.line("Ann\u202egro.elpmaxe\x07\r\nLee\ud800", 200) == "Anngro.elpmaxe Lee"


def test_cells_made_to_be_slow_are_not() -> None:
    """Each took quadratic time: minutes for one cell, in the request that shows the columns."""
    assert cells.phone("1" + " " * 90_000 + "a", "") == ""
    assert cells.phone("+49 30   1234567  ext.  12", "") == "+49301234567"
    assert cards._taken_apart("a" * 150_000 + "\\", ";")[0] == "a" * 150_000
    assert cards._taken_apart("Ex;Ann\\;B;", ";") == ["Ex", "Ann\\;B", ""]
