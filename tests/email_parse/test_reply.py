"""Reply, quote and signature."""

import json
from collections import Counter
from pathlib import Path

import pytest

from rapport.channels.kinds.email.reply import Split, split_reply

_ATTRIBUTIONS = [
    "On Mon, 3 May 2021 at 10:00, Ann Li <ann@example.org> wrote:",
    "On Mon, May 3, 2021 at 10:00 AM Ann Li <\nann@example.org> wrote:",
    "Am 03.05.2021 um 10:00 schrieb Ann Li <ann@example.org>:",
    "Ann Li <ann@example.org> schrieb am Mo., 3. Mai\n2021 um 10:00 Uhr:",
    "Le lun. 3 mai 2021 à 10:00, Ann Li <ann@example.org> a écrit :",
    "El lun, 3 may 2021 a las 10:00, Ann Li (<ann@example.org>) escribió:",
    "Em seg., 3 de mai. de 2021 às 10:00, Ann Li <ann@example.org> escreveu:",
    "Il giorno lun 3 mag 2021 alle ore 10:00 Ann Li <ann@example.org> ha scritto:",
    "Op ma 3 mei 2021 om 10:00 schreef Ann Li <ann@example.org>:",
    "Den mån 3 maj 2021 kl 10:00 skrev Ann Li <ann@example.org>:",
    "pon., 3 maj 2021 o 10:00 Ann Li <ann@example.org> napisał(a):",
    "пн, 3 мая 2021 г. в 10:00, Ann Li <ann@example.org> написал:",
    "Ann Li <ann@example.org> 于2021年5月3日周一 上午10:00写道：",
    "-----Original Message-----\nFrom: Ann Li\nSent: Monday\nTo: us\nSubject: x\n",
    "-----Ursprüngliche Nachricht-----\nVon: Ann Li\nGesendet: Montag\nAn: uns\nBetreff: x\n",
    "________________________________\nFrom: Ann Li <ann@example.org>\nSent: 3 May 2021\nTo: us\nSubject: x\n",
    "De : Ann Li\nEnvoyé : lundi 3 mai 2021\nÀ : nous\nObjet : x\n",
    "差出人: Ann Li\n送信日時: 2021年5月3日\n宛先: us\n件名: x\n",
]


@pytest.mark.parametrize("attribution", _ATTRIBUTIONS)
@pytest.mark.parametrize("quote", ["> the old text\n> goes on", "the old text\ngoes on"])
def test_what_stands_above_an_attribution_is_the_reply(attribution: str, quote: str) -> None:
    split = split_reply(f"Yes, please.\n\n{attribution}\n{quote}\n")
    assert split.reply == "Yes, please."
    assert "the old text" in split.quote
    assert split.signature == ""


def test_a_reply_below_the_quote_is_the_reply() -> None:
    split = split_reply("On 3 May 2021, Ann wrote:\n> Is it in?\n\nIt is.\n")
    assert split == Split("It is.", "On 3 May 2021, Ann wrote:\n> Is it in?", "")


def test_an_answer_between_quotes_keeps_what_it_answers() -> None:
    split = split_reply("Hi\n\nOn 3 May 2021, Ann wrote:\n> one?\n\nyes\n\n> two?\n\nno\n\n> the rest\n")
    assert split.reply == "Hi\n\n> one?\n\nyes\n\n> two?\n\nno"
    assert split.quote.endswith("> the rest")


@pytest.mark.parametrize(
    "signature",
    ["-- \nAnn Li\nExample Ltd", "--\nAnn", "Sent from my iPhone", "Von meinem iPhone gesendet", "Envoyé de mon iPad",
     "Enviado desde mi teléfono", "Inviato da iPad", "Verstuurd vanaf mijn iPhone", "Skickat från min iPhone",
     "Отправлено с iPhone", "发自我的iPhone", "Get Outlook for Android",
     "_______________________________\nlist@example.org"],
)  # fmt: skip
def test_signatures_are_set_apart(signature: str) -> None:
    split = split_reply(f"Thanks!\n\n{signature}\n")
    assert (split.reply, split.signature) == ("Thanks!", signature)


@pytest.mark.parametrize(
    "text",
    [
        "On Monday I wrote:\n\nnothing at all",
        "Note: this is it\nAgenda: that\n",
        "From: here to there is far.\nNobody goes.",
        "```\n--flag\n```\nmore after it",
        "> only a quote",
        "2021-05-03 is the day.",
    ],
)
def test_text_that_only_resembles_a_quote_stays_in_the_reply(text: str) -> None:
    assert split_reply(text).reply == text.strip("\n")


def test_a_forwarded_mail_without_a_word_of_its_own_is_kept() -> None:
    split = split_reply(
        "---------- Forwarded message ---------\nFrom: Ann\nDate: today\nSubject: x\nTo: us\n\nLook.\n"
    )
    assert split.reply == "Look."


def test_the_real_replies_are_split_as_people_would(shared_data: Path) -> None:
    exact, score, count = 0, 0.0, 0
    for line in (shared_data / "mail-replies/discourse_pairs.jsonl").read_text("utf-8").splitlines():
        pair = json.loads(line)
        got, want = split_reply(pair["email"].replace("\r\n", "\n")).reply, pair["trimmed"]
        exact += got.split() == want.split()
        score += _line_f1(got, want)
        count += 1
    assert count == 64
    assert exact >= 60
    assert score / count >= 0.97


def _line_f1(got: str, want: str) -> float:
    left, right = (Counter(line.strip() for line in text.split("\n") if line.strip()) for text in (got, want))
    total = sum(left.values()) + sum(right.values())
    return 2 * sum((left & right).values()) / total if total else 1.0
