"""`rapport bench people`: quality on real tables, columns found by their names, clear words for bad files."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from rapport.cli.bench import bench
from rapport.cli.bench_people import measure
from rapport.cli.people_table import entities, read
from rapport.core.errors import Invalid

TABLE = """first name; Nachname; E-Mail ; DOB; Stadt; res_zip_cd; unique_id; cluster
Ann;Miller;ann@example.org;1980-04-03;Berlin;10115;1;a
Anne;Miller;ann@example.org;1980-04-03;Berlin;;2;a
Bob;Stone;bob@example.net;1955-01-07;Bern;3000;3;b
Tom;Reed;tom@example.net;1961-11-30;Bonn;53111;4;
Tim;Rode;tim@example.net;1971-10-20;Kiel;24103;5;
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


def test_columns_are_known_by_their_names(table: Path) -> None:
    found = read([table], "CLUSTER")
    assert found.columns == {
        "given": ["first name"], "family": ["Nachname"], "email": ["E-Mail"], "birth_date": ["DOB"], "city": ["Stadt"],
        "postcode": ["res_zip_cd"],
    }  # fmt: skip
    assert found.ignored == ["unique_id"]
    assert found.truth[:3] == ["a", "a", "b"]
    assert len(set(found.truth)) == 4


def test_a_column_is_what_the_map_says(table: Path) -> None:
    found = read([table], "cluster", ["number=unique_id", "ignore=Stadt", "zip=res_zip_cd"])
    assert found.columns["number"] == ["unique_id"]
    assert found.columns["postcode"] == ["res_zip_cd"]
    assert "Stadt" in found.ignored


@pytest.mark.parametrize("said", [("unique_id=number", "Stadt=ignore"), ("number=unique_id,ignore=Stadt",)])
def test_the_map_is_understood_either_way_round_and_several_at_once(table: Path, said: tuple[str, ...]) -> None:
    found = read([table], "cluster", said)
    assert (found.columns["number"], "city" in found.columns) == (["unique_id"], False)


def test_addresses_are_known_by_what_they_look_like(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("who,kontakt,c\nAnn,ann@example.org,1\nBob,bob@example.org,2\n", encoding="utf-8")
    assert read([path], "c").columns == {"email": ["kontakt"]}


def test_the_number_in_the_identifiers_of_test_sets_is_the_human() -> None:
    rows = [{"rec_id": text} for text in ("rec-12-org", "rec-12-dup-0", "rec-7-org")]
    assert entities(rows, "rec_id") == ["rec-12", "rec-12", "rec-7"]


@pytest.mark.parametrize(
    ("text", "truth", "mapping", "words"),
    [
        ("", "c", (), "is empty"),
        ("name,c\n", "c", (), "no rows"),
        ("name,c\nAnn,1\n", "c", (), "one row"),
        ("name,c\nAnn,1\nBob,2\n", "d", (), "no column 'd'"),
        ("name,c\nAnn,1\nBob,1\n", "c", (), "one value only"),
        ("name,c\nAnn,\nBob,\n", "c", (), "is empty"),
        ("foo,c\nAnn,1\nBob,2\n", "c", (), "says anything of a person"),
        ("name,name,c\nAnn,A,1\nBob,B,2\n", "c", (), "two columns"),
        ("name,c\nAnn,1\nBob,2\n", "c", ("name=x",), "no column 'x'"),
        ("name,c\nAnn,1\nBob,2\n", "c", ("shoe=name",), "names no field"),
        ("name,c\nAnn,1\nBob,2\n", "c", ("number=c",), "is the truth"),
        ("na\0me,c\nAnn,1\n", "c", (), "is no text"),
    ],
)
def test_what_is_no_table_of_people_is_told(
    tmp_path: Path, text: str, truth: str, mapping: tuple[str, ...], words: str
) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Invalid, match=words):
        read([path], truth, mapping)


def test_one_json_object_and_nothing_else(table: Path) -> None:
    done = CliRunner().invoke(bench, ["people", str(table), "--truth", "cluster"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["records"], told["true_pairs"], told["precision"], told["recall"]) == (5, 1, 1.0, 1.0)
    assert told["false_merge_rate"] == 0.0
    assert told["incremental"]["scores_unlike_batch"] == 0
    assert "cluster" not in str(told["columns"])


def test_without_a_truth_it_says_how(table: Path) -> None:
    done = CliRunner().invoke(bench, ["people", str(table)])
    assert done.exit_code != 0
    assert "--truth" in str(getattr(done.exception, "hint", done.output))


@pytest.mark.parametrize(
    ("files", "least"), [(["dataset4a", "dataset4b"], 0.99), (["dataset3"], 0.98)]
)
def test_known_sets_are_matched_well_and_never_surely_wrong(shared_data: Path, files: list[str], least: float) -> None:
    told = measure([shared_data / "people-febrl" / f"{name}.csv" for name in files], "rec_id", ())
    assert told["f1"] >= least
    assert told["false_merge_rate"] <= 1e-4
    assert told["coverage"] > 0.5
    assert told["incremental"]["scores_unlike_batch"] == 0


def test_short_names_of_a_file_are_recognised(shared_data: Path) -> None:
    done = CliRunner().invoke(bench, ["people", "--nicknames", str(shared_data / "people-nicknames" / "names.csv")])
    told = json.loads(done.stdout)
    assert told["recall"] > 0.99
    assert told["random_pairs_taken_for_short_names"] < 0.005
