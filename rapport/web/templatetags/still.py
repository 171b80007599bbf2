"""`{% still a b %} ... {% endstill %}`: what is the same for everybody, drawn once for each language and each `a`, `b`.

Nothing of a member, a conversation or a request may stand inside but what is named.
"""

from django import template
from django.template.base import FilterExpression, Node, NodeList, Parser, Token
from django.utils.translation import get_language

register = template.Library()
_KEPT_MAX = 64


class _StillNode(Node):
    def __init__(self, nodelist: NodeList, names: list[FilterExpression]) -> None:
        self.nodelist = nodelist
        self._names = names
        self._kept: dict[tuple[str, ...], str] = {}

    def render(self, context: template.Context) -> str:
        """What stands inside, as it was drawn first."""
        key = (get_language() or "", *(repr(name.resolve(context)) for name in self._names))
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) >= _KEPT_MAX:
                self._kept.clear()
            found = self._kept[key] = self.nodelist.render(context)
        return found


@register.tag
def still(parser: Parser, token: Token) -> Node:
    """The block, with the names it depends on."""
    names = [parser.compile_filter(name) for name in token.split_contents()[1:]]
    nodelist = parser.parse(("endstill",))
    parser.delete_first_token()
    return _StillNode(nodelist, names)
