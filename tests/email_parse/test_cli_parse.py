"""`rapport parse`."""

import json
from pathlib import Path

from click.testing import CliRunner

from rapport.cli.parse import parse

_MAIL = b"From: Ann <a@b.c>\nSubject: hi\nContent-Type: text/html\n\n<p onclick=x()>hello</p>"
_KEYS = [
    "from", "to", "cc", "reply_to", "subject", "date", "message_id", "in_reply_to", "references",
    "kind", "bounce", "text",
    "html", "reply", "quote", "signature", "attachments", "problems",
]  # fmt: skip


def test_a_mail_is_one_line_with_exactly_the_documented_keys(tmp_path: Path) -> None:
    path = tmp_path / "a.eml"
    path.write_bytes(_MAIL)
    result = CliRunner().invoke(parse, [str(path)])
    (line,) = result.stdout.splitlines()
    understood = json.loads(line)
    assert list(understood) == _KEYS
    assert understood["from"] == {"name": "Ann", "address": "a@b.c"}
    assert (understood["html"], understood["text"], understood["date"]) == ("<p>hello</p>", "hello", None)
    assert result.exit_code == 0


def test_an_mbox_is_a_line_per_mail_and_standard_input_one(tmp_path: Path) -> None:
    path = tmp_path / "a.mbox"
    path.write_bytes(
        b"From a@b.c Thu Jan  1 00:00:00 2004\n" + _MAIL + b"\n\nFrom a@b.c Thu Jan  1 00:00:00 2004\n" + _MAIL
    )
    assert len(CliRunner().invoke(parse, [str(path)]).stdout.splitlines()) == 2
    assert len(CliRunner().invoke(parse, ["-"], input=_MAIL).stdout.splitlines()) == 1


def test_a_missing_file_or_a_folder_is_an_error_and_the_others_are_printed(tmp_path: Path) -> None:
    path = tmp_path / "a.eml"
    path.write_bytes(_MAIL)
    result = CliRunner().invoke(parse, [str(tmp_path / "nothing"), str(tmp_path), str(path)])
    assert result.exit_code == 2
    assert len(result.stdout.splitlines()) == 1
    assert "no such file" in result.stderr
    assert "is a folder" in result.stderr
