"""`rapport thread`: the same conversations as the pipeline makes, without a database."""

import json
from collections import defaultdict
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import pytest
from click.testing import CliRunner

from rapport.channels.base import mail
from rapport.channels.models import Channel
from rapport.cli.main import main
from rapport.cli.thread import place
from rapport.conversations.models import Message
from rapport.core import scope
from rapport.inbound import intake, pipeline
from rapport.inbound.mailfiles import open_mails
from tests.cli.mails import letter, mbox

LETTERS = [
    *(letter(2, parent=1), letter(3), letter(1), letter(4, parent=3)),
    *(b" \n", letter(5, parent=404), letter(6, parent=404)),
]


def test_a_line_a_mail_says_where_it_would_land(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["thread", str(mbox(tmp_path / "a.mbox.gz", *LETTERS))])
    assert done.exit_code == 0, done.output
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [set(line) for line in lines] == [{"message_id", "conversation"}] * 7
    assert [line["message_id"] for line in lines] == [f"{n}@berg.example" for n in (2, 3, 1, 4)] + [""] + [
        f"{n}@berg.example" for n in (5, 6)
    ]
    one, two, also_one, also_two, nowhere, three, also_three = (line["conversation"] for line in lines)
    assert (one, two, three, nowhere) == (also_one, also_two, also_three, None)
    assert len({one, two, three}) == 3


def test_a_conversation_keeps_its_name_whatever_follows() -> None:
    few, many = list(place(LETTERS[:2])), list(place(LETTERS))
    assert few == many[:2]


def test_as_columns_a_mail_is_a_line_too(tmp_path: Path) -> None:
    path = mbox(tmp_path / "a.mbox", letter(1).replace(b"<1@", b"<a b\tc@"), letter(2))
    lines = CliRunner().invoke(main, ["thread", "--tsv", str(path)]).stdout.splitlines()
    assert [len(line.split("\t")) for line in lines] == [2, 2]


def test_a_file_that_is_no_mbox_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Hello\n")
    done = CliRunner().invoke(main, ["thread", str(tmp_path / "a.txt")])
    assert (done.exit_code, done.stdout) == (1, "")
    assert "is no mbox file" in done.stderr


@pytest.mark.django_db
def test_it_agrees_with_the_pipeline_on_real_mail(shared_data: Path) -> None:
    source = open_mails(shared_data / "mail-corpus" / "corpus-10k.mbox.gz")
    bodies = [one.body for one in islice(source.read(), 1_200)]
    channel = Channel.objects.create(name="Box", kind="email", address="box@rapport.example")
    for start in range(0, len(bodies), 150):
        intake.accept(channel, [mail(body) for body in bodies[start : start + 150]])
        pipeline.run_batch()
    with scope.system():
        made = Message.objects.values_list("message_id", "conversation_id")
        stored = groups((id, str(conversation)) for id, conversation in made)
    assert groups((one.message_id, str(one.conversation)) for one in place(bodies)) == stored


def groups(pairs: Iterable[tuple[str, str]]) -> set[frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for message_id, conversation in pairs:
        if message_id:
            found[conversation].add(message_id)
    return set(map(frozenset, found.values()))
