"""Two lists of one column: by five years here, by ten there, and what nobody published between them."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
import yaml
from scipy.optimize import linprog

from citizenstats.contracts.lint import lint
from citizenstats.errors import ReleaseError
from citizenstats.harmonize.observe import observe
from citizenstats.house import House, open_house
from citizenstats.protect.lists import Lists, lists_of
from citizenstats.protect.protect import protect
from citizenstats.receive.receive import receive
from citizenstats.release.assemble import assemble
from citizenstats.release.release import release
from tests.protect import office

PLACES = "OFFICE:PLACES"
AGES = range(15, 45)
FIVE = [(low, low + 5) for low in range(15, 45, 5)]
TEN = [(low, low + 10) for low in range(15, 45, 10)]
YOUTH = [(15, 18), (18, 30), (30, 45)]
Bands = Sequence[tuple[int, int]]


def _codes(dimension: str, bands: Bands) -> dict[str, tuple[int, int]]:
    return {f"{dimension[1]}{low}T{high - 1}": (low, high) for low, high in bands}


def _by_sql(codes: Mapping[str, tuple[int, int]]) -> dict[str, Any]:
    cases = " ".join(f"WHEN age >= {low} AND age < {high} THEN '{c}'" for c, (low, high) in codes.items())
    return {"sql": f"CASE {cases} END"}


def _by_codes(codes: Mapping[str, tuple[int, int]]) -> dict[str, Any]:
    return {
        "column": "age",
        "codes": {str(year): c for c, (low, high) in codes.items() for year in range(low, high)},
    }


def opened(folder: Path, how: Any, lists: Mapping[str, Bands], *, span: bool = False, **second: Any) -> House:
    """Return an office that breaks ages down by GB in the first dataflow and by GC in the second.

    The structure of the second has one more dimension, which is the same for all. With `span` the contract says which ages
    there are.
    """
    made = office.mappings(folder / "mappings", (2, 2))
    structures = made / "structures/OFFICE"
    for dimension, bands in lists.items():
        lines = "".join(f"{code},,{code}\n" for code in _codes(dimension, bands))
        (structures / f"codelists/CL_{dimension}.csv").write_text(f"id,parent,name_en\n_T,,Total\n{lines}")
    for file, more in (
        ("codelists", "CL_GC: {version: 1.0.0, name: {en: GC}}\n"),
        ("concepts", "    GC: {name: {en: GC}}\n    KIND: {name: {en: Kind}}\n"),
    ):
        with (structures / f"{file}.yaml").open("a", encoding="utf-8") as opened_file:
            opened_file.write(more)
    first = (structures / "data_structures/ANSWERS.yaml").read_text("utf-8")
    kind = '  KIND: {role: dimension, codelist: "OFFICE:CL_INDICATOR(1.0.0)"}\n  TIME_PERIOD:'
    (structures / "data_structures/PLACES.yaml").write_text(
        first.replace("GB:", "GC:").replace("CL_GB", "CL_GC").replace("  TIME_PERIOD:", kind)
    )
    places = f"name: Places\nfeeds: [{office.DATASET}]\nfamily: {office.FAMILY}\nreview: none\n"
    (made / "dataflows/OFFICE/PLACES.yaml").write_text(places)
    contract = made / "partners/asker/answers.yaml"
    said = yaml.safe_load(contract.read_text("utf-8"))
    del said["columns"]["gb"]
    said["columns"]["age"] = {"type": "text" if how is _by_codes else "integer", "required": True}
    if span and how is not _by_codes:
        said["columns"]["age"]["range"] = [15, 44]
    (target,) = said["targets"]
    said["targets"] = [
        {
            "dataflow": flow,
            "map": {
                **{c: of for c, of in target["map"].items() if c != "GB"},
                by: how(_codes(by, lists[by])),
            },
            "estimate": {**target["estimate"], "breakdowns": ["GA", by]},
            **more,
        }
        for flow, by, more in ((office.FLOW, "GB", {}), (PLACES, "GC", second))
    ]
    said["targets"][1]["map"]["KIND"] = {"value": "SHARE"}
    contract.write_text(yaml.safe_dump(said, sort_keys=False), "utf-8")
    return open_house(folder / "home", made)


def published(
    house: House, people: Mapping[tuple[str, int], tuple[int, int]]
) -> dict[str, list[tuple[Any, ...]]]:
    """Release both dataflows; return of each GA, category, sample size and share of what is shown."""
    lines = ["year,consent,answer,ga,age"]
    for (group, age), (n, k) in people.items():
        lines += [f"2020,yes,{'yes' if i < k else 'no'},{group},{age}" for i in range(n)]
    inbox = house.store.inbox(office.DATASET)
    inbox.mkdir(parents=True, exist_ok=True)
    (inbox / "answers.csv").write_text("\n".join(lines) + "\n", "utf-8")
    receive(house, office.DATASET, settle=0.0)
    observe(house, office.DATASET)
    for flow in (office.FLOW, PLACES):
        assemble(house, flow)
    protect(house, office.FAMILY)
    shown = {}
    for flow, by in ((office.FLOW, "GB"), (PLACES, "GC")):
        folder = release(house, flow).folder
        shown[by] = duckdb.sql(
            f"SELECT GA, {by}, SAMPLE_SIZE, OBS_VALUE FROM read_csv('{folder}/data.csv', all_varchar = true) "
            "WHERE INDICATOR = 'SHARE' AND SAMPLE_SIZE IS NOT NULL"
        ).fetchall()
    return shown


@pytest.mark.parametrize("how", [_by_sql, _by_codes])
def test_a_list_of_wider_categories_does_not_unpick_the_narrower_ones(tmp_path: Path, how: Any) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    people = {}
    for cell in ((group, age) for group in ("A0", "A1") for age in AGES):
        n = int(chance.expovariate(1 / 4))
        people[cell] = (n, sum(chance.random() < 0.4 for _ in range(n)))
    bands = {"GB": _codes("GB", FIVE), "GC": _codes("GC", TEN)}
    shown = published(opened(tmp_path, how, {"GB": FIVE, "GC": TEN}), people)
    places = {cell: i for i, cell in enumerate(people)}

    def inside(by: str, group: str, code: str) -> list[float]:
        low, high = (0, 99) if code == "_T" else bands[by][code]
        return [float(group in ("_T", g) and low <= age < high) for g, age in places]

    assert sum(map(len, shown.values())) > 10
    for part in (1, 2):  # with the characteristic, and without
        true = np.array([(n, k, n - k)[part] for n, k in people.values()])
        rows = [(inside(by, *cell[:2]), cell) for by, cells in shown.items() for cell in cells]
        sums = np.array([row for row, _ in rows])
        told = sums @ true
        having = [round(int(n) * float(share) / 100) for _, (_, _, n, share) in rows]
        assert told.tolist() == [
            k if part == 1 else int(row[2]) - k for k, (_, row) in zip(having, rows, strict=True)
        ]
        for by, codes in bands.items():
            for group in ("A0", "A1", "_T"):
                for code in codes:
                    asked = np.array(inside(by, group, code))
                    if 0 < asked @ true < office.MINIMUM:
                        ends = [
                            linprog(sign * asked, A_eq=sums, b_eq=told, bounds=(0, 1e3)).fun * sign
                            for sign in (1, -1)
                        ]
                        assert ends[1] - ends[0] >= office.MINIMUM - 1e-6, (part, by, group, code, ends)


FEW = {("A0", age): (3, 1) if age == 15 else (40, 16) if age % 5 == 0 else (0, 0) for age in AGES}
"""Three who are 15: hidden with one other list of five years, which that of ten years undoes."""


def _by_division(codes: Mapping[str, tuple[int, int]]) -> dict[str, Any]:
    """Return the same bands as text that is made of the age; no number in it is where one begins."""
    (letter,) = {code[0] for code in codes}
    (width,) = {high - low for low, high in codes.values()}
    start = f"CAST(15 + (age - 15) // {width} * {width} AS VARCHAR)"
    return {
        "sql": f"'{letter}' || {start} || 'T' || CAST(14 + {width} + (age - 15) // {width} * {width} AS VARCHAR)"
    }


@pytest.mark.parametrize("how", [_by_sql, _by_codes, _by_division])
def test_the_audit_stops_what_two_lists_give_away_together(
    tmp_path: Path, how: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Protection is made blind to the second list; the audit tells what categories stand for by itself."""
    house = opened(tmp_path, how, {"GB": FIVE, "GC": TEN}, span=True)
    for place in ("figures", "method"):
        monkeypatch.setattr(f"citizenstats.protect.{place}.lists_of", lambda *_: Lists({}, ()))
    # The records say it too, to both.
    for place in ("within._read", "audit.within._pairs"):
        monkeypatch.setattr(f"citizenstats.protect.{place}", lambda *_: [])
    with pytest.raises(ReleaseError, match="DISCLOSIVE"):
        published(house, FEW)
    monkeypatch.undo()
    later = open_house(tmp_path / "later", house.mappings.folder)
    assert published(later, FEW)


