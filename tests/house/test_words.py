"""Every word that a member reads goes through gettext, and every language has it."""

import ast
import html
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.checkers import checkers

from rapport.web import catalogs

ROOT = Path(catalogs.ROOT)
TEMPLATES = sorted([*(ROOT / "web" / "templates").rglob("*.html"), *(ROOT / "notices" / "templates").rglob("*.html")])
#: Names, units and codes that are the same in every language.
SAME = {
    "Rapport", "SCIM", "TOML", "YAML", "OIDC", "SAML", "CSV", "JSON", "OpenID", "Connect", "https",
    "Ctrl", "Shift", "Enter", "Esc", "Cmd", "Alt",
}  # fmt: skip
_TRANSLATED = re.compile(r"{% blocktrans(?:late)?\b.*?{% endblocktrans(?:late)? %}", re.DOTALL)
_TEMPLATE_TAGS = re.compile(r"{%.*?%}|{{.*?}}|{#.*?#}", re.DOTALL)
_SILENT = re.compile(r"<(script|style|kbd|code|pre)\b.*?</\1>|<!--.*?-->", re.DOTALL)
_SPOKEN = re.compile(r"(?<![\w-])(?:aria-label|aria-description|title|placeholder|alt)=\"([^\"]*)\"")
_TAGS = re.compile(r"<(?:\"[^\"]*\"|'[^']*'|[^<>\"'])*>")
_WORD = re.compile(r"[^\W\d_]{2,}")
#: Calls whose arguments at these places are shown to members.
_SAYING = {"success": (1,), "info": (1,), "warning": (1,), "error": (1,), "add_error": (1,), "ValidationError": (0,)}


def unspoken(template: str) -> list[str]:
    """The words of a template that no language but English has."""
    bare = _TEMPLATE_TAGS.sub("", _TRANSLATED.sub("", _SILENT.sub("", template)))
    texts = [*_SPOKEN.findall(bare), *_TAGS.sub("\n", bare).split("\n")]
    return [word for text in texts for word in _WORD.findall(html.unescape(text)) if word not in SAME]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_every_word_of_a_template_can_be_translated(path: Path) -> None:
    assert unspoken(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", sorted((ROOT / "web").glob("*.py")), ids=lambda path: path.name)
def test_what_pages_say_in_code_can_be_translated(path: Path) -> None:
    said = [
        f"{node.lineno}: {ast.unparse(argument)[:80]}"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for argument in _shown(node)
        if isinstance(argument, ast.Constant | ast.JoinedStr) and _WORD.search(_text(argument))
    ]
    assert said == []


def _shown(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
        named = {getattr(target, "id", "") for target in node.targets}
        return list(node.value.values) if named & {"labels", "help_texts"} else []
    return _shown_by(node) if isinstance(node, ast.Call) else []


def _shown_by(call: ast.Call) -> list[ast.expr]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    of_messages = isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") == "messages"
    if name in ("success", "info", "warning", "error") and not of_messages:
        return []
    places = [call.args[at] for at in _SAYING.get(name, ()) if at < len(call.args)]
    return [*places, *(one.value for one in call.keywords if one.arg in ("label", "help_text", "empty_label"))]


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    return "".join(_text(part) for part in getattr(node, "values", []) if isinstance(part, ast.Constant))


@pytest.mark.parametrize("language", catalogs.LANGUAGES)
def test_every_language_has_every_word(language: str) -> None:
    catalog = catalogs.catalog_of(language)
    words = {(message.id, message.context) for message in catalogs.gathered() if message.id}
    have = {(message.id, message.context) for message in catalog if message.id}
    assert words - have == set(), "run: make messages"
    assert [message.id for message in catalogs.missing(catalog)] == []


@pytest.mark.parametrize("language", catalogs.LANGUAGES)
def test_no_translation_loses_a_placeholder(language: str) -> None:
    catalog = catalogs.catalog_of(language)
    wrong = []
    for message in catalog:
        if not message.id:
            continue
        for check in checkers:
            try:
                check(catalog, message)
            except Exception as error:  # noqa: BLE001 - babel raises its own and others'; each is shown
                wrong.append(f"{message.id}: {error}")
        wrong += [f"{message.id} -> {said}" for said in _strings(message) if _names(said) - _names(*_ids(message))]
    assert wrong == []


@pytest.mark.parametrize("language", catalogs.LANGUAGES)
def test_what_is_compiled_is_what_is_written(language: str) -> None:
    compiled = catalogs.path_of(language, "mo").read_bytes()
    assert compiled == catalogs.compiled(catalogs.catalog_of(language)), "run: make messages"


def _ids(message: Message) -> tuple[str, ...]:
    return message.id if isinstance(message.id, tuple) else (message.id,)


def _strings(message: Message) -> tuple[str, ...]:
    return message.string if isinstance(message.string, tuple) else (message.string,)


def _names(*texts: str) -> set[str]:
    return {name for text in texts for name in re.findall(r"%\((\w+)\)", text)}
