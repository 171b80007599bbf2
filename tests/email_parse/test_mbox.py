"""mbox and Maildir as streams."""

import gzip
from pathlib import Path

import pytest

from rapport.channels.kinds.email.mbox import looks_like_mbox, read_maildir, read_mbox
from rapport.core.errors import RapportError

_TWO = (
    b"From a@b.c Thu Jan  1 00:00:00 2004\nSubject: one\n\nhello\n>From here\n>>From there\n\nFrom"
    b" now on this is text\n\n"
    b"From d@e.f Fri Jan  2 00:00:00 2004\nSubject: two\n\nbye\n"
)


def test_mails_come_with_offsets_and_without_envelope_lines(tmp_path: Path) -> None:
    path = tmp_path / "x.mbox"
    path.write_bytes(_TWO)
    mails = list(read_mbox(path))
    assert [offset for offset, _ in mails] == [0, _TWO.index(b"From d@e.f")]
    assert mails[0][1] == b"Subject: one\n\nhello\nFrom here\n>From there\n\nFrom now on this is text\n"
    assert mails[1][1] == b"Subject: two\n\nbye\n"


def test_a_gzipped_mbox_reads_alike(tmp_path: Path) -> None:
    path = tmp_path / "x.mbox.gz"
    path.write_bytes(gzip.compress(_TWO))
    assert looks_like_mbox(path)
    assert len(list(read_mbox(path))) == 2


@pytest.mark.parametrize(
    "content", [b"Subject: a mail\n\nx", b"\x89PNG\r\n", b"From nowhere to here\n\n", b"From "]
)
def test_what_is_no_mbox_is_refused_before_the_first_mail(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    assert not looks_like_mbox(path)
    with pytest.raises(RapportError, match="no mbox"):
        next(read_mbox(path))


def test_an_empty_file_is_an_empty_mbox(tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    assert list(read_mbox(tmp_path / "x")) == []


def test_a_maildir_gives_its_mails_by_name(tmp_path: Path) -> None:
    for name in ("cur", "new", "tmp"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.host").write_bytes(name.encode())
    assert list(read_maildir(tmp_path)) == [("cur/1.host", b"cur"), ("new/1.host", b"new")]
    with pytest.raises(RapportError, match="no Maildir"):
        next(read_maildir(tmp_path / "cur"))


def test_the_corpus_holds_its_ten_thousand_mails(shared_data: Path) -> None:
    assert sum(1 for _ in read_mbox(shared_data / "mail-corpus/corpus-10k.mbox.gz")) == 10_000