def test_what_a_function_makes_of_a_column_is_compared_only_where_all_its_values_are_known(
    tmp_path: Path,
) -> None:
    """The same bands are told by the numbers at which they change, or not at all."""
    known = opened(tmp_path / "known", _by_division, {"GB": FIVE, "GC": TEN}, span=True)
    found = lists_of(known.mappings.dataset(office.DATASET), known.mappings)
    assert set(found.shared) == {(office.FLOW, "GB"), (PLACES, "GC")}
    assert found.overlaps == ()
    open_ended = opened(tmp_path / "open", _by_division, {"GB": FIVE, "GC": TEN})
    assert {f.code for f in lint(open_ended.mappings.folder)} == {"BREAKDOWNS_OVERLAP"}
    crossing = {"GB": FIVE, "GC": [(15, 18), (18, 21), (21, 24), *((a, a + 3) for a in range(24, 45, 3))]}
    for folder, span in (("a", True), ("b", False)):
        apart = opened(tmp_path / folder, _by_division, crossing, span=span)
        assert {f.code for f in lint(apart.mappings.folder)} == {"BREAKDOWNS_OVERLAP"}


@pytest.mark.parametrize(
    ("lists", "second"),
    [
        ({"GB": FIVE, "GC": YOUTH}, {}),
        # A year more: whoever is 25 is the difference.
        ({"GB": TEN, "GC": [(15, 26), (26, 36), (36, 45)]}, {}),
        # Other units: those of one list are no sum of those of the other.
        ({"GB": FIVE, "GC": TEN}, {"where": "ga = 'A0'"}),
    ],
)
@pytest.mark.parametrize("how", [_by_sql, _by_codes])
def test_lists_that_overlap_are_refused(
    tmp_path: Path, how: Any, lists: Mapping[str, Bands], second: Mapping[str, Any]
) -> None:
    house = opened(tmp_path, how, lists, **second)
    assert {f.code for f in lint(house.mappings.folder)} == {"BREAKDOWNS_OVERLAP"}
    with pytest.raises(ReleaseError, match=r"BREAKDOWNS_OVERLAP.*age"):
        published(house, {("A0", 20): (40, 20)})


