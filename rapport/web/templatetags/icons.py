"""The tags of the library heroicons; an icon whose name and size are given in the template costs nothing to draw."""

from collections.abc import Callable

from django import template
from django.template.base import FilterExpression, Node, Parser, TextNode, Token

from rapport.web.icons import icon

register = template.Library()
_SIZES = {"micro": 16, "mini": 20, "outline": 24, "solid": 24}


class _IconNode(Node):
    def __init__(self, style: str, name: FilterExpression, attributes: dict[str, FilterExpression]) -> None:
        self._style, self._name, self._attributes = style, name, attributes

    def render(self, context: template.Context) -> str:
        """The icon."""
        given = {key: value.resolve(context) for key, value in self._attributes.items()}
        size = int(given.pop("size", _SIZES[self._style]))
        return icon(self._style, self._name.resolve(context), size, **given)

    def is_constant(self) -> bool:
        """Whether it is the same on every page."""
        return all(_is_constant(one) for one in (self._name, *self._attributes.values()))


def _is_constant(expression: FilterExpression) -> bool:
    var = expression.var
    return not expression.filters and (isinstance(var, str) or getattr(var, "lookups", ()) is None)


def _compiler(style: str) -> Callable[[Parser, Token], Node]:
    def compiled(parser: Parser, token: Token) -> Node:
        _tag, name, *rest = token.split_contents()
        pairs = [bit.split("=", 1) for bit in rest]
        attributes = {key: parser.compile_filter(value) for key, value in pairs}
        node = _IconNode(style, parser.compile_filter(name), attributes)
        return TextNode(node.render(template.Context())) if node.is_constant() else node

    return compiled


for _style in _SIZES:
    register.tag(f"heroicon_{_style}", _compiler(_style))
