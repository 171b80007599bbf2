"""What is taken out of a message before it leaves the house: who wrote it, how to reach them, numbers, quotes. Pure.

Rather too much than too little: an order's number goes as a card's does, and of a link nothing but that there was one.
"""

import re
import unicodedata
from collections.abc import Iterable

from rapport.ownership.second.naming import has_no_case, named, without

LENGTH_MAX = 2_000
_READ_MAX = 20_000
_NAME_LEAST = 3
_DIGITS_LEAST = 5
NAME, ADDRESS, LINK, NUMBER = "[name]", "[address]", "[link]", "[number]"

_QUOTED = re.compile(r"^[ \t]{0,3}[>|].*$", re.MULTILINE)
_ENDS = re.compile(
    r"""^[ \t]{0,3}(?:--|—|–|__)[ \t]*$
    |^[ \t*>]{0,4}(?:-{2,}|_{3,}|={3,})[ \t]?[^\W\d_][^\n\-_=]{3,50}[ \t]?(?:-{2,}|_{3,}|={3,})
    |^[^\n]{0,200}[<\[(][^\s@]{1,80}@[^\s@]{1,120}[>\])][^\n:]{0,40}:[ \t]*$
    |^[ \t*]{0,4}(?:On|Am|Le|El|Il|Em|Op)[ ][^\n]{0,40}\d[^\n]{0,160}[ ]
        (?:wrote|schrieb|a[ ]écrit|escribió|ha[ ]scritto|escreveu|schreef)[^\n:]{0,80}:[ \t]*$
    |^[ \t*]{0,4}(?:From|Von|De|Da|Van|Kimden|من|发件人)[ *]{0,3}[:：][^\n]{1,200}\n{1,2}[ \t*]{0,4}
        (?:Sent|Date|To|Subject|Gesendet|Datum|An|Betreff|Envoyé|À|Objet|Enviado|Para|Asunto|Fecha|Inviato|A|Data
        |Oggetto|Verzonden|Aan|Onderwerp|Gönderildi|Tarih|Kime|Konu
        |تاريخ|إلى|发送时间|日期|收件人)[ *]{0,3}[:：]""",
    re.MULTILINE | re.VERBOSE,
)
"""A signature, "-----Original message-----", "... Ann <ann@example.org> wrote:", "On 3 April Ann wrote:", and the head
of the mail that follows."""
_AT = re.compile(r"[ \t]{0,3}[\[({][ \t]?(?:at|ät|arroba)[ \t]?[\])}][ \t]{0,3}", re.IGNORECASE)
_TOGETHER = re.compile(r"\S+")
_LINK = re.compile(
    r"[a-z][a-z0-9+.-]{0,20}://|(?<![a-z0-9])www\.|(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}[/?#]", re.IGNORECASE
)
_CODE = re.compile(r"\w+(?:-\w+)*")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ \t-]?[A-Z0-9]{2,4}){3,8}(?:[ \t-]\d)?\b", re.IGNORECASE)
_NUMBER = re.compile(r"[+(]?\d(?:(?:[^\w\n]{0,3}|[ \t]{0,3}\n[ \t]{0,3})\d){4,}")
_PLACE = re.compile(
    r"""(?<!\w)(?:
    \d{1,5}[A-Za-z]?,?[ \t](?:[^\W\d_a-z][\w'’.-]{0,30}[ \t]){1,3}
        (?:[Ss]treet|St|[Rr]oad|Rd|[Aa]venue|Ave|[Ll]ane|[Dd]rive|[Cc]ourt|[Ww]ay|[Ss]quare|[Bb]oulevard|Blvd)\b\.?
    |(?:[^\W\d_a-z][\w.-]{0,30}[ \t]){0,2}(?:[^\W\d_a-z][\w-]{0,40})?
        (?:[Ss]tra(?:ß|ss)e|[Ss]tr\.|[Ww]eg|[Pp]latz|[Aa]llee|[Gg]asse|damm|ufer)[ \t]{1,2}\d{1,4}[ \t]?[a-zA-Z]?\b
    |(?:[Rr]ue|[Aa]venue|[Bb]oulevard|Via|Viale|Piazza|Corso|[Cc]alle|Plaza|Rua|Avenida)[ \t]
        (?:[^\W\d_][\w'’.-]{0,30},?[ \t]){1,4}(?:[Nn][°º.o]{1,2}[ \t]?)?\d{1,4}
    |\d{1,4}(?:[ ]?bis|[ ]?ter)?,?[ \t](?:rue|avenue|boulevard|place|chemin|impasse)(?:[ \t][\w'’.-]{1,30}){1,3}
    |(?:[^\W\d_a-z][\w'’.-]{0,30}[ \t]){1,3}(?:Soka(?:k|ğı)|Sk\.|Cad(?:desi|\.)|Mah(?:allesi|\.))
        (?:[ \t]?(?:No:?)?[ \t]?\d{1,4})?
    |(?:P\.?[ ]?O\.?[ ]?Box|Postfach|Casella[ ]postale)[ \t]\d{1,8}
    )|[\u4e00-\u9fff]{1,8}[路街道巷弄][\d]{1,5}[号號]""",
    re.VERBOSE,
)
"""Where somebody lives, as it is written in the languages of the pages: a street with its number."""


