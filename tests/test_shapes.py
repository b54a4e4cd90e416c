"""Files of shapes that partners' files have: each gets to published figures with YAML alone, and they are those of the file."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import Command
from tests.test_onboarding import BLOCK, PAGE

Told = tuple[str, str, str]
"""Value, OBS_STATUS and CONF_STATUS of a published figure."""


@dataclass(frozen=True)
class Shape:
    """A small file, what its contract says otherwise than the others, and what is published of it.

    Attributes:
        figures: (region, sex, year) → what is published.
    """

    file: str
    figures: Mapping[tuple[str, str, str], Told]
    columns: Mapping[str, Any] = field(default_factory=dict)
    read: Mapping[str, Any] = field(default_factory=dict)
    target: Mapping[str, Any] = field(default_factory=dict)
    ignore: Sequence[Mapping[str, Any]] = ()


SHAPES: dict[str, Shape] = {
    "NO_VALUE": Shape(
        "region,sex,year,value\nNorth,Women,2024,12.5\nNorth,Men,2024,\nSouth,Women,2024,<5\nSouth,Men,2024,x\n",
        {
            ("XX-N", "F", "2024"): ("12.5", "A", "F"),
            ("XX-N", "M", "2024"): ("", "L", "F"),
            ("XX-S", "F", "2024"): ("", "Q", "C"),
            ("XX-S", "M", "2024"): ("", "M", "F"),
        },
        {"value": {"type": "number", "not_collected": [""], "not_applicable": ["x"], "suppressed": ["<5"]}},
    ),
    "YEARS_ACROSS": Shape(
        "region,sex,2023,2024\nNorth,Women,1.5,\nSouth,Men,,3\n",
        {("XX-N", "F", "2023"): ("1.5", "A", "F"), ("XX-S", "M", "2024"): ("3", "A", "F")},
        {
            "year": None,
            "value": None,
            "y2023": {"header": "2023", "type": "number"},
            "y2024": {"header": "2024", "type": "number"},
        },
        target={
            "where": "answer IS NOT NULL",
            "unpivot": {"columns": {f"y{year}": {"TIME_PERIOD": str(year)} for year in (2023, 2024)}},
            "map": {"TIME_PERIOD": None, "OBS_VALUE": "answer"},
        },
    ),
    "SAME_AS_ABOVE": Shape(
        "region,year,sex,value\nNorth,2023,Women,1\n,,Men,2\n,2024,Women,3\n\nTotal,,,9\n,,,9\nSouth,2024,Men,4\n",
        {
            ("XX-N", "F", "2023"): ("1", "A", "F"),
            ("XX-N", "M", "2023"): ("2", "A", "F"),
            ("XX-N", "F", "2024"): ("3", "A", "F"),
            ("XX-S", "M", "2024"): ("4", "A", "F"),
        },
        {
            "region": {"required": True, "same_as_above": True},
            "year": {"type": "period", "required": True, "same_as_above": True},
        },
        ignore=[{"when": "region = 'Total'", "reason": "sums"}],
    ),
    "FLAGS_BESIDE_VALUES": Shape(
        "region\tsex\tyear\tvalue\nNorth\tWomen\t2024\t81.3 b\nNorth\tMen\t2024\t79.1 \nSouth\tMen\t2024\t: \n",
        {
            ("XX-N", "F", "2024"): ("81.3", "B", "F"),
            ("XX-N", "M", "2024"): ("79.1", "A", "F"),
            ("XX-S", "M", "2024"): ("", "O", "F"),
        },
        {"value": {}},
        target={
            "map": {
                "OBS_VALUE": {"sql": "try_cast(split_part(value, ' ', 1) AS DOUBLE)"},
                "OBS_STATUS": {
                    "sql": "CASE WHEN value = ':' THEN 'O' WHEN split_part(value, ' ', 2) = 'b' THEN 'B' ELSE 'A' END"
                },
            }
        },
    ),
}


def _contract(name: str, shape: Shape) -> dict[str, Any]:
    """The contract of the page, with the columns and the target of a shape."""
    written = dict(BLOCK.findall(PAGE))
    said: dict[str, Any] = yaml.safe_load(written["our_mappings/partners/clinic_watch/clinic_access.yaml"])
    columns: dict[str, Any] = {
        "region": {"required": True},
        "sex": {"required": True},
        "year": {"type": "period", "required": True},
        "value": {"type": "number"},
        **shape.columns,
    }
    (target,) = said["targets"]
    kept = {
        c: target["map"][c] for c in ("FREQ", "REF_AREA", "INDICATOR", "SEX", "TIME_PERIOD", "UNIT_MEASURE")
    }
    mapped = {**kept, "OBS_VALUE": "value", **shape.target.get("map", {})}
    said |= {
        "delivery": {"files": "*"},
        "read": dict(shape.read),
        "key": [],
        "columns": {column: told for column, told in columns.items() if told is not None},
        "rules": [],
        "ignore": list(shape.ignore),
        "targets": [
            {
                "dataflow": f"OUR_NSO:{name}",
                **{key: told for key, told in shape.target.items() if key != "map"},
                "map": {component: told for component, told in mapped.items() if told is not None},
            }
        ],
        "protection": {"waived": "The figures of these tests are about nobody"},
    }
    return said


@pytest.fixture(scope="module")
def published(
    tmp_path_factory: pytest.TempPathFactory, citizenstats_process: Command
) -> dict[str, list[dict[str, str]]]:
    """The published rows of each shape, all run at once."""
    folder = tmp_path_factory.mktemp("shapes")
    mappings, home = folder / "mappings", folder / "home"

    def write(path: Path, content: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")

    for path, content in BLOCK.findall(PAGE):
        if path.startswith(("our_mappings/agency", "our_mappings/structures")) or path.endswith(
            "partner.yaml"
        ):
            write(mappings / path.removeprefix("our_mappings/"), content)
    for name, shape in SHAPES.items():
        dataset = f"clinic_watch/{name.lower()}"
        flow = {"name": {"en": name}, "feeds": [dataset], "family": name.lower(), "review": "none"}
        flow["structure"] = "OUR_NSO:CLINIC_ACCESS(1.0.0)"
        write(mappings / f"dataflows/OUR_NSO/{name}.yaml", yaml.safe_dump(flow))
        write(
            mappings / f"partners/{dataset}.yaml", yaml.safe_dump(_contract(name, shape), allow_unicode=True)
        )
        write(home / "inbox" / dataset / "table.csv", shape.file)
    done = citizenstats_process("--mappings", mappings, "--home", home, "run")
    assert done.code == 0, (done.out, done.err)
    files = {name: next((home / "published/OUR_NSO" / name).rglob("data.csv")) for name in SHAPES}
    return {name: list(csv.DictReader(path.read_text("utf-8").splitlines())) for name, path in files.items()}


@pytest.mark.parametrize("name", SHAPES)
def test_what_is_published_is_what_the_file_says(
    published: dict[str, list[dict[str, str]]], name: str
) -> None:
    found = {
        (row["REF_AREA"], row["SEX"], row["TIME_PERIOD"]): (
            row["OBS_VALUE"].replace("NaN", ""), row["OBS_STATUS"], row["CONF_STATUS"],
        )
        for row in published[name]
    }  # fmt: skip
    assert found == SHAPES[name].figures
