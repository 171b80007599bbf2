"""Bands from whom to whom, as a page draws them: outlines with their colors, blocks with their names."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from rapport.insight import flows as drawing
from rapport.insight.flows import Block, Flow, Picture
from rapport.web import locales

_SENTENCES = 12
_NAME = 19
OTHERS = "…"


@dataclass(frozen=True)
class Ribbon:
    """A band of the picture: its outline, its color and what it says."""

    path: str
    css: str
    says: str


@dataclass(frozen=True)
class Bands:
    """The picture of some flows: `names` says what a key of a side is called, `css` the color of what it comes from."""

    title: str
    flows: Sequence[Flow]
    name: Callable[[str], str]
    css: Mapping[str, str]
    kept: int = 7

    @cached_property
    def picture(self) -> Picture:
        """Where everything stands; the small ones of a side together."""
        kept = [self._largest(side) for side in (0, 1)]
        grouped: dict[tuple[str, str], int] = {}
        for source, target, count in self.flows:
            key = (source if source in kept[0] else OTHERS, target if target in kept[1] else OTHERS)
            grouped[key] = grouped.get(key, 0) + count
        return drawing.picture([(*pair, count) for pair, count in grouped.items()])

    @property
    def ribbons(self) -> list[Ribbon]:
        """The bands, colored by where they come from."""
        return [
            Ribbon(band.path, self.css.get(band.flow[0], "hue-0"), self._says(band.flow)) for band in self.picture.bands
        ]

    @property
    def drawn(self) -> SafeString:
        """The bands, and each block with its name, shortened, and how many. In Python: there are hundreds."""
        parts = [
            f'<path class="flow-band {one.css}" d="{one.path}"><title>{escape(one.says)}</title></path>'
            for one in self.ribbons
        ]  # fmt: skip
        for side, x, anchor in (self.picture.left, 14, "start"), (self.picture.right, 386, "end"):
            parts += [self._block(block, x, anchor) for block in side]
        return mark_safe("".join(parts))  # noqa: S308 - whatever is not ours was escaped where it was put in

    def _block(self, block: Block, x: int, anchor: str) -> str:
        name, count = escape(_short(self._called(block.key))), escape(locales.number(block.count))
        return (
            f'<rect class="flow-block" x="{block.x}" y="{block.y}" width="{block.width}" height="{block.height}"/>'
            f'<text class="flow-name" x="{x}" y="{block.middle}" text-anchor="{anchor}">{name} '
            f'<tspan class="flow-count">{count}</tspan></text>'
        )

    @property
    def summary(self) -> str:
        """The picture in one sentence."""
        return "; ".join(self._says(band.flow) for band in self.picture.bands[:_SENTENCES])

    def _called(self, key: str) -> str:
        return _("others") if key == OTHERS else self.name(key)

    def _says(self, flow: Flow) -> str:
        names = {
            "source": self._called(flow[0]), "target": self._called(flow[1]), "count": locales.number(flow[2]),
        }  # fmt: skip
        return _("%(source)s to %(target)s: %(count)s") % names

    def _largest(self, side: int) -> set[str]:
        sums: dict[str, int] = {}
        for flow in self.flows:
            key = flow[0] if side == 0 else flow[1]
            sums[key] = sums.get(key, 0) + flow[2]
        return set(sorted(sums, key=lambda key: (-sums[key], key))[: self.kept])


def _short(name: str) -> str:
    return name if len(name) <= _NAME else f"{name[: _NAME - 1]}…"
