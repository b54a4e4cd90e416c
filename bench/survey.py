"""Microdata of a survey: from the CSV to assembled observations, and the estimates of ten million records."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from citizenstats.clock import now, stamp
from citizenstats.contracts.load import Dataset
from citizenstats.engine import MEMORY_LIMIT, quoted, session
from citizenstats.harmonize.observe import observe
from citizenstats.harmonize.sample import sample_of
from citizenstats.harmonize.select import select_for
from citizenstats.house import House, open_house
from citizenstats.receive import delivery as kept
from citizenstats.receive.delivery import Delivery
from citizenstats.receive.read import tidy
from citizenstats.receive.reader import read
from citizenstats.release.assemble import assemble
from citizenstats.store import as_json, sha256_of

Timed = Callable[[], object]

ROOT = Path(__file__).parents[1]
DATASET = "dihr/disability_barometer"
FLOW = "CITIZENSTATS:DISABILITY_BAROMETER"
GENERATED = 1_000_000
"""Persons that are generated for the estimates; more records are these again."""


def deliveries(folder: Path, rows: int) -> Timed:
    """Make the CSV of a wave, once, as UTF-8: the yardstick reads no Windows-1252."""
    target = _csv(folder, rows)
    if not target.exists():
        script = ROOT / "data" / "samples" / "generate_dihr.py"
        out = folder / f"generated-{rows}"
        subprocess.run(
            [sys.executable, str(script), "--persons", str(rows), "--waves", "2016", "--out", str(out)],
            check=True,
        )
        (made,) = out.rglob("*.csv")
        with made.open(encoding="windows-1252", newline="") as source, target.open("w", newline="") as file:
            shutil.copyfileobj(source, file)
        made.unlink()
    return lambda: None


def csv_to_parquet(folder: Path, rows: int) -> Timed:
    """The yardstick of receiving: what the engine needs to bring the CSV to Parquet."""

    def run() -> None:
        with session([folder]) as engine:
            source = f"read_csv({quoted(str(_csv(folder, rows)))}, delim = ';', decimal_separator = ',')"
            engine.run(f"COPY (SELECT * FROM {source}) TO {quoted(str(folder / 'yardstick.parquet'))}")

    return run


def receive_to_assembled(folder: Path, rows: int) -> Timed:
    """From the bytes in the store to assembled observations, in one process."""

    def run() -> None:
        with tempfile.TemporaryDirectory(dir=folder) as home:
            house = open_house(Path(home), ROOT / "sdmx_mappings")
            _received(house, _csv(folder, rows))
            observe(house, DATASET)
            assemble(house, FLOW)

    return run


def records(folder: Path, rows: int) -> Timed:
    """Make the records of at most a million persons, once; `_source` reads them as often as it takes."""
    target = _records(folder)
    if not target.exists():
        deliveries(folder, GENERATED)
        with tempfile.TemporaryDirectory(dir=folder) as home:
            house = open_house(Path(home), ROOT / "sdmx_mappings")
            shutil.move(_received(house, _csv(folder, GENERATED)) / "records.parquet", target)
    return lambda: None


def estimates(folder: Path, rows: int) -> Timed:
    """Our SELECT of the barometer's shares and means, which the yardstick has too, as `observe` runs it, to Parquet."""
    return _estimated(folder, rows, _in_all_combinations(folder, {"proportion", "mean"}))


def estimates_with_median(folder: Path, rows: int) -> Timed:
    """All observations of the barometer, with its median and the difference between two groups."""
    return _estimated(
        folder, rows, _in_all_combinations(folder, {"proportion", "mean", "quantile", "difference"})
    )


def _in_all_combinations(folder: Path, kinds: set[str]) -> Dataset:
    """Return the barometer with its indicators of some kinds, by all combinations of its breakdowns."""
    dataset = open_house(folder / "bench-home", ROOT / "sdmx_mappings").mappings.dataset(DATASET)
    (target,) = dataset.contract.targets
    assert target.estimate is not None
    kept = {key: one for key, one in target.estimate.indicators.items() if one.kind in kinds}
    whole = target.estimate.model_copy(update={"indicators": kept, "margins": None})
    changed = target.model_copy(update={"estimate": whole})
    return replace(dataset, contract=dataset.contract.model_copy(update={"targets": [changed]}))


