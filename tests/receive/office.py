"""A small office on disk with one dataset of answers, whose contract a test may change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from citizenstats.engine import quoted, session
from citizenstats.house import House, open_house
from citizenstats.receive.current import current_records
from citizenstats.receive.outcome import Outcome
from citizenstats.receive.receive import receive

DATASET = "watch/answers"
HEADER = "id;region;sex;year;score;asked_on;agrees;comment"

Contract = dict[str, Any]
Change = Callable[[Contract], None]

_FILES: Mapping[str, Any] = {
    "agency.yaml": {"id": "OFFICE", "name": {"en": "Office"}, "contact": "help@office.example"},
    "structures/OFFICE/concepts.yaml": {
        "CS_OFFICE": {
            "version": "1.0.0",
            "name": {"en": "Concepts"},
            "concepts": {
                c: {"name": {"en": c}}
                for c in ("FREQ", "REF_AREA", "INDICATOR", "SEX", "TIME_PERIOD", "OBS_VALUE", "OBS_STATUS", "SAMPLE_SIZE")
            },
        }
    },
    "structures/OFFICE/codelists.yaml": {
        "CL_REGION": {"version": "1.0.0", "name": {"en": "Regions"}},
        "CL_INDICATOR": {"version": "1.0.0", "name": {"en": "Indicators"}},
    },
    "structures/OFFICE/data_structures/ANSWERS.yaml": {
        "version": "1.0.0",
        "name": {"en": "Answers"},
        "components": {
            "FREQ": {"role": "dimension", "codelist": "SDMX:CL_FREQ(2.1)"},
            "REF_AREA": {"role": "dimension", "codelist": "OFFICE:CL_REGION(1.0.0)"},
            "INDICATOR": {"role": "dimension", "codelist": "OFFICE:CL_INDICATOR(1.0.0)"},
            "SEX": {"role": "dimension", "codelist": "SDMX:CL_SEX(2.1)"},
            "TIME_PERIOD": {"role": "time"},
            "OBS_VALUE": {"role": "measure", "type": "Double"},
            "OBS_STATUS": {"role": "attribute", "codelist": "SDMX:CL_OBS_STATUS(2.3)"},
            "SAMPLE_SIZE": {"role": "attribute", "type": "Integer"},
        },
    },
    "dataflows/OFFICE/ANSWERS.yaml": {
        "name": {"en": "Answers"}, "feeds": [DATASET], "family": "watch", "review": "none",
    },
    "partners/watch/partner.yaml": {"id": "WATCH", "name": {"en": "Watch"}, "contact": "watch@example.org"},
}  # fmt: skip
_REGIONS = "id,parent,name_en\nXX,,All\nXX-N,XX,North\nXX-S,XX,South\n"


def contract() -> Contract:
    """The contract of the answers: European CSV, one row a person, consent in each row."""
    return {
        "title": "Answers",
        "author": "A. Author",
        "delivery": {"files": "*", "replaces": "rows", "max_megabytes": 64},
        "read": {"format": "auto", "decimal": ",", "missing": ["", "-"]},
        "record": {
            "origin": "citizens",
            "initiator": "Watch",
            "participation": {"collect": 5},
            "consent": {"basis": "individual", "evidence": "a box in the form", "condition": "agrees"},
            "publication": "aggregate_only",
            "population": "Everyone",
            "mode": "interviews",
            "sampling": "probability",
            "methodology": "https://watch.example/method",
            "licence": "CC0-1.0",
            "contact": "watch@example.org",
            "limitations": "None",
        },
        "key": ["id"],
        "columns": {
            "id": {"required": True, "role": "identifier"},
            "region": {"required": True},
            "sex": {"allowed": ["f", "m"], "role": "quasi_identifier"},
            "year": {"type": "period", "required": True},
            "score": {"type": "number", "range": [0, 100]},
            "asked_on": {"type": "date", "optional": True},
            "agrees": {"type": "boolean", "true": ["yes"], "false": ["no"]},
            "comment": {"role": "free_text", "optional": True},
        },
        "rules": [{"must": "score <= 90 OR sex = 'f'", "message": "Only women score above 90"}],
        "targets": [
            {
                "dataflow": "OFFICE:ANSWERS",
                "map": {
                    "FREQ": {"value": "A"},
                    "REF_AREA": {"column": "region", "codes": {"North": "XX-N", "South": "XX-S"}},
                    "SEX": {"column": "sex", "codes": {"f": "F", "m": "M"}},
                    "TIME_PERIOD": {"column": "year"},
                    "OBS_STATUS": {"value": "A"},
                },
                "estimate": {
                    "unit": "person",
                    "breakdowns": ["REF_AREA", "SEX"],
                    "totals": {"REF_AREA": "XX"},
                    "indicators": {"SCORE": {"mean": "score"}},
                },
            }
        ],
    }


class Office:
    """A house of one partner, and what a partner and an engineer do with it."""

    def __init__(self, folder: Path, change: Change | None = None) -> None:
        self.mappings, self.home = folder / "mappings", folder / "home"
        for name, content in _FILES.items():
            self._write(name, yaml.safe_dump(content, allow_unicode=True, sort_keys=False))
        self._write("structures/OFFICE/codelists/CL_REGION.csv", _REGIONS)
        self._write("structures/OFFICE/codelists/CL_INDICATOR.csv", "id,parent,name_en\nSCORE,,Mean score\n")
        self.agree(change)

    def _write(self, name: str, content: str) -> None:
        path = self.mappings / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")

    def review(self, how: str) -> None:
        """Have releases signed off by a person, or not."""
        flow = {**_FILES["dataflows/OFFICE/ANSWERS.yaml"], "review": how}
        self._write("dataflows/OFFICE/ANSWERS.yaml", yaml.safe_dump(flow))
        self.house = open_house(self.home, self.mappings)

    def agree(self, change: Change | None = None) -> None:
        """Write the contract anew."""
        said = contract()
        if change is not None:
            change(said)
        self.write_contract(said)
        self.house: House = open_house(self.home, self.mappings)

    def recode(self, codes: Mapping[str, str], recoded: Mapping[str, Any]) -> None:
        """Rename regions in a new version of the list, of the structure and of the dataflow.

        Args:
            codes: region then → region now.
            recoded: what the dataflow's file says of former versions.
        """
        lines = (line.split(",") for line in _REGIONS.splitlines())
        now = (",".join(codes.get(cell, cell) for cell in line) for line in lines)
        self._write("structures/OFFICE/codelists/CL_REGION.csv", "".join(f"{line}\n" for line in now))
        said = {name: deepcopy(content) for name, content in _FILES.items()}
        said["structures/OFFICE/codelists.yaml"]["CL_REGION"]["version"] = "2.0.0"
        structure = said["structures/OFFICE/data_structures/ANSWERS.yaml"]
        structure["version"] = "2.0.0"
        structure["components"]["REF_AREA"]["codelist"] = "OFFICE:CL_REGION(2.0.0)"
        said["dataflows/OFFICE/ANSWERS.yaml"] |= {"version": "2.0.0", "recoded": recoded}
        for name, content in said.items():
            self._write(name, yaml.safe_dump(content, allow_unicode=True, sort_keys=False))

        def renamed(contract: Contract) -> None:
            regions = contract["targets"][0]["map"]["REF_AREA"]["codes"]
            regions |= {name: codes.get(region, region) for name, region in regions.items()}
            totals = contract["targets"][0]["estimate"]["totals"]
            totals["REF_AREA"] = codes.get(totals["REF_AREA"], totals["REF_AREA"])

        self.agree(renamed)

    def write_contract(self, said: Contract) -> None:
        """Write a contract that nobody has looked at."""
        self._write("partners/watch/answers.yaml", yaml.safe_dump(said, allow_unicode=True, sort_keys=False))

    @property
    def inbox(self) -> Path:
        folder = self.home / "inbox" / DATASET
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def outbox(self) -> Path:
        return self.home / "outbox" / DATASET

    def drop(self, content: bytes | str, name: str = "answers.csv") -> Path:
        """Put a file into the inbox."""
        path = self.inbox / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def receive(self) -> list[Outcome]:
        """Take in and read what is new."""
        return list(receive(self.house, DATASET, settle=0.0).outcomes)

    def send(self, content: bytes | str, name: str = "answers.csv") -> Outcome:
        """Drop one file and return what came of it."""
        self.drop(content, name)
        (outcome,) = self.receive()
        return outcome

    def records(self, columns: str = "id, region, sex, year, score, comment") -> list[tuple[Any, ...]]:
        """Return the records that count, by their key."""
        current = current_records(self.house, DATASET)
        if current is None:
            return []
        with session(current.folders) as engine:
            return engine.rows(f"SELECT {columns} FROM ({current.sql}) ORDER BY id")

    def values(self, outcome: Outcome, file: str) -> list[tuple[Any, ...]]:
        """Return the rows of one of the Parquet files of an outcome."""
        dataset = self.house.mappings.dataset(DATASET)
        path = outcome.delivery.outcome_folder(self.house.store, dataset) / file
        with session([path.parent]) as engine:
            return engine.rows(f"SELECT * FROM read_parquet({quoted(str(path))})")


def row(
    identifier: str = "a1", region: str = "North", sex: str = "f", year: str = "2024", score: str = "12,5",
    asked_on: str = "2024-05-01", agrees: str = "yes", comment: str = "",
) -> str:  # fmt: skip
    return ";".join([identifier, region, sex, year, score, asked_on, agrees, comment])


def file(*rows: str) -> str:
    """A delivery of rows under the header."""
    return "\n".join([HEADER, *rows]) + "\n"
