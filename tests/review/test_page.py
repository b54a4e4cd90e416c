"""The page that a person reads before signing off: what it says, what it never says, and that it stands alone."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from citizenstats.release import approve, release
from citizenstats.release.candidate import candidates
from citizenstats.release.manifest import newest
from citizenstats.review.figures import Figure, span
from citizenstats.sdmx.model import Component
from tests.release import support

ROWS = [
    support.row("DK", "_T", value=12.5),
    support.row("DK", "F", value=10.0),
    support.row("DK", "M", value=None),
    support.row("NP", "F", value=3.0),
]


def _page(house, rows=ROWS, state="p1", number=1):
    delivery = support.deliver(house, support.FIRST, number)
    support.protect(house, state, {support.FLOW: rows}, [delivery])
    release.release(house, support.FLOW)
    found = candidates(house, support.FLOW)[-1]
    assert found.review is not None
    return found, found.review.read_text("utf-8")


@pytest.fixture
def house(tmp_path):
    return support.office(tmp_path, review="required")


def test_it_says_what_is_asked_with_the_exact_command(house):
    found, page = _page(house)
    assert f"citizenstats approve {support.FLOW} --candidate {found.id} --by" in page
    assert "Ada Author" in page


def test_it_shows_figures_and_counts_what_is_withheld_by_breakdown(house):
    _, page = _page(house)
    assert "12.5" in page
    withheld = page[page.index("Withheld by breakdown") :]
    # CL_AREA has no total, so sex is the only breakdown: of its three figures one is withheld.
    assert re.search(r'<th scope="row">SEX</th><td class="n">3</td><td class="n">1</td>', withheld)
    assert re.search(r'<th scope="row">Total</th><td class="n">1</td><td class="n">0</td>', withheld)


def test_changes_against_the_last_release_are_told(house):
    _page(house)
    approve.approve(house, support.FLOW, None, "Carla Chief")
    changed = [*ROWS[:1], support.row("DK", "F", value=20.0), *ROWS[2:3], support.row("NP", "F", value=None)]
    _, page = _page(house, changed, "p2", 2)
    assert "compared with release R0001" in page
    assert re.search(r'another value</th><td class="n">1</td>', page)
    assert re.search(r'had a value, has none now</th><td class="n">1</td>', page)
    assert "+10" in page


def _bounded(tmp_path, rows):
    """Return the page of figures with bounds beside them."""
    found = support.structures()
    reference = next(r for r in found.dataflows if r.id == "HOMES")
    structure = found.data_structures[reference]
    bounds = tuple(
        Component(i, "attribute", support.CONCEPTS.reference, "SAMPLE_SIZE", None, "Double")
        for i in ("LOWER_BOUND", "UPPER_BOUND")
    )
    structures = replace(
        found,
        data_structures={
            **found.data_structures,
            reference: replace(structure, components=(*structure.components, *bounds)),
        },
    )
    house = support.office(tmp_path, found=structures, review="required")
    delivery = support.deliver(house, support.FIRST, 1)
    support.protect(house, "p1", {}, [delivery])
    target = house.store.protected(support.FAMILY) / "p1" / "OFFICE.HOMES.parquet"
    support.write(target, rows, _dataset="VARCHAR", LOWER_BOUND="DOUBLE", UPPER_BOUND="DOUBLE")
    support.account(target.parent, [support.FLOW])
    release.release(house, support.FLOW)
    return candidates(house, support.FLOW)[-1].review.read_text("utf-8")


def test_intervals_are_drawn_where_the_structure_has_bounds(tmp_path):
    page = _bounded(tmp_path, [support.row("DK", "_T", value=50.0, LOWER_BOUND=40.0, UPPER_BOUND=60.0)])
    assert 'aria-label="50, interval 40 to 60"' in page
    assert "40 to 60</td>" in page


def test_figures_of_one_kind_and_their_bounds_have_as_many_decimals(tmp_path):
    page = _bounded(
        tmp_path,
        [
            support.row("DK", "_T", value=8.3, LOWER_BOUND=6.47, UPPER_BOUND=10.52),
            support.row("DK", "F", value=29.0, LOWER_BOUND=23.6, UPPER_BOUND=36.9),
            support.row(
                "DK", "M", value=1400.0, LOWER_BOUND=900.25, UPPER_BOUND=1900.75, UNIT_MEASURE="NUMBER"
            ),
            support.row("NP", "F", value=-2.5, LOWER_BOUND=-3.0, UPPER_BOUND=-2.0),
            support.row("NP", "M", value=12.0, LOWER_BOUND=None, UPPER_BOUND=19.31),
        ],
    )
    for value, interval in (
        ("8.3", "6.5 to 10.5"),
        ("29.0", "23.6 to 36.9"),
        ("-2.5", "-3.0 to -2.0"),
        ("1,400", "900 to 1,901"),
        ("12.0", "up to 19.3"),
    ):
        assert f'<td class="n">{value}</td>' in page
        assert f'<td class="n">{interval}</td>' in page


def test_columns_that_no_figure_fills_are_left_out(house):
    _, page = _page(house)
    assert ">Answers</th>" in page
    assert ">Interval</th>" not in page
    counts = [
        support.row("DK", "_T", value=12.0, SAMPLE_SIZE=None),
        support.row("DK", "F", value=10.0, SAMPLE_SIZE=None),
    ]
    _, page = _page(house, counts, "p2", 2)
    assert ">Answers</th>" not in page


def test_without_units_each_indicator_has_a_scale():
    figures = [
        Figure((), "", value, None, None, "A", None, None, None, 0, scale)
        for value, scale in ((8.0, "SHARE"), (5000.0, "NUMBER"), (-4.0, "SHARE"))
    ]
    assert span(figures) == {"SHARE": (-4.0, 8.0), "NUMBER": (0.0, 5000.0)}


def test_a_page_without_a_figure_says_no_more_than_that(house):
    _page(house)
    approve.approve(house, support.FLOW, None, "Carla Chief")
    _, page = _page(house, [], "p2", 2)
    assert "There are no observations." in page
    assert "No figure is withheld." in page
    assert not re.search(r"<tbody>\s*</tbody>", page)
    assert "none values" not in page


def test_a_name_cannot_turn_what_stands_beside_it(house):
    object.__setattr__(house.mappings.dataflows[support.FLOW], "name", {"en": "\u202eName " + "x" * 300})
    _, page = _page(house)
    assert re.search(r"<h1><bdi>\u202eName x+</bdi>: C0001</h1>", page)


def test_without_bounds_it_says_so_and_draws_none(house):
    _, page = _page(house)
    assert "there is no confidence interval" in page


def test_it_stands_alone_and_can_be_read_by_everybody(house):
    _, page = _page(house)
    looked = _Look(page)
    assert not looked.fetched
    assert looked.tables == looked.captions
    assert not looked.unlabelled
    assert looked.levels[0] == 1
    assert all(b - a <= 1 for a, b in zip(looked.levels, looked.levels[1:], strict=False))


def test_it_never_names_a_file_of_the_partner_nor_a_single_withheld_figure(house):
    _, page = _page(house)
    assert "secret name" not in page
    assert "primary" not in page.casefold()
    assert not re.search(r"<tr>[^\n]*Denmark[^\n]*Male", page)


def test_what_a_reason_says_is_no_markup(house):
    object.__setattr__(house.mappings.dataflows[support.FLOW], "name", {"en": "<script>x</script>"})
    _, page = _page(house)
    assert "<script" not in page


def test_it_is_not_published(house):
    _page(house)
    approve.approve(house, support.FLOW, None, "Carla Chief")
    published = newest(house.store, support.FLOW)
    assert not list(house.store.published.rglob("review.html"))
    assert "review.html" not in {f["name"] for f in published.facts["files"]}


def test_many_observations_are_summarised(house):
    _, page = _page(house, [support.row("DK", "_T", f"{1000 + i}", float(i)) for i in range(50)])
    assert page.count("<circle") == 1
    areas = [support.row(area, sex, "2020", 1.0) for area in ("DK", "NP", "PH") for sex in ("_T", "F", "M")]
    quarters = [support.row("DK", "_T", f"{y}-Q1", 2.0, FREQ="Q") for y in range(1900, 2000)]
    _, page = _page(house, [*areas, *quarters], "p2", 2)
    assert page.count("<circle") <= 30


class _Look(HTMLParser):
    """Counts what makes a page readable without eyes, and what it would fetch."""

    def __init__(self, page):
        super().__init__()
        self.fetched, self.unlabelled, self.levels = [], [], []
        self.tables = self.captions = 0
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        told = dict(attrs)
        self.tables += tag == "table"
        self.captions += tag == "caption"
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        if tag in ("script", "link", "img", "iframe") or told.get("src"):
            self.fetched.append(tag)
        if tag == "th" and not told.get("scope"):
            self.unlabelled.append(tag)
        if tag == "svg" and not told.get("aria-label"):
            self.unlabelled.append(tag)