def redacted(text: str, names: Iterable[str] = (), limit: int = LENGTH_MAX, kept: Iterable[str] = ()) -> str:
    """A text without names (those given, and whom it greets or is signed by, but for words that are `kept`), addresses
    of mail and of houses, links, long numbers, quotes and signature; at most so long.
    """
    cut = _plain(text[:_READ_MAX])[:_READ_MAX]
    met = named(cut, kept)
    cut = _QUOTED.sub("", cut)
    end = _ENDS.search(cut)
    cut = cut[: end.start()] if end else cut
    cut = without(_PLACE.sub(ADDRESS, cut), met, NAME)
    known = _pattern(names)
    cut = known.sub(NAME, cut) if known else cut
    cut = _TOGETHER.sub(_unreachable, _AT.sub("@", cut))
    cut = _CODE.sub(_without_code, _NUMBER.sub(NUMBER, _IBAN.sub(NUMBER, cut)))
    # A name may have stood right beside what was taken out.
    cut = known.sub(NAME, cut) if known else cut
    return _shortened("\n".join(line for part in cut.split("\n") if (line := part.strip())), limit)


def parts_of(names: Iterable[str]) -> set[str]:
    """Names of people, and each word of them that is long enough to say who it is."""
    whole = _whole(names)
    words = {word for one in whole for word in re.findall(r"\w+", one)}
    return whole | {one for one in words if len(one) >= _NAME_LEAST or has_no_case(one)}


def _whole(names: Iterable[str]) -> set[str]:
    found = (" ".join(_plain(one).split()) for one in names)
    return {one for one in found if len(one) > 1 or has_no_case(one)}


def _plain(text: str) -> str:
    """Letters as everybody writes them, without signs that cannot be seen: else a number hides behind either."""
    whole = unicodedata.normalize("NFKC", text)
    return "".join(sign for sign in whole if unicodedata.category(sign) not in ("Cf", "Cc", "Cs") or sign in "\n\t")


def _pattern(names: Iterable[str]) -> re.Pattern[str] | None:
    found = sorted(_whole(names), key=lambda one: (-len(one), one))
    whole = [re.escape(one).replace(r"\ ", r"\s+") for one in found]
    alone = [one if has_no_case(name) else rf"(?<!\w){one}(?!\w)" for name, one in zip(found, whole, strict=True)]
    return re.compile("|".join(alone), re.IGNORECASE) if alone else None


def _unreachable(found: re.Match[str]) -> str:
    """A run of signs without spaces, without the link or the address in it."""
    whole = found[0]
    link = _LINK.search(whole)
    if link:
        return _without_address(whole[: link.start()]) + LINK
    return _without_address(whole)


def _without_address(whole: str) -> str:
    return ADDRESS if "@" in whole else whole


def _without_code(found: re.Match[str]) -> str:
    return NUMBER if sum(sign.isdecimal() for sign in found[0]) >= _DIGITS_LEAST else found[0]


def _shortened(text: str, limit: int) -> str:
    """Cut between words, so that no half name or number is left at the end."""
    if len(text) <= limit:
        return text
    return text[: limit + 1].rpartition(" ")[0][:limit].rstrip() or text[:limit]