def test_a_list_that_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    house = opened(tmp_path, _by_codes, {"GB": FIVE, "GC": TEN})
    file = house.mappings.folder / "partners/asker/answers.yaml"
    said = yaml.safe_load(file.read_text("utf-8"))
    said["targets"][1]["map"]["GC"] = {
        "sql": "CASE WHEN length(age) = 7 THEN 'C15T24' WHEN age LIKE '2%' THEN 'C25T34' ELSE 'C35T44' END"
    }
    file.write_text(yaml.safe_dump(said, sort_keys=False), "utf-8")
    later = open_house(house.store.home, house.mappings.folder)
    (of,) = lists_of(later.mappings.dataset(office.DATASET), later.mappings).overlaps
    assert (of.one, of.other, of.columns) == ((office.FLOW, "GB"), (PLACES, "GC"), ("age",))


def test_lists_that_one_dataflow_crosses_stay_two_breakdowns(tmp_path: Path) -> None:
    """What lies in a category of both is a figure there, and protected as such."""
    house = opened(tmp_path, _by_sql, {"GB": FIVE, "GC": YOUTH})
    structures = house.mappings.folder / "structures/OFFICE/data_structures"
    whole = (structures / "ANSWERS.yaml").read_text("utf-8")
    line = next(line for line in whole.splitlines() if "GB:" in line)
    (structures / "ANSWERS.yaml").write_text(whole.replace(line, f"{line}\n{line.replace('GB', 'GC')}"))
    file = house.mappings.folder / "partners/asker/answers.yaml"
    said = yaml.safe_load(file.read_text("utf-8"))
    said["targets"][0]["map"]["GC"] = _by_sql(_codes("GC", YOUTH))
    said["targets"][0]["estimate"]["breakdowns"] = ["GA", "GB", "GC"]
    file.write_text(yaml.safe_dump(said, sort_keys=False), "utf-8")
    assert "BREAKDOWNS_OVERLAP" not in {f.code for f in lint(house.mappings.folder)}
    # GA with each of them: both less one another tell of GA too.
    said["targets"][0]["estimate"]["margins"] = [[], ["GA", "GB"], ["GA", "GC"], ["GB", "GC"]]
    file.write_text(yaml.safe_dump(said, sort_keys=False), "utf-8")
    assert "BREAKDOWNS_OVERLAP" in {f.code for f in lint(house.mappings.folder)}
