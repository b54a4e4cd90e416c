"""Measurements of a dataflow: of its figures as they would be published, in SQL.

Only what may be published is looked at, so nothing here tells more than the figures do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from citizenstats.contracts.model import DataflowFile
from citizenstats.engine import Engine, name, quoted, session
from citizenstats.errors import MappingError
from citizenstats.house import House
from citizenstats.quality.catalogue import Measure
from citizenstats.quality.measure import Measured, percent
from citizenstats.sdmx.model import DataStructure

ENOUGH = 30
"""Answers from which a figure counts as resting on enough of them: the usual limit below which means and shares are told
with care (UN NQAF asks for one and names none; ONS flags below 20, Eurostat's EU-SILC below 50)."""

PRECISE = 0.2
"""Relative standard error up to which a figure counts as precise."""


@dataclass(frozen=True)
class Figures:
    """The publishable figures of a dataflow.

    Attributes:
        file: Parquet file of the publishable observations.
        former: that of the last release; None before the first.
        official: CSV file with official figures; None when there is none.
        samples: the kinds of sampling of the datasets behind.
    """

    structure: DataStructure
    said: DataflowFile
    file: Path
    former: Path | None
    official: Path | None
    samples: frozenset[str]

    def measured(self, scratch: Path) -> Mapping[Measure, Measured]:
        """Return every measurement of a dataflow by name."""
        folders = [p.parent for p in (self.file, self.former, self.official) if p is not None]
        with session(folders, scratch=scratch) as engine:
            engine.run(f"CREATE TEMP VIEW figures AS SELECT * FROM read_parquet({quoted(str(self.file))})")
            return {measure: take(self, engine) for measure, take in _TAKE.items()}

    @property
    def value(self) -> str:
        """The SQL name of the first measure."""
        return name(self.structure.measures[0].id) if self.structure.measures else "NULL"

    def has(self, component: str) -> bool:
        """Return whether the structure has a component."""
        return component in self.structure.by_id


def figures_of(house: House, flow: str, file: Path, former: Path | None) -> Figures:
    """Return the figures of ``AGENCY:ID``.

    Raises:
        MappingError: the file with official figures is not there.
    """
    said = house.mappings.dataflow(flow)
    official = None
    if said.quality.official is not None:
        official = house.mappings.folder / "dataflows" / flow.partition(":")[0] / said.quality.official
        if not official.exists():
            raise MappingError(
                "NO_SUCH_FILE",
                f"the official figures {said.quality.official} are not there",
                flow,
                "put them beside the dataflow's file",
            )
    samples = frozenset(house.mappings.dataset(d).contract.record.sampling for d in said.feeds)
    structure = house.mappings.structures.structure_of(house.mappings.reference(flow))
    return Figures(structure, said, file, former, official, samples)


def _share(engine: Engine, condition: str, among: str = "true") -> float | None:
    """Return the share of figures that meet a condition among those that meet another; None when there are none."""
    found = engine.rows(
        f"SELECT count(*) FILTER (WHERE ({among}) AND ({condition})), count(*) FILTER (WHERE {among}) FROM figures"
    )[0]
    return int(found[0]) / int(found[1]) if found[1] else None


def _coverage(figures: Figures, engine: Engine) -> Measured:
    promised = {d: codes for d, codes in figures.said.constraint.items() if figures.has(d)}
    if not promised:
        return Measured(None, "The dataflow has no content constraint to be complete by.")
    present = total = 0
    for dimension, codes in promised.items():
        listed = ", ".join(map(quoted, codes))
        present += int(
            engine.value(
                f"SELECT count(DISTINCT {name(dimension)}) FROM figures "
                f"WHERE {figures.value} IS NOT NULL AND {name(dimension)} IN ({listed})"
            )
        )
        total += len(codes)
    share = present / total
    return Measured(share, f"{percent(share)} of the codes promised have a figure with a value.")


def _disaggregation(figures: Figures, engine: Engine) -> Measured:
    dimensions = [d.id for d in figures.structure.dimensions if d.id not in _NO_GROUP]
    counts = ", ".join(f"count(DISTINCT {name(d)})" for d in dimensions)
    row = engine.rows(f"SELECT {counts} FROM figures WHERE {figures.value} IS NOT NULL")[0] if counts else ()
    several = sum(int(n) > 1 for n in row)
    return Measured(several, f"Figures with a value are told apart by {several} dimensions.")


_NO_GROUP = frozenset({"FREQ", "INDICATOR", "SERIES", "REPORTING_TYPE", "UNIT_MEASURE", "QUESTIONNAIRE"})
"""Dimensions that tell figures apart and no groups of people or places."""


def _sample_size(figures: Figures, engine: Engine) -> Measured:
    if not figures.has("SAMPLE_SIZE"):
        return Measured(None, "The structure has no place for the number of answers.")
    shown = f"{figures.value} IS NOT NULL"
    share = _share(engine, f"SAMPLE_SIZE >= {ENOUGH}", f"{shown} AND SAMPLE_SIZE IS NOT NULL")
    if share is None:
        return Measured(None, "The number of answers is not told.")
    return Measured(share, f"{percent(share)} of the published figures rest on {ENOUGH} answers or more.")


def _precision(figures: Figures, engine: Engine) -> Measured:
    if "probability" not in figures.samples:
        return Measured(None, "No random sample is behind, so there is no sampling error.", applies=False)
    if not figures.has("STD_ERROR"):
        return Measured(None, "The structure has no place for the standard error.")
    share = _share(
        engine,
        f"STD_ERROR <= {PRECISE} * abs({figures.value})",
        f"{figures.value} IS NOT NULL AND STD_ERROR IS NOT NULL",
    )
    if share is None:
        return Measured(None, "No standard error is told.")
    return Measured(
        share, f"{percent(share)} of the figures have a standard error of at most a fifth of them."
    )


def _withheld_share(figures: Figures, engine: Engine) -> Measured:
    if not figures.has("OBS_STATUS"):
        return Measured(None, "The structure does not tell what is withheld.")
    share = _share(engine, f"OBS_STATUS = 'Q' AND {figures.value} IS NULL")
    if share is None:
        return Measured(None, "There are no figures.")
    return Measured(share, f"{percent(share)} of the figures are withheld to protect those concerned.")


def _revised_share(figures: Figures, engine: Engine) -> Measured:
    if figures.former is None:
        return Measured(None, "This is the first release.", applies=False)
    both = (
        f"f.{figures.value} IS NOT NULL AND p.{figures.value} IS NOT NULL"
        if figures.structure.measures
        else "true"
    )
    row = engine.rows(
        f"SELECT count(*) FILTER (WHERE p.{figures.value} <> f.{figures.value}), count(*) FROM figures AS p "
        f"JOIN read_parquet({quoted(str(figures.former))}) AS f USING ({_key(figures.structure.key)}) WHERE {both}"
    )[0]
    if not row[1]:
        return Measured(None, "No figure of the last release is there again.")
    share = int(row[0]) / int(row[1])
    return Measured(share, f"{percent(share)} of the figures of the last release have another value now.")


def _official_difference(figures: Figures, engine: Engine) -> Measured:
    if figures.official is None:
        return Measured(None, "No official series is named.")
    source = f"read_csv({quoted(str(figures.official))}, all_varchar = true, header = true)"
    given = [column for column, _ in engine.columns(f"SELECT * FROM {source}")]
    shared = [d for d in figures.structure.key if d in given]
    if not shared or "OBS_VALUE" not in given:
        raise MappingError(
            "BAD_CSV",
            "official figures need columns named as dimensions, and OBS_VALUE",
            figures.official.name,
            f"dimensions: {', '.join(figures.structure.key)}",
        )
    official = "TRY_CAST(o.OBS_VALUE AS DOUBLE)"
    found = engine.rows(
        f"SELECT median(abs(p.{figures.value} - {official}) / abs({official})), count(*) FROM figures AS p "
        f"JOIN {source} AS o USING ({_key(shared)}) WHERE p.{figures.value} IS NOT NULL AND {official} <> 0"
    )[0]
    if not found[1]:
        return Measured(None, "No published figure has an official one beside it.")
    return Measured(
        float(found[0]), f"Half of the figures differ by at most {percent(found[0])} from the official ones."
    )


def _key(columns: Sequence[str]) -> str:
    return ", ".join(map(name, columns))


_TAKE: Mapping[Measure, Callable[[Figures, Engine], Measured]] = {
    "coverage": _coverage,
    "disaggregation": _disaggregation,
    "sample_size": _sample_size,
    "precision": _precision,
    "revised_share": _revised_share,
    "official_difference": _official_difference,
    "withheld_share": _withheld_share,
}
