"""The catalogs of the surface's languages; `python -m rapport.web.catalogs` (`make messages`) brings them up to date.

What stands in templates and code becomes `locale/<language>/LC_MESSAGES/django.po`; translations are kept, words that
are gone are dropped, and the compiled form is written beside it.
"""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation import template as django_template

ROOT = Path(__file__).parent.parent
LOCALE = ROOT / "locale"
LANGUAGES = ("de", "es", "fr", "ar")
_KEYWORDS = {
    "_": None, "lazy": None, "_lazy": None, "gettext": None, "gettext_lazy": None, "gettext_noop": None,
    "ngettext": (1, 2), "ngettext_lazy": (1, 2), "pgettext": ((1, "c"), 2), "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}  # fmt: skip
_HEADER = "# The words of Rapport's surface. Written by `make messages`; translate here, then run it again.\n"


def gathered() -> Catalog:
    """Every word of the surface, with where it stands."""
    catalog = Catalog(charset="utf-8")
    for path in sorted([*ROOT.rglob("*.py"), *ROOT.rglob("*.html")]):
        for message, context in _words_of(path):
            catalog.add(message, locations=[(path.relative_to(ROOT).as_posix(), 0)], context=context)
    return catalog


def _words_of(path: Path) -> Iterator[tuple[str | tuple[str, ...], str | None]]:
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".html":
        # Django's own reading of a template: what is not to be translated becomes X, and the rest looks like code.
        # Its indentation means nothing, and would be taken for code's.
        whole = django_template.templatize(source, origin=path.name)
        source = "\n".join(line.strip() for line in whole.splitlines())
    for _, message, _, context in extract("python", BytesIO(source.encode()), keywords=_KEYWORDS):
        if message:
            yield message, context


def path_of(language: str, suffix: str = "po") -> Path:
    """Where a language's catalog lies."""
    return LOCALE / language / "LC_MESSAGES" / f"django.{suffix}"


def catalog_of(language: str) -> Catalog:
    """The catalog of a language as it lies there; empty when there is none."""
    path = path_of(language)
    if not path.exists():
        return Catalog(locale=language, charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=language)


def missing(catalog: Catalog) -> list[Message]:
    """What has no translation yet, or not in every plural."""
    return [message for message in catalog if message.id and (message.fuzzy or not _is_whole(message))]


def _is_whole(message: Message) -> bool:
    given = message.string if isinstance(message.string, tuple) else (message.string,)
    return bool(given) and all(given)


def compiled(catalog: Catalog) -> bytes:
    """The form that Django reads."""
    out = BytesIO()
    write_mo(out, catalog)
    return out.getvalue()


def write(language: str, words: Catalog) -> Catalog:
    """Bring a language's files up to date with `words`, and return its catalog."""
    catalog = catalog_of(language)
    catalog.update(words, no_fuzzy_matching=True, update_header_comment=False)
    catalog.obsolete.clear()
    _set_header(catalog)
    path = path_of(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalog, width=0, sort_output=True, include_lineno=False, omit_header=False)
    path_of(language, "mo").write_bytes(compiled(catalog))
    return catalog


def _set_header(catalog: Catalog) -> None:
    """No dates and tools in it: the same words make the same file."""
    catalog.header_comment = _HEADER.strip()
    catalog.fuzzy = False
    catalog.project, catalog.version = "rapport-hub", "1"
    catalog.msgid_bugs_address = catalog.last_translator = catalog.language_team = ""
    catalog.creation_date = catalog.revision_date = datetime(2026, 1, 1, tzinfo=UTC)


def main() -> int:
    """Write every language; 1 when something is not translated."""
    words = gathered()
    left = {language: missing(write(language, words)) for language in LANGUAGES}
    for language, messages in left.items():
        sys.stdout.write(f"{language}: {len(words)} in all, {len(messages)} to translate\n")
    return int(any(left.values()))


if __name__ == "__main__":
    sys.exit(main())
