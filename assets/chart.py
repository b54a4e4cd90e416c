"""A small bar chart as markdown, for metadata that people would rather look at than read.

It draws what it is given and opens nothing. Give it only numbers that may be published or that count things of
ours (deliveries, observations), never records.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import dagster as dg

_LABEL, _BAR, _NUMBER, _LINE = 150, 300, 110, 22
_MOST = 24


@dataclass(frozen=True)
class Bar:
    """One line of the chart: a label, what is shown of it, and what is held back."""

    label: str
    solid: float
    pale: float = 0

    @property
    def whole(self) -> float:
        """The length of the line."""
        return self.solid + self.pale


def bars(lines: Sequence[Bar], solid: str, pale: str = "") -> dg.MarkdownMetadataValue:
    """Return horizontal bars with a legend; at most 24, and a word about the rest.

    Args:
        lines: the bars from top to bottom.
        solid: what the dark part of a bar is.
        pale: what the light part is; empty when there is none.
    """
    if not lines:
        return dg.MetadataValue.md("nothing to draw yet")
    drawn = list(lines[:_MOST])
    longest = max(bar.whole for bar in drawn) or 1
    parts = [_line(place, bar, longest) for place, bar in enumerate(drawn)]
    height = (len(drawn) + 1) * _LINE
    legend = f"■ {solid}" + (f"   □ {pale}" if pale else "")
    parts.append(f'<text x="{_LABEL}" y="{height - 6}" fill="#555">{escape(legend)}</text>')
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_LABEL + _BAR + _NUMBER}" height="{height}" '
        f'font-family="sans-serif" font-size="12">{"".join(parts)}</svg>'
    )
    image = base64.b64encode(svg.encode()).decode()
    rest = f"\n\n… and {len(lines) - _MOST} more" if len(lines) > _MOST else ""
    return dg.MetadataValue.md(f"![{escape(legend)}](data:image/svg+xml;base64,{image}){rest}")


def _line(place: int, bar: Bar, longest: float) -> str:
    top = place * _LINE
    solid, pale = (round(_BAR * part / longest, 1) for part in (bar.solid, bar.pale))
    number = f"{bar.solid:,g}" + (f" + {bar.pale:,g}" if bar.pale else "")
    return (
        f'<text x="{_LABEL - 8}" y="{top + 15}" text-anchor="end" fill="#222">{escape(bar.label[:22])}</text>'
        f'<rect x="{_LABEL}" y="{top + 3}" width="{solid}" height="{_LINE - 7}" fill="#1f6f8b"/>'
        f'<rect x="{_LABEL + solid}" y="{top + 3}" width="{pale}" height="{_LINE - 7}" fill="#c9dde4"/>'
        f'<text x="{_LABEL + solid + pale + 6}" y="{top + 15}" fill="#222">{number}</text>'
    )
