"""Conditions about what is said."""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Self

from rapport.ownership.conditions.base import (
    Check,
    Input,
    Plain,
    either,
    gettext_noop,
    known,
    one_or_list,
    quoted,
    texts,
)
from rapport.ownership.facts import Facts
from rapport.ownership.problems import Problems
from rapport.ownership.words import Phrases, phrase

_LANGUAGES = {
    "ar": "Arabic", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek", "en": "English",
    "es": "Spanish", "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian",
    "it": "Italian", "ja": "Japanese", "ko": "Korean", "nl": "Dutch", "no": "Norwegian", "pl": "Polish",
    "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sv": "Swedish", "th": "Thai", "tr": "Turkish",
    "uk": "Ukrainian", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip


@dataclass(frozen=True)
class Topic:
    """What it is about, of the company's own topics."""

    name: ClassVar[str] = "topic"
    label: ClassVar[str] = gettext_noop("Topic")
    description: ClassVar[str] = gettext_noop("It uses the words of one of these topics.")
    input: ClassVar[Input] = Input("names", of="topics")

    topics: tuple[str, ...]

    def check(self, facts: Facts) -> Check:
        """Hit when one of the topics was found."""
        if facts.topics:
            for found in facts.topics:
                if found.slug in self.topics:
                    return Check(True, f"it is about {in_a_sentence(found.name)}")
        return self._miss

    @cached_property
    def _miss(self) -> Check:
        return Check(False, f"it is not about {either(self.topics)}")

    def plain(self) -> Plain:
        """One topic or a list."""
        return one_or_list(self.topics)

    def describe(self) -> str:
        """ "it is about refunds"."""
        return f"it is about {either(self.topics)}"

    @classmethod
    def parse(cls, value: Plain, problems: Problems) -> Self | None:
        """A topic or a list."""
        topics = known(value, problems, "a topic", "topics")
        return cls(topics) if topics else None


@dataclass(frozen=True)
class Words:
    """Words and phrases it says."""

    name: ClassVar[str] = "words"
    label: ClassVar[str] = gettext_noop("Words and phrases")
    description: ClassVar[str] = gettext_noop(
        "Whole words or phrases in the subject or the text, whatever their case and accents; "
        "a star at the end stands for any ending. Any of them is enough, or all are needed."
    )
    input: ClassVar[Input] = Input("words", placeholder="refund*, money back")

    words: tuple[str, ...]
    all_needed: bool = False

    @cached_property
    def _phrases(self) -> Phrases:
        return Phrases(self.words)

    def check(self, facts: Facts) -> Check:
        """Hit when the text says one of them, or each where all are needed."""
        if self.all_needed:
            missing = self._phrases.first_missing(facts.folded)
            return Check(True, self._all) if missing is None else Check(False, f"it does not say “{missing}”")
        said = self._phrases.first_found(facts.folded)
        return self._miss if said is None else Check(True, f"it says “{said}”")

    @cached_property
    def _miss(self) -> Check:
        return Check(False, f"it does not say {either(quoted(self.words))}")

    @cached_property
    def _all(self) -> str:
        return f"it says {either(quoted(self.words), 'and')}"

    def plain(self) -> Plain:
        """One, a list, or a table with `all`."""
        return {"all": list(self.words)} if self.all_needed else one_or_list(self.words)

    def describe(self) -> str:
        """ "it says “refund” or “money back”"."""
        return self._all if self.all_needed else f"it says {either(quoted(self.words))}"

    @classmethod
    def parse(cls, value: Plain, problems: Problems) -> Self | None:
        """A word or phrase or a list (any of them), or { any = [...] } or { all = [...] }."""
        given = value if isinstance(value, dict) else {"any": value}
        if len(given) != 1 or not set(given) <= {"any", "all"}:
            problems.note('expected words in quotes, or { any = ["…"] } or { all = ["…"] }')
            return None
        ((how, written),) = given.items()
        words = texts(written, problems, "a word or phrase")
        empty = next((word for word in words or () if phrase(word) is None), None)
        if empty is not None:
            problems.note(f"“{empty}” has neither a letter nor a digit")
            return None
        return cls(words, how == "all") if words else None


@dataclass(frozen=True)
class Language:
    """The language it is written in."""

    name: ClassVar[str] = "language"
    label: ClassVar[str] = gettext_noop("Language")
    description: ClassVar[str] = gettext_noop("The language it is written in, by its code (de, en, fr).")
    input: ClassVar[Input] = Input("choices", choices=tuple(_LANGUAGES.items()))

    languages: tuple[str, ...]

    def check(self, facts: Facts) -> Check:
        """Hit on the language; "pt" also means "pt-BR"."""
        if facts.language in self.languages or facts.language.partition("-")[0] in self.languages:
            return Check(True, f"it is written in {_LANGUAGES.get(facts.language, facts.language)}")
        return self._miss

    @cached_property
    def _miss(self) -> Check:
        return Check(False, f"it is not written in {self._named}")

    @cached_property
    def _named(self) -> str:
        return either([_LANGUAGES.get(code, code) for code in self.languages])

    def plain(self) -> Plain:
        """One code or a list."""
        return one_or_list(self.languages)

    def describe(self) -> str:
        """ "it is written in German"."""
        return f"it is written in {self._named}"

    @classmethod
    def parse(cls, value: Plain, problems: Problems) -> Self | None:
        """A code of a language or a list."""
        codes = texts(value, problems, "the code of a language such as de")
        wrong = next((code for code in codes or () if not _is_code(code)), None)
        if wrong is not None:
            problems.note(f"“{wrong}” is no code of a language; expected one such as de, en or pt-BR")
            return None
        return cls(codes) if codes else None


def _is_code(code: str) -> bool:
    main, _, region = code.partition("-")
    return (
        len(main) in (2, 3)
        and main.isascii()
        and main.isalpha()
        and main.islower()
        and region.isalnum() == bool(region)
    )


def in_a_sentence(name: str) -> str:
    """ "Refunds" as "refunds", but "VAT" and "iPhone" as they are."""
    return name if name[1:2].isupper() else name[:1].lower() + name[1:]
