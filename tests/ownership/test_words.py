"""Finding words as people write them, and topics by their words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.ownership.topics import TopicMatcher, TopicWords
from rapport.ownership.words import CHARACTERS_READ_MAX, FoldedText, fold, phrase


@pytest.mark.parametrize(
    ("text", "wanted", "said"),
    [
        ("İADE istiyorum", "iade", True),
        ("kargom nerede kaldı", "KALDI", True),
        ("Rückerstattung!", "RUCKERSTATTUNG", True),
        ("STRASSE", "straße", True),
        ("re\u00adfund", "refund", True),
        ("_refund_", "refund", True),
        ("I want my money\n  back.", "Money-back", True),
        ("money is back", "money back", False),
        ("refunds", "refund", False),
        ("refunds", "refund*", True),
        ("the money backs", "money back*", True),
        ("prerefund", "refund*", False),
        ("don’t", "don't", True),
        ("请给我退款，谢谢", "退款", True),
        ("환불을 원해요", "환불", True),
        ("각", "가", False),
        ("が", "か", False),
        ("मुझे रिफंड चाहिए।", "रिफंड", True),
        ("रा फे डी", "रिफंड", False),
        ("ขอคืนเงินด้วย", "คืนเงิน", True),
        ("أريدُ استردادَ", "استرداد", True),
    ],
)
def test_a_word_is_found_as_a_whole_whatever_its_dress(text: str, wanted: str, said: bool) -> None:
    made = phrase(wanted)
    assert made is not None
    assert made.is_in(FoldedText(text)) is said


@given(st.text(max_size=80))
def test_what_somebody_wrote_is_found_in_what_they_wrote(text: str) -> None:
    made = phrase(text)
    if made is not None:
        assert made.is_in(FoldedText(f"Hello. {text} Bye."))
        assert made.is_in(FoldedText(f"Hello. {fold(text)} Bye."))


def test_only_so_much_of_a_text_is_read() -> None:
    made = phrase("end")
    assert made is not None
    assert not made.is_in(FoldedText("x " * CHARACTERS_READ_MAX + "end"))


TOPICS = TopicMatcher(
    [
        TopicWords("delivery", "Delivery", ("late", "arrived", "parcel*")),
        TopicWords("refund", "Refunds", ("refund", "money back", "退款")),
    ]
)


@pytest.mark.parametrize(
    ("subject", "text", "found"),
    [
        ("Hello", "nothing of interest", []),
        ("Hello", "It never arrived. Refund!", ["delivery", "refund"]),
        ("Refund", "It never arrived.", ["refund", "delivery"]),
        ("Hello", "It arrived late, parcels broken, money back", ["delivery", "refund"]),
        ("退款", "", ["refund"]),
    ],
)
def test_topics_are_found_by_their_words_the_best_first(subject: str, text: str, found: list[str]) -> None:
    assert [hit.slug for hit in TOPICS.match(subject, FoldedText(f"{subject}\n{text}"))] == found


def test_a_topic_names_the_word_that_gave_it_away() -> None:
    (hit,) = TOPICS.match("", FoldedText("my money back"))
    assert (hit.name, hit.word) == ("Refunds", "money back")
