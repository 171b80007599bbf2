"""`rapport bench` says what it promises, in the last line."""

import json
import subprocess
import sys
from pathlib import Path

from tests.inbound.post import letter

FIGURES = {
    "received", "stored", "duplicate", "quarantined", "refused", "conversations", "seconds", "messages_per_second",
    "cpu_s_per_1000_python", "cpu_s_per_1000_postgres", "cpu_s_per_1000_total", "peak_rss_mb", "bytes_per_message",
}  # fmt: skip


def bench(*arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "rapport.cli.main", "bench", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)


def test_ingest_counts_every_mail_and_measures_it(tmp_path: Path) -> None:
    mbox = tmp_path / "some.mbox"
    mails = [letter(id="1@x.example"), letter(refs=["1@x.example"]), letter(), letter(id="1@x.example"), b"\r\n"]
    line = b"From someone@x.example Mon Mar  2 09:00:00 2026\n"
    mbox.write_bytes(b"".join(line + raw.replace(b"\r\n", b"\n") + b"\n" for raw in (*mails, mails[2])))
    done = bench("ingest", mbox)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert set(found) == FIGURES
    counted = {
        key: found[key] for key in ("received", "stored", "duplicate", "quarantined", "refused", "conversations")
    }
    assert counted == {
        "received": 6, "stored": 3, "duplicate": 2, "quarantined": 1, "refused": 0, "conversations": 2
    }  # fmt: skip
    assert all(found[key] > 0 for key in FIGURES if key.startswith("cpu") or key in ("seconds", "peak_rss_mb"))


def test_what_is_no_mbox_is_refused_before_anything_starts(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("Dear diary,\n")
    done = bench("ingest", file)
    assert done.returncode == 1
    assert "is no mbox file" in done.stderr
    assert "database" not in done.stderr
