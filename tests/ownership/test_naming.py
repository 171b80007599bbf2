"""Names of people whom nobody here knows are taken out where the way of writing says that they are names."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.ownership.second.naming import named
from rapport.ownership.second.redacting import NAME, redacted

KEPT = {"customer", "service", "refund"}
_LETTERS = st.text("abcdefghijklmnopqrstuvwxyzäöüßéèñçłışğ", min_size=3, max_size=9)
_NAME = _LETTERS.map(lambda word: "X" + word)
"""No word of any language begins so."""
_NAMES = st.lists(_NAME, min_size=1, max_size=3)
_GREETINGS = st.sampled_from([
    "Dear {}", "hi {}", "Dear Mr. {}", "Sehr geehrte Frau Dr. {}", "Hallo {}", "Liebe {}", "Bonjour Madame {}",
    "Estimado Sr. {}", "Gentile Dott. {}", "Merhaba {} Hanım", "Beste {}", "عزيزي {}", "Hej {}",
])  # fmt: skip
_CLOSINGS = st.sampled_from([
    "Kind regards,\n{}", "Best,\n\n{}", "Thanks, {}", "Mit freundlichen Grüßen\n\n\n{}\nHead of Sales", "LG {}",
    "Cordialement,\n{}", "Un saludo,\n{}", "Distinti saluti\n{}", "Met vriendelijke groet,\n{}", "Saygılarımla,\n{}",
    "مع التحية\n{}", "it is broken. Cheers, {}", "Hi, my name is {}", "Ich heiße {}.", "as Mrs {} said",
])  # fmt: skip


@given(_GREETINGS, _CLOSINGS, _NAMES, _NAMES, st.sampled_from([",", "!", "", ":"]))
def test_whoever_is_greeted_or_signs_is_not_in_it_any_more_anywhere(
    greeting: str, closing: str, theirs: list[str], own: list[str], mark: str
) -> None:
    # By a title two words are a name; there may be more capitals after it.
    own = own[: 2 if "Mrs" in closing else 3]
    text = f"{greeting.format(' '.join(theirs))}{mark}\na refund, {theirs[0]}, or {own[-1]}’s kettle\n"
    told = redacted(text + closing.format(" ".join(own)), kept=KEPT)
    assert not re.search(r"(?<!\w)X\w", told), told
    assert f"a refund, {NAME}, or {NAME}’s kettle" in told


@pytest.mark.parametrize(
    "text",
    [
        "Dear Customer Service,\nthe kettle is broken", "Hello everybody,\nhello", "Dear Sir or Madam,\nplease",
        "Hello I want a Kettle. Thanks for it.\nBest kettle ever\nThanks! Great",
        "Sehr geehrte Damen und Herren,\nbitte",
        "Hi there, Refund please", "Thanks\nthe kettle is fine now", "Best of all is the Kettle", "Doctor Who said so",
        "From: the start\nit was broken", "On Monday it was written:\na kettle", "你好\n水壶坏了", "", "Thanks",
        "Danke schön", "Mr\nKettle", "Hello World!",
    ],
)  # fmt: skip
def test_what_is_no_name_stays(text: str) -> None:
    assert named(text, KEPT) == set()
    assert redacted(text, kept=KEPT) == text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("尊敬的王伟，\n水壶坏了\n此致\n李小龙", "尊敬的[name],\n水壶坏了\n此致\n[name]"),
        ("Broken.\nAm 3.4.2026 um 10:00 schrieb Xenia Low:\nwhat I said", "Broken."),
        ("Broken.\nFrom: Xenia Low\nSent: Monday\nwhat I said", "Broken."),
        ("Broken, said Xenia.\n-- \nKind regards,\nXenia Low", "Broken, said [name]."),
    ],
)
def test_in_other_scripts_and_of_whom_is_quoted(text: str, told: str) -> None:
    assert redacted(text) == told


_DIGITS = st.text("0123456789", min_size=2, max_size=5)


@given(
    st.sampled_from(["+49 ", "+1-", "0049", "0", "(0", "+44 (0)", "tel:+39-", "＋86 "]),
    st.lists(_DIGITS, min_size=2, max_size=5),
    st.sampled_from([" ", "-", ".", "/", " / ", ") ", " – ", "\u2011", "\u00a0", ""]),
)  # fmt: skip
def test_of_a_number_to_call_nothing_is_left(begins: str, groups: list[str], between: str) -> None:
    told = redacted(f"Call {begins}{between.join(groups)} now")
    assert not re.search(r"\d", told), told


_ACCOUNT = st.from_regex(r"[A-Z]{2}[0-9]{2}(?:[A-Z0-9]{4}){2,6}[0-9]{1,4}", fullmatch=True)


@given(_ACCOUNT, st.sampled_from(["", " ", "-"]))
def test_of_an_account_nothing_is_left(account: str, between: str) -> None:
    written = between.join(account[at : at + 4] for at in range(0, len(account), 4))
    for one in (written, written.lower()):
        assert redacted(f"Pay to {one}, please") == "Pay to [number], please"
