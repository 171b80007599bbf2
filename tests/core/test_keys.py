"""The keyring: what is encrypted stays readable through every rotation, also one that was killed."""

import base64
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.apps import apps
from django.db.models import BinaryField
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from rapport.channels.models import Channel
from rapport.channels.secrets import seal, unseal
from rapport.core import keys, scope
from rapport.core.ids import new_id
from rapport.core.models import DataKey
from rapport.core.options import load, options, with_secret_key

pytestmark = pytest.mark.django_db
_PUBLIC = {
    "core_seal.hash", "core_datakey.wrapped", "conversations_blob.data", "inbound_rawitem.body",
    "people_archivepiece.data",
    "people_importfile.data", "ownership_learnedmodel.data",
    *(f"insight_day.{name}" for name in ("at", "began", "mark", "team", "channel", "topic", "member", "promise")),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _forgetful() -> Iterator[None]:
    keys._unwrapped.clear()
    yield
    keys._unwrapped.clear()


def channel(sealed: bytes) -> Channel:
    return Channel.objects.create(name=f"Mailbox {new_id()}", kind="email", secrets=sealed)


def stored(one: Channel) -> bytes:
    return bytes(Channel.objects.get(id=one.id).secrets)


def as_before(secrets: dict[str, str]) -> bytes:
    """What the first version of Rapport stored."""
    key = HKDF(SHA256(), 32, salt=None, info=b"rapport channel secrets").derive(options().secret_key.encode())
    return Fernet(base64.urlsafe_b64encode(key)).encrypt(orjson.dumps(secrets))


class Encrypting(TestCase):
    """For all bytes."""

    @given(st.binary(max_size=200))
    def test_what_is_encrypted_comes_back_and_names_its_key(self, data: bytes) -> None:
        token = keys.encrypt(data)
        assert keys.decrypt(token) == data
        assert token.startswith(b"rk1.")


def test_nothing_to_keep_gives_nothing_and_the_wrong_key_is_told() -> None:
    assert seal({"password": ""}) == b""
    assert unseal(b"") == {}
    with pytest.raises(keys.WrongKey):
        keys.decrypt(b"rk1." + b"0" * 32 + b".gAAAA")
    with pytest.raises(keys.WrongKey):
        keys.decrypt(Fernet(Fernet.generate_key()).encrypt(b"x"))


def test_a_rotation_encrypts_everything_anew_also_what_an_earlier_version_stored() -> None:
    ours, old, empty = channel(seal({"word": "one"})), channel(as_before({"word": "two"})), channel(b"")
    before = stored(ours)
    done = keys.rotate()
    assert (done.encrypted, done.unreadable) == (2, 0)
    assert stored(ours) != before
    assert [unseal(stored(one)) for one in (ours, old, empty)] == [{"word": "one"}, {"word": "two"}, {}]
    first = before.split(b".")[1].decode()
    with scope.system():
        assert DataKey.objects.get(id=first).retired_at is not None
    keys.rotate()
    with scope.system():
        assert not DataKey.objects.filter(id=first).exists()
        assert DataKey.objects.filter(purpose=keys.SECRETS, retired_at=None).count() == 1
    assert unseal(stored(ours)) == {"word": "one"}


def test_a_rotation_killed_anywhere_leaves_all_readable_and_completes_when_run_again() -> None:
    all_of_them = [channel(seal({"word": str(n)})) for n in range(4)]
    for survived in range(4):
        left = survived

        def die() -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            keys.rotate(after_each=die)
        keys._unwrapped.clear()
        assert [unseal(stored(one))["word"] for one in all_of_them] == ["0", "1", "2", "3"]
    assert keys.rotate().encrypted == 4
    keys._unwrapped.clear()
    assert [unseal(stored(one))["word"] for one in all_of_them] == ["0", "1", "2", "3"]
    assert len({stored(one).split(b".")[1] for one in all_of_them}) == 1


def test_what_cannot_be_read_is_counted_left_and_keeps_the_older_keys() -> None:
    foreign = Fernet(Fernet.generate_key()).encrypt(b"x")
    lost, ours = channel(foreign), channel(seal({"word": "x"}))
    keys.rotate()
    done = keys.rotate()
    assert done.unreadable == 1
    assert stored(lost) == foreign
    assert unseal(stored(ours)) == {"word": "x"}
    with scope.system():
        assert DataKey.objects.filter(purpose=keys.SECRETS).count() == 3


def test_a_secret_within_json_is_found() -> None:
    from allauth.mfa.models import Authenticator

    from rapport.staff.models import Member

    token = keys.encrypt(b"seed").decode()
    member = Member.objects.create_user("a@b.example", name="A")
    factor = Authenticator.objects.create(user=member, type="totp", data={"secret": token, "other": [1]})
    keys.rotate()
    factor.refresh_from_db()
    assert factor.data["secret"] != token
    assert factor.data["other"] == [1]
    assert keys.decrypt(factor.data["secret"].encode()) == b"seed"


def test_a_new_secret_key_opens_what_the_one_before_sealed(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = channel(seal({"word": "x"}))
    changed = replace(options(), secret_key="n" * 40, secret_key_before=options().secret_key)
    monkeypatch.setattr(keys, "options", lambda: changed)
    keys._unwrapped.clear()
    assert unseal(stored(ours)) == {"word": "x"}
    assert keys.rewrap() == 1
    alone = replace(changed, secret_key_before="")
    monkeypatch.setattr(keys, "options", lambda: alone)
    keys._unwrapped.clear()
    assert unseal(stored(ours)) == {"word": "x"}


def test_the_key_before_is_read_from_home(tmp_path: Path) -> None:
    made = with_secret_key(load({"RAPPORT_HOME": str(tmp_path)}))
    assert made.secret_keys == (made.secret_key,)
    (tmp_path / "secret_key_before").write_text("b" * 40 + "\n")
    again = with_secret_key(load({"RAPPORT_HOME": str(tmp_path)}))
    assert again.secret_keys == (made.secret_key, "b" * 40)


def test_every_column_of_bytes_is_known_as_encrypted_or_as_public() -> None:
    binary = {
        f"{model._meta.db_table}.{field.column}"
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, BinaryField)
    }
    registered = {f"{table}.{column}" for table, column in keys.ENCRYPTED}
    assert binary - registered <= _PUBLIC
