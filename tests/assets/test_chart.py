"""The chart is a picture in markdown that opens nothing."""

from __future__ import annotations

import base64
import re
from xml.etree import ElementTree

from assets.chart import Bar, bars


def _svg(markdown: str) -> str:
    return base64.b64decode(re.search(r"base64,([^)]+)\)", markdown)[1]).decode()


def test_the_picture_is_well_formed_whatever_the_labels_are():
    drawn = bars([Bar('<b> & "x"', 3, 1), Bar("2020", 0)], "shown", "with<held")
    svg = ElementTree.fromstring(_svg(drawn.md_str))
    assert len(svg.findall("{http://www.w3.org/2000/svg}rect")) == 4


def test_lengths_are_in_proportion():
    rects = ElementTree.fromstring(_svg(bars([Bar("a", 10), Bar("b", 5)], "n").md_str)).iter(
        "{http://www.w3.org/2000/svg}rect"
    )
    widths = [float(r.get("width")) for r in rects]
    assert widths[0] == 2 * widths[2] > 0


def test_a_long_chart_is_cut_and_says_so():
    assert "and 6 more" in bars([Bar(str(i), i) for i in range(30)], "n").md_str


def test_nothing_to_draw_is_said_in_words():
    assert bars([], "n").md_str == "nothing to draw yet"