def _estimated(folder: Path, rows: int, dataset: Dataset) -> Timed:
    house = open_house(folder / "bench-home", ROOT / "sdmx_mappings")
    (target,) = dataset.contract.targets
    structure = house.mappings.structures.structure_of(house.mappings.reference(FLOW))
    source, weights = _source(folder, rows), folder / "weights.parquet"
    select = select_for(
        dataset, target, structure, source, f"SELECT * FROM read_parquet({quoted(str(weights))})"
    )

    def run() -> None:
        with session([folder], threads=1) as engine:
            sample = sample_of(engine, dataset, target, structure, source, dataset.counts)
            engine.register("weights_of_cells", sample.weights)
            engine.write_parquet("SELECT * FROM weights_of_cells", weights)
            engine.write_parquet(select, folder / "estimates.parquet")

    return run


def bare_aggregation(folder: Path, rows: int) -> Timed:
    """The yardstick of estimation: counts, numerators and denominators of the same indicators, by hand, one thread."""
    return _aggregated(folder, rows)


def bare_aggregation_with_median(folder: Path, rows: int) -> Timed:
    """The same with the engine's own median, which has no weights: it keeps all values of each domain."""
    return _aggregated(folder, rows, "quantile_disc(livstilfredshed, 0.5), ", memory="8GB")


def _aggregated(folder: Path, rows: int, further: str = "", memory: str = MEMORY_LIMIT) -> Timed:
    great = "('Store vanskeligheder', 'Kan slet ikke')"
    domains = ("syn", "hoerelse", "gang", "hukommelse", "egenomsorg", "kommunikation")
    lonely = " + ".join(
        f"CASE ucla_{q} WHEN 'Sjældent' THEN 1 WHEN 'En gang imellem' THEN 2 WHEN 'Ofte' THEN 3 END"
        for q in ("samvaer", "udenfor", "isoleret")
    )
    yes = (
        "diskrimineret",
        "vold",
        "adgang_opgivet",
        "fritidsliv",
        "uddannelse",
        "beskaeftiget",
        "uventet_udgift",
    )
    indicators = [
        *(f"{column}::INT" for column in yes),
        "(bestemmer_selv IN ('Altid', 'For det meste'))::INT",
        f"({lonely} >= 7)::INT",
        "(helbred IN ('Fremragende', 'Vældig godt', 'Godt'))::INT",
        "(gali <> 'Slet ikke begrænset')::INT",
        "livstilfredshed",
        "CASE WHEN alder >= 18 THEN stemte::INT END",
    ]
    sums = ", ".join(
        f"count(y{i}), sum(vaegt * y{i}), sum(vaegt) FILTER (WHERE y{i} IS NOT NULL)"
        for i in range(len(indicators))
    )
    select = (
        f"SELECT aar, handicap, koen, aldersgruppe, region, {further}{sums} "
        "FROM (SELECT aar, koen, region, vaegt, livstilfredshed, "
        f"CASE WHEN {' OR '.join(f'{d} IN {great}' for d in domains)} THEN 'PD' ELSE 'PWD' END AS handicap, "
        "CASE WHEN alder < 25 THEN 'Y16T24' WHEN alder < 35 THEN 'Y25T34' WHEN alder < 45 THEN 'Y35T44' "
        "WHEN alder < 55 THEN 'Y45T54' ELSE 'Y55T64' END AS aldersgruppe, "
        + ", ".join(f"{text} AS y{i}" for i, text in enumerate(indicators))
        + f" FROM ({_source(folder, rows)})) GROUP BY aar, CUBE (handicap, koen, aldersgruppe, region)"
    )

    def run() -> None:
        with session([folder], threads=1, memory=memory) as engine:
            engine.write_parquet(select, folder / "bare.parquet")

    return run


def _received(house: House, content: Path) -> Path:
    """Keep a file as a delivery and read it in this process; return the folder of its records."""
    dataset = house.mappings.dataset(DATASET)
    delivery = Delivery(
        DATASET, 1, sha256_of(content), "shild_2016.csv", content.stat().st_size, stamp(now()), "bench"
    )
    kept.keep(house.store, delivery, Path(shutil.copy(content, house.store.scratch)))
    folder = delivery.outcome_folder(house.store, dataset)
    with house.store.commit_folder(folder) as work:
        outcome = read(delivery, delivery.bytes_file(house.store), dataset, work)
        (work / "outcome.json").write_bytes(as_json(outcome.as_facts()))
        tidy(work)
    if outcome.status in ("refused", "quarantined"):
        raise SystemExit(f"the generated delivery was refused: {[f.shown() for f in outcome.findings]}")
    return folder


def _csv(folder: Path, rows: int) -> Path:
    return folder / f"shild-{rows}.csv"


def _records(folder: Path) -> Path:
    return folder / "records.parquet"


def _source(folder: Path, rows: int) -> str:
    """Return the SELECT of `rows` records and some more: those that were accepted, over and over."""
    files = ", ".join([quoted(str(_records(folder)))] * (rows // GENERATED + 1))
    return f"SELECT * FROM read_parquet([{files}])"
