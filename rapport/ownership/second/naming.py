"""Whom a message greets, who signs it, and who is called by a title: names, also of whom nobody here knows. Pure.

Only where the way of writing says that it is one: after "Dear" up to the comma, under "Kind regards", after "Mrs" and
after "my name is", in the languages of the pages and some more. In the middle of a sentence a name looks like any word.
"""

import re
from collections.abc import Collection, Iterable, Iterator

_LINES_MAX = 2_000
_SIGNED_LINES, _LINES_BELOW = 3, 8
_FOUND_MAX = 200
_WORDS_MAX = 5
_UNSPACED_MAX = 4
_READ = 120

_GREETING = re.compile(
    r"""[ \t]*(?:dear|hi|hello|hey|good[ ](?:morning|day|afternoon|evening)
    |hallo|liebe[rs]?|sehr[ ]geehrte[rs]?|geehrte[rs]?|guten[ ](?:tag|morgen|abend)|moin|servus|grüezi
    |bonjour|bonsoir|salut|ch(?:er|ère)s?|hola|buen[ao]s[ ](?:días|tardes|noches)|estimad[oa]s?|querid[oa]s?
    |ciao|buongiorno|buonasera|salve|gentil[ei]|gent\.(?:mo|ma)|car[oa]|egregi[oa]|olá|prezad[oa]s?|car[oa]s?
    |beste|geachte|goedendag|merhaba|sayın|sevgili|selam|iyi[ ]günler|hej|kära|drogi|droga|szanown[ya]
    |مرحبا|مرحبًا|أهلا|عزيزي|عزيزتي|السيدة?|السلام[ ]عليكم|здравствуйте|уважаем(?:ый|ая)
    )[ \t]+|[ \t]*(?:尊敬的|亲爱的|(?:你好|您好)[ \t])[ \t]*""",
    re.VERBOSE | re.IGNORECASE,
)
_CLOSING = re.compile(
    r"""[ \t]*(?:(?:with[ ])?(?:(?:my|our|the)[ ])?(?:very[ ])?(?:kind(?:est)?|best|warm(?:est)?)[ ](?:regards|wishes)
    |regards|all[ ]the[ ]best|best|cheers|(?:yours[ ])?(?:sincerely|faithfully|truly)(?:[ ]yours)?|yours
    |(?:many[ ]|best[ ])?thanks(?:[ ](?:a[ ]lot|again|in[ ]advance|so[ ]much))?|thank[ ]you(?:[ ](?:very[ ]much|again))?
    |(?:mit[ ])?(?:freundliche[nrm]?|viele[n]?|liebe[n]?|beste[n]?|herzliche[nr]?|schöne[n]?|sonnige)[ ]
        (?:grü(?:ß|ss)en?|gru(?:ß|ss)|dank)
    |grü(?:ß|ss)e|gru(?:ß|ss)|danke(?:[ ]schön)?|hochachtungsvoll|mfg|lg|vg|bg
    |(?:bien[ ]|très[ ])?cordialement|(?:sincères[ ]|meilleures[ ])?salutations|bien[ ]à[ ]vous|amicalement|merci
        (?:[ ](?:beaucoup|d['’]avance))?
    |(?:un[ ])?(?:cordial[ ])?saludos?(?:[ ]cordial(?:es)?)?|atentamente|(?:muchas[ ])?gracias
    |(?:cordiali|distinti|cari)[ ]saluti|saluti|cordialmente|grazie(?:[ ]mille)?
    |atenciosamente|(?:melhores[ ])?cumprimentos|obrigad[oa]
    |(?:met[ ])?(?:vriendelijke|hartelijke)[ ]groet(?:en)?|groet(?:en|jes)?|mvg|bedankt
    |(?:en[ ]iyi[ ]dileklerimle|saygılarım(?:la|ızla)|sevgiler(?:imle)?|teşekkürler|selamlar|iyi[ ]çalışmalar)
    |(?:med[ ])?vänliga[ ]hälsningar|mvh|pozdrawiam|z[ ]poważaniem|с[ ]уважением|спасибо
    |مع[ ](?:أطيب[ ])?(?:التحية|التحيات|تحياتي)|تحياتي|وشكرا|شكرا|شكرًا|此致|敬礼|谢谢|祝好
    )(?!\w)(?P<mark>[ \t]*[,.!،，。！–—-]*)[ \t]*(?P<rest>.*)""",
    re.VERBOSE | re.IGNORECASE,
)
_INTRODUCED = re.compile(
    r"""(?<!\w)(?:my[ ]name[ ]is|mein[ ]name[ ]ist|ich[ ]hei(?:ß|ss)e|je[ ]m['’]appelle|mon[ ]nom[ ]est|me[ ]llamo
    |mi[ ]nombre[ ]es|mi[ ]chiamo|il[ ]mio[ ]nome[ ]è|meu[ ]nome[ ]é|mijn[ ]naam[ ]is|benim[ ]adım|adım|ismim|اسمي
    )[ \t:]+""",
    re.VERBOSE | re.IGNORECASE,
)
_TITLED = re.compile(
    r"""(?<!\w)(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Herrn?|Frau|Monsieur|Madame|Mme|Mlle|Señora?|Sra?|Srta|Signora?|Sig\.ra|Mevrouw
    |Meneer|Sayın|السيدة?)(?!\w)[.]?[ \t]+""",
    re.VERBOSE,
)
_WORD = re.compile(r"[^\W\d_][\w'’-]{0,40}\.?")
_STOP = re.compile(r"[.!。！]")
_SENTENCE = re.compile(r"(?<=[.!?。！？])[ \t]+")
_WHOLE = re.compile(r"[,.!]?[ \t]*$")
_END = re.compile(r"[,!:;.،，：！。)–—-]|$")
_TITLES_SAID = (
    "mr mrs ms miss mx dr prof sir herr herrn frau monsieur madame mme mlle m señor señora sr sra srta signor signora"
    " sig dott dott.ssa ing dipl bey hanım bay bayan mevrouw meneer dhr mevr السيد السيدة الأستاذ الدكتور"
)
_TITLES = frozenset(_TITLES_SAID.split())
_PARTICLES_SAID = (
    "von van der den de del della di da dos du la le el al bin ibn ben zu zur ter of and und et y e"
)  # fmt: skip
_PARTICLES = frozenset(_PARTICLES_SAID.split())
_NOBODY_SAID = (
    "all again everyone everybody folks friends there team teams sir sirs madam madame messieurs mesdames ladies you"
    " gentlemen colleagues customer customers client service services support sales help helpdesk desk care world"
    " zusammen damen herren kollegen kolleginnen leute kundendienst kundenservice tous toutes équipe monsieur bonjour"
    " todos todas señores señoras equipo equipe tutti signori staff herkes ekip ekibi yetkili allen iedereen heren"
    " dames الجميع السادة 大家 客服 客户 顾客 先生 女士"
)
_NOBODY = frozenset(_NOBODY_SAID.split())


