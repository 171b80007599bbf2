"""Encoders that are installed keep what the interface promises; those that are not are named."""

from pathlib import Path

import numpy as np
import pytest

from rapport.ownership.learning import encoders
from rapport.ownership.learning.encoders import Encoder, MiniLm, Universal, encoder
from rapport.ownership.learning.learner import Learner
from rapport.ownership.learning.points import english
from rapport.ownership.learning.storing import from_bytes, to_bytes
from rapport.ownership.learning.values import Example

NAMES = [Universal.id, MiniLm.id]


def installed(name: str) -> Encoder:
    found = encoder(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_text_is_a_row_of_length_one_whatever_it_is(name: str) -> None:
    one = installed(name)
    texts = ["Where is my card?", "", "x" * 20_000, "中文" * 2_000, "\ud800", "a " * 500_000]
    rows = one.encode(texts)
    assert rows.shape == (len(texts), one.size)
    assert np.isfinite(rows).all()
    assert np.allclose(np.linalg.norm(rows[[0, 2, 3]], axis=1), 1, atol=1e-3)
    assert one.encode([]).shape == (0, one.size)


@pytest.mark.parametrize("name", NAMES)
def test_a_row_is_the_same_alone_and_among_others(name: str) -> None:
    one = installed(name)
    texts = ["Where is my card?", "please refund the money that you took from my account twice last week", "hello"]
    assert np.abs(one.encode(texts) - np.concatenate([one.encode([text]) for text in texts])).max() < 1e-3


def test_what_is_learned_in_one_language_is_known_in_others() -> None:
    universal = installed(Universal.id)
    learner = Learner([universal, *([found] if (found := encoder(MiniLm.id)) else [])])
    learner.teach([
        Example("1", "my card has not arrived yet", "delivery"), Example("2", "where is my parcel", "delivery"),
        Example("3", "I want my money back", "refund"), Example("4", "please refund the payment", "refund"),
    ])  # fmt: skip
    learner.refit()
    told = {
        "de": ("meine Karte ist noch nicht angekommen", "ich möchte mein Geld zurück"),
        "it": ("la mia carta non è ancora arrivata", "rivoglio indietro i miei soldi"),
        "tr": ("kartım hâlâ gelmedi", "paramı geri istiyorum"),
        "zh": ("我的卡还没有到", "我想要退款"),
    }
    for language, texts in told.items():
        found = learner.predict(texts, [{"language": language}] * 2)
        assert [one.label for one in found] == ["delivery", "refund"], language


def test_a_model_with_encoders_read_back_says_the_same_in_every_language() -> None:
    both = [installed(Universal.id), installed(MiniLm.id)]
    learner, again = Learner(both), Learner(both)
    learner.teach([Example("1", "my card has not arrived", "delivery"), Example("2", "I want my money back", "refund")])
    model = learner.refit()
    assert model is not None
    assert model.everywhere is not None
    again.adopt(from_bytes(to_bytes(model), {one.id: one.version for one in both}))
    asked = (["where is my card", "paramı geri istiyorum"], [{"language": "en"}, {"language": "tr"}])
    assert again.predict(*asked) == learner.predict(*asked)


def test_without_the_extra_words_alone_do_and_a_note_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders, "encoder", lambda name: None)
    assert encoders.available() == ()
    assert "requirements/understanding.lock" in encoders.missing()


def test_an_unknown_encoder_is_none() -> None:
    assert encoder("nothing") is None


@pytest.mark.parametrize(("text", "language", "believed"), [
    ("where is it", "en", 1), ("where is it", "en-GB", 1), ("wo ist es", "de", 0), ("where is it", None, 1),
    ("где моя карта", None, 0), ("我的卡", "", 0), ("ok", "", 0.25), ("wo ist es", "", 0.25), ("how is it", "", 1),
    ("", None, 1), ("café", None, 0),
])  # fmt: skip
def test_how_far_an_english_encoder_is_believed(text: str, language: str | None, believed: float) -> None:
    assert english(text, language) == believed


def test_no_encoder_reaches_for_the_network(shared_data: Path) -> None:
    """Sockets are blocked in tests; real requests are encoded all the same."""
    texts = (shared_data / "intents-banking77" / "valid" / "seq.in").read_text("utf-8").splitlines()[:50]
    for name in NAMES:
        assert installed(name).encode(texts).shape[0] == 50
