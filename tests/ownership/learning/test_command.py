"""`rapport bench routing` says how well it learns, of files that anybody can write."""

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from rapport.cli import bench_routing
from rapport.cli.bench import bench
from rapport.cli.bench_routing import File, Row, Way, measured, read
from rapport.core.errors import Invalid
from rapport.ownership.learning import model
from tests.ownership.learning.makers import message

PROMISED = {
    "accuracy", "macro_f1", "oos_recall", "auroc", "ece", "coverage_at_95", "precision_at_95", "predict_ms_p50",
    "predict_ms_p99", "correct_ms_p50", "correct_ms_p99", "batch_per_s",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _words_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_routing, "available", lambda: ())
    monkeypatch.setattr(bench_routing, "_TIMED", 5)


def rows(count: int, first: int) -> list[dict[str, object]]:
    return [
        {"text": message(label, first + at), "label": label}
        for at in range(count) for label in ("support", "billing", "jobs", None)
    ]  # fmt: skip


def written(path: Path, lines: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def run(*arguments: object) -> dict[str, object]:
    done = CliRunner().invoke(bench, ["routing", *map(str, arguments)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    found: dict[str, object] = json.loads(done.output.splitlines()[-1])
    return found


def test_it_measures_what_it_promises(tmp_path: Path) -> None:
    train, test = written(tmp_path / "t.jsonl", rows(20, 0)), written(tmp_path / "s.jsonl", rows(8, 700))
    found = run("--train", train, "--test", test)
    assert set(found) >= PROMISED
    assert found["accuracy"] == pytest.approx(1, abs=0.1)
    assert found["shown_at_once"] == 1


def test_it_says_in_words_which_labels_were_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "LABELS_MAX", 2)
    train, test = written(tmp_path / "t.jsonl", rows(4, 0)), written(tmp_path / "s.jsonl", rows(1, 700))
    assert "of 3 labels the 2 with the most decisions" in str(run("--train", train, "--test", test)["note"])


def test_a_stream_is_predicted_before_it_is_learned(tmp_path: Path) -> None:
    train, test = written(tmp_path / "t.jsonl", rows(1, 0)), written(tmp_path / "s.jsonl", rows(20, 100))
    found = run("--train", train, "--test", test, "--stream", "--names-only")
    assert found["train"] == 0
    assert found["stream_51_200"] is not None
    assert found["stream_201_1000"] is None
    assert set(found) >= PROMISED - {"batch_per_s"}
    assert float(str(found["stream_last_200"])) < 1


def test_with_so_many_a_label_no_more_are_learned(tmp_path: Path) -> None:
    train, test = written(tmp_path / "t.jsonl", rows(9, 0)), written(tmp_path / "s.jsonl", rows(1, 100))
    assert run("--train", train, "--test", test, "--per-label", 2)["train"] == 8


def test_the_tests_labels_do_not_change_what_is_predicted() -> None:
    train = File(tuple(Row(message(label, at), label) for at in range(10) for label in ("support", "billing")), {})
    texts = [message("support", at) for at in range(500, 505)]
    tests = [File(tuple(Row(text, label) for text in texts), {}) for label in ("support", "billing")]
    same = [measured(train, test, Way()) for test in tests]
    assert (same[0]["accuracy"], same[1]["accuracy"]) == (1.0, 0.0)
    assert same[0]["coverage_at_95"] == same[1]["coverage_at_95"]


def test_a_row_may_bring_facts_and_what_its_label_is_called(tmp_path: Path) -> None:
    file = read(written(tmp_path / "t.jsonl", [
        {"text": "hello", "label": "a", "facts": {"channel": "email"}, "relationship": ["a", "b"], "hour": 9},
        {"label": "b", "description": "Everything else"},
        {"names": {"c": "Third"}},
        {"text": "hello", "label": None, "name": "not used"},
    ]))  # fmt: skip
    assert file.rows[0].facts == {"relationship": "a,b", "hour": "9", "channel": "email", "language": ""}
    assert file.names == {"b": "Everything else", "c": "Third"}
    assert [row.label for row in file.rows] == ["a", None]


def test_files_as_other_tools_write_them_are_read(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    first, last = b'\xef\xbb\xbf{"text": "a", "label": 4}', b'{"text": "half \\ud800", "label": "\\ud83d\\udeb2"}'
    path.write_bytes(first + b"\r\n\r\n" + last + b"\r\n")
    assert [(row.text, row.label) for row in read(path).rows] == [("a", "4"), ("half ?", "\N{BICYCLE}")]


def test_it_says_that_nothing_is_refused_before_enough_was_none_of_ours(tmp_path: Path) -> None:
    train, test = written(tmp_path / "t.jsonl", rows(4, 0)), written(tmp_path / "s.jsonl", rows(1, 700))
    assert "4 decisions were none of ours: under 80" in str(run("--train", train, "--test", test)["note"])


@pytest.mark.parametrize(("content", "says"), [
    (b"", "nothing in"), (b"\n\n", "nothing in"), (b"\xff\xfe", "UTF-8"), (b"text,label\n", "line 1 is no JSON"),
    (b'{"text": "a", "label": "b"}\n[1]', "line 2 is no JSON object"), (b'{"label": "b"}', "has no text"),
    (b'{"text": "a"}', "has no label"), (b'{"text": 3, "label": "b"}', "the text is no text"),
    (b'{"text": "a", "label": ""}', "the label is no text"), (b'{"text": "a", "label": true}', "the label is no text"),
    (b"[" * 200_000, "line 1 is no JSON"), (b'{"text": "a", "label": 4.5}', "the label is no text"),
    (b'{"text": "a", "label": "b", "facts": 4}', "facts is no object"), (b'{"names": [1]}', "names is no object"),
])  # fmt: skip
def test_a_file_that_cannot_be_used_is_refused_with_its_line(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(content)
    with pytest.raises(Invalid, match=says):
        read(path)


@pytest.mark.parametrize("more", [(), ("--stream",)])
def test_a_test_of_names_alone_is_refused_and_no_figure_is_made_of_nothing(tmp_path: Path, more: tuple[str]) -> None:
    train = written(tmp_path / "t.jsonl", rows(4, 0))
    test = written(tmp_path / "s.jsonl", [{"names": {"support": "Helps"}}])
    done = CliRunner().invoke(bench, ["routing", "--train", str(train), "--test", str(test), *more])
    assert isinstance(done.exception, Invalid)
    assert "nothing to predict" in done.exception.message
    assert done.stdout == ""


def test_a_file_that_is_not_there_is_refused_by_the_command() -> None:
    with pytest.raises(click.UsageError):
        bench.main(["routing", "--train", "nowhere", "--test", "nowhere"], standalone_mode=False)
