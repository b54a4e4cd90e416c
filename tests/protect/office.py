"""A small office whose only dataset is persons by up to four groups, and a yes or no; a year is a table of its own."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

from citizenstats.harmonize.observe import observe
from citizenstats.house import House, open_house
from citizenstats.protect.protect import protect
from citizenstats.receive.receive import receive
from citizenstats.release.assemble import assemble

FLOW = "OFFICE:ANSWERS"
DATASET = "asker/answers"
FAMILY = "answers"
MINIMUM = 5
GROUPS = ("GA", "GB", "GC", "GD")


def mappings(folder: Path, sizes: Sequence[int], kinds: str = "[SHARE, NUMBER_OF]") -> Path:
    """Write the mappings folder for groups of these sizes."""
    groups = GROUPS[: len(sizes)]
    files = {
        "agency.yaml": "id: OFFICE\nname: Office\ncontact: office@nso.example\n",
        "structures/OFFICE/concepts.yaml": "CS_OFFICE:\n  version: 1.0.0\n  name: {en: Concepts}\n  concepts:\n"
        + "".join(f"    {c}: {{name: {{en: {c}}}}}\n" for c in ("INDICATOR", "SAMPLE_SIZE", *groups)),
        "structures/OFFICE/codelists.yaml": "".join(
            f"CL_{c}: {{version: 1.0.0, name: {{en: {c}}}}}\n" for c in ("INDICATOR", *groups)
        ),
        "structures/OFFICE/codelists/CL_INDICATOR.csv": "id,parent,name_en\nSHARE,,Share\nNUMBER_OF,,Number\n",
        "structures/OFFICE/data_structures/ANSWERS.yaml": _structure(groups),
        "dataflows/OFFICE/ANSWERS.yaml": f"name: Answers\nfeeds: [{DATASET}]\nfamily: {FAMILY}\nreview: none\n",
        "partners/asker/partner.yaml": "id: ASKER\nname: Asker\ncontact: asker@ngo.example\n",
        "partners/asker/answers.yaml": _contract(groups),
    }
    for group, size in zip(groups, sizes, strict=True):
        codes = "".join(f"{group[1]}{i},,Category {i}\n" for i in range(size))
        files[f"structures/OFFICE/codelists/CL_{group}.csv"] = f"id,parent,name_en\n_T,,Total\n{codes}"
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


def with_errors(folder: Path) -> Path:
    """Give the structure in a mappings folder places for the standard error and the design effect; return the folder."""
    for name, more in (
        (
            "concepts.yaml",
            "    STD_ERROR: {name: {en: Standard error}}\n    DESIGN_EFFECT: {name: {en: Design effect}}\n",
        ),
        (
            "data_structures/ANSWERS.yaml",
            "  STD_ERROR: {role: attribute, type: Double}\n  DESIGN_EFFECT: {role: attribute, type: Double}\n",
        ),
    ):
        with (folder / "structures/OFFICE" / name).open("a", encoding="utf-8") as file:
            file.write(more)
    return folder


def _structure(groups: Sequence[str]) -> str:
    dimensions = "".join(f'  {g}: {{role: dimension, codelist: "OFFICE:CL_{g}(1.0.0)"}}\n' for g in groups)
    return (
        "version: 1.0.0\nname: {en: Answers}\ncomponents:\n"
        '  FREQ: {role: dimension, codelist: "SDMX:CL_FREQ(2.1)"}\n'
        '  INDICATOR: {role: dimension, codelist: "OFFICE:CL_INDICATOR(1.0.0)"}\n'
        f"{dimensions}  TIME_PERIOD: {{role: time}}\n  OBS_VALUE: {{role: measure, type: Double}}\n"
        '  OBS_STATUS: {role: attribute, mandatory: true, codelist: "SDMX:CL_OBS_STATUS(2.3)"}\n'
        '  CONF_STATUS: {role: attribute, codelist: "SDMX:CL_CONF_STATUS(1.2)"}\n'
        "  SAMPLE_SIZE: {role: attribute, type: Integer}\n"
    )


def _contract(groups: Sequence[str]) -> str:
    columns = "".join(f"  {g.lower()}: {{required: true}}\n" for g in groups)
    mapped = "".join(f"      {g}: {g.lower()}\n" for g in groups)
    return f"""title: Answers
author: A. Author
delivery: {{files: "*.csv"}}
read: {{delimiter: ","}}
record:
  origin: citizens
  initiator: Asker
  consent: {{basis: individual, evidence: forms, condition: consent}}
  publication: aggregate_only
  population: Invented people
  mode: made by a test
  sampling: register
  methodology: https://ngo.example
  licence: CC0-1.0
  contact: asker@ngo.example
  limitations: all of it is invented
columns:
  year: {{type: period, required: true}}
  consent: {{type: boolean}}
  answer: {{type: boolean, required: true}}
{columns}targets:
  - dataflow: {FLOW}
    map:
      FREQ: {{value: A}}
      TIME_PERIOD: year
{mapped}    estimate:
      breakdowns: [{", ".join(groups)}]
      decimals: 8
      indicators:
        SHARE: {{proportion: answer}}
        NUMBER_OF: {{count: answer}}
protection: {{minimum: {MINIMUM}}}
"""


Cube = Mapping[tuple[str, ...], tuple[int, int]]


def random_cube(chance: random.Random, sizes: Sequence[int], scale: int) -> Cube:
    """Return inner cell → (people, people who said yes), skewed so that some cells are small or empty."""
    cube: dict[tuple[str, ...], tuple[int, int]] = {(): (0, 0)}
    cells: list[tuple[str, ...]] = [()]
    for group, size in zip(GROUPS, sizes, strict=False):
        cells = [(*cell, f"{group[1]}{i}") for cell in cells for i in range(size)]
    del cube[()]
    for cell in cells:
        n = int(chance.expovariate(1 / scale)) if chance.random() > 0.1 else 0
        cube[cell] = (n, sum(chance.random() < 0.4 for _ in range(n)))
    return cube


def deliver(house: House, cubes: Mapping[str, Cube], sizes: Sequence[int]) -> None:
    """Drop a file with the people of each year's cube."""
    groups = [g.lower() for g in GROUPS[: len(sizes)]]
    lines = [",".join(["year", "consent", "answer", *groups])]
    for year, cube in cubes.items():
        for cell, (n, k) in cube.items():
            lines += [",".join([year, "yes", "yes" if i < k else "no", *cell]) for i in range(n)]
    inbox = house.store.inbox(DATASET)
    inbox.mkdir(parents=True, exist_ok=True)
    (inbox / "answers.csv").write_text("\n".join(lines) + "\n", "utf-8")


def taken_through(home: Path, folder: Path, cubes: Mapping[str, Cube], sizes: Sequence[int]) -> Path:
    """Return the publishable Parquet file of the office's dataflow, made from these people."""
    return next_state(open_house(home, mappings(folder, sizes)), cubes, sizes)


def next_state(house: House, cubes: Mapping[str, Cube], sizes: Sequence[int]) -> Path:
    """Deliver these people in place of those before; return the publishable file that is made from them."""
    deliver(house, cubes, sizes)
    return protected(house)


def protected(house: House) -> Path:
    """Take what lies in the inbox as far as the publishable file, and return that."""
    received = receive(house, DATASET, settle=0.0)
    assert [o.status for o in received.outcomes] == ["accepted"], received.outcomes
    observe(house, DATASET)
    assemble(house, FLOW)
    return protect(house, FAMILY).folder / "OFFICE.ANSWERS.parquet"