def named(text: str, kept: Iterable[str] = ()) -> set[str]:
    """The words of names that a text greets, signs with or introduces, as written; `kept` words are none."""
    no_names = _NOBODY | _PARTICLES | {one.lower() for one in kept}
    found = set[str]()
    for words in _places(text):
        found |= {word for word in words if len(word) > 1 and word.lower() not in no_names}
        if len(found) >= _FOUND_MAX:
            break
    return found


def _places(text: str) -> Iterator[list[str]]:
    lines = [line.strip() for line in text.split("\n")[:_LINES_MAX]]
    for at, line in enumerate(lines):
        greeting = _GREETING.match(line[:_READ])
        if greeting:
            yield _names(line[greeting.end() :], up_to=_END)
        for sentence in _SENTENCE.split(line):
            closing = _CLOSING.match(sentence[:_READ])
            if closing:
                yield from _signed(closing, lines[at + 1 : at + 1 + _LINES_BELOW])
    for pattern, most in ((_INTRODUCED, 3), (_TITLED, 2)):
        for found in pattern.finditer(text):
            yield _names(text[found.end() : found.end() + _READ].partition("\n")[0])[:most]


def _signed(closing: re.Match[str], below: Iterable[str]) -> Iterator[list[str]]:
    if closing["rest"]:
        # "Thanks! Great" is signed by nobody.
        yield [] if _STOP.search(closing["mark"]) else _names(closing["rest"], up_to=_WHOLE)
        return
    for line in [one for one in below if one][:_SIGNED_LINES]:
        names = _names(line, up_to=_WHOLE)
        if not names:
            return
        yield names


def _names(line: str, up_to: re.Pattern[str] | None = None) -> list[str]:
    """The words at the beginning that may be a name's; with `up_to` none, unless that comes next."""
    found, at = list[str](), 0
    rest = line[:_READ]
    while len(found) <= _WORDS_MAX:
        rest_at = len(rest) - len(rest[at:].lstrip(" \t"))
        word = _WORD.match(rest, rest_at)
        if word is None or not _may_be_one(word[0]):
            break
        at = word.end()
        if word[0].rstrip(".").lower() not in _TITLES:
            found.append(word[0].rstrip("."))
            if word[0].endswith(".") and len(word[0]) > 3:
                return found
    if up_to is not None and not up_to.match(rest[at:].lstrip(" \t")):
        return []
    return found if len(found) <= _WORDS_MAX else []


def _may_be_one(word: str) -> bool:
    bare = word.rstrip(".")
    if bare.lower() in _PARTICLES or bare.lower() in _TITLES:
        return True
    if has_no_case(bare):
        return len(bare) <= _UNSPACED_MAX or not "\u3040" <= bare[0] <= "\ud7ff"
    return bare[0].isupper()


def without(text: str, words: Collection[str], instead: str) -> str:
    """The text with each of these words, written so, taken out."""
    known = sorted(words, key=lambda one: (-len(one), one))
    alone = [re.escape(one) if has_no_case(one) else rf"(?<![^\W_]){re.escape(one)}(?![^\W_])" for one in known]
    return re.sub("|".join(alone), instead, text) if alone else text


def has_no_case(name: str) -> bool:
    """Whether it is written in a script without capitals, and so perhaps without spaces between words."""
    return not name.isascii() and name.lower() == name.upper()
