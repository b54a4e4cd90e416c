"""Official counts that come from another dataset of the house, from its delivery to the release of the sample."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from citizenstats.contracts.lint import lint
from citizenstats.engine import quoted, session
from citizenstats.errors import CitizenstatsError
from citizenstats.flow import Step, needs, observe, parts, steps, walk
from citizenstats.harmonize.observe import Observed
from citizenstats.house import House, open_house
from citizenstats.mapping.explain import explain
from citizenstats.mapping.weighting import Weighted
from citizenstats.receive.receive import receive
from citizenstats.release.manifest import newest
from tests.receive.office import DATASET, Contract, Office, contract, file, row

CENSUS = "nso/census"
COUNTED = "area,sex,year,persons\nNorth,f,2024,400\nNorth,m,2024,200\nSouth,f,2024,150\nSouth,m,2024,250\n"
SCHEMAS = Path(__file__).parents[2] / "citizenstats" / "schemas"


def census() -> Contract:
    said = {key: part for key, part in contract().items() if key in ("author", "record")}
    record = {
        **said["record"],
        "consent": {"basis": "public_source", "evidence": "none needed"},
        "publication": "public",
    }
    return {
        "title": "Census",
        "author": "N. Author",
        "delivery": {"replaces": "periods", "period": "year"},
        "record": {**record, "origin": "state_with_participation", "sampling": "register"},
        "columns": {
            "area": {"required": True},
            "sex": {"required": True},
            "year": {"type": "period", "required": True},
            "persons": {"type": "integer", "required": True},
        },
    }


def held_against(said: Contract) -> None:
    """Let the answers be raked to the census."""
    estimate = said["targets"][0]["estimate"]
    estimate["benchmarks"] = {
        "regions": {
            "by": {"region": "area"},
            "dataset": CENSUS,
            "count": "persons",
            "period": "year",
            "source": "Census 2024",
        },
        "sexes": {
            "by": ["sex"],
            "dataset": CENSUS,
            "count": "persons",
            "period": "year",
            "source": "Census 2024",
        },
    }
    estimate["calibrate"] = {"method": "raking"}


def answers() -> str:
    """Eighty answers: three in four from the north, half of them women; the north has higher scores."""
    return file(
        *(
            row(
                f"a{i}",
                "South" if i % 4 == 0 else "North",
                "f" if i % 2 else "m",
                score=str(20 if i % 4 == 0 else 60),
            )
            for i in range(64)
        ),
        *(row(f"b{i}", "South", "f", score="20") for i in range(16)),
    )


class Offices(Office):
    """The office of the answers, with a census beside it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        partner = {"id": "NSO", "name": {"en": "Office"}, "contact": "nso@example.org"}
        self._write("partners/nso/partner.yaml", yaml.safe_dump(partner))
        self._write("partners/nso/census.yaml", yaml.safe_dump(census(), sort_keys=False))
        self.agree(held_against)

    def count(self, content: str, name: str) -> None:
        folder = self.house.store.make_inbox(CENSUS)
        (folder / name).write_text(content, "utf-8")

    def values(self, state: Observed) -> dict[tuple[str, str], float]:  # type: ignore[override]
        path = state.folder / "OFFICE.ANSWERS.parquet"
        with session([state.folder]) as engine:
            found = engine.rows(f"SELECT REF_AREA, SEX, OBS_VALUE FROM read_parquet({quoted(str(path))})")
        return {(area, sex): value for area, sex, value in found}


@pytest.fixture
def offices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Offices:
    monkeypatch.setenv("CITIZENSTATS_NOW", "2026-11-23T08:00:00Z")
    return Offices(tmp_path)


def test_counts_are_a_dataset_that_feeds_no_dataflow(offices: Offices) -> None:
    assert [str(fault) for fault in lint(offices.mappings)] == []
    said = offices.house.mappings
    assert needs(Step("observed", DATASET), said) == (Step("received", CENSUS), Step("received", DATASET))
    order = steps(said)
    assert Step("observed", CENSUS) not in order
    assert len(set(order)) == len(order)
    assert all(set(needs(step, said)) <= set(order[:i]) for i, step in enumerate(order))
    assert [part.datasets for part in parts(said)] == [(CENSUS, DATASET)]


def test_a_dataset_that_feeds_nothing_and_counts_nothing_is_a_fault(offices: Offices) -> None:
    offices.agree()
    assert [fault.code for fault in lint(offices.mappings)] == ["MISSING_KEY"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"dataset": "nso/cencus"}, "NO_SUCH_DATASET"),
        ({"dataset": DATASET}, "NO_SUCH_DATASET"),
        ({"by": ["area"]}, "UNKNOWN_COLUMN"),
        ({"by": ["region"]}, "UNKNOWN_COLUMN"),
        ({"count": "people"}, "UNKNOWN_COLUMN"),
        ({"count": "sex"}, "WRONG_TYPE"),
    ],
)
def test_a_benchmark_that_names_what_is_not_there_is_a_fault(
    offices: Offices, change: dict[str, Any], code: str
) -> None:
    said = contract()
    held_against(said)
    said["targets"][0]["estimate"]["benchmarks"]["regions"] |= change
    offices.write_contract(said)
    found = lint(offices.mappings)
    assert [fault.code for fault in found] == [code]
    assert found[0].mend


def test_counts_that_may_not_be_published_calibrate_nothing(offices: Offices) -> None:
    said = census()
    said["record"]["publication"] = "none"
    offices._write("partners/nso/census.yaml", yaml.safe_dump(said))
    assert {fault.code for fault in lint(offices.mappings)} == {"MAY_NOT_BE_PUBLISHED"}


def test_counts_must_be_there_and_read(offices: Offices) -> None:
    offices.send(answers())
    with pytest.raises(CitizenstatsError, match="NO_COUNTS"):
        observe(offices.house, DATASET)


def test_the_sample_has_the_counts_of_the_census_and_new_counts_make_a_new_state(offices: Offices) -> None:
    offices.count(COUNTED, "census.csv")
    receive(offices.house, CENSUS, settle=0.0)
    offices.send(answers())
    first = observe(offices.house, DATASET)
    # Scores depend on the region alone, so the mean is that of the regions' official shares.
    assert offices.values(first)["XX", "_T"] == pytest.approx(0.6 * 60 + 0.4 * 20, abs=0.05)
    assert observe(offices.house, DATASET).state == first.state
    assert [d.rpartition("/")[0] for d in first.deliveries] == [DATASET, CENSUS]
    told = json.dumps(first.samples)
    assert "0.6" in told
    assert str(first.folder) in first.sql["OFFICE:ANSWERS"], "the text names the weights where they lie"
    offices.count(COUNTED.replace("400", "900"), "corrected.csv")
    receive(offices.house, CENSUS, settle=0.0)
    second = observe(offices.house, DATASET)
    assert second.state != first.state
    assert offices.values(second)["XX", "_T"] > offices.values(first)["XX", "_T"]


def test_a_walk_takes_counts_and_sample_to_a_release_that_tells_of_both(offices: Offices) -> None:
    offices.count(COUNTED, "census.csv")
    offices.drop(answers())
    house: House = open_house(offices.home, offices.mappings)
    done = list(walk(house, settle=0.0))
    assert [str(d.error) for d in done if d.error] == []
    release = newest(house.store, "OFFICE:ANSWERS")
    assert release is not None
    facts = dict(release.facts)
    jsonschema.validate(facts, json.loads((SCHEMAS / "manifest.schema.json").read_text("utf-8")))
    (sample,) = facts["samples"]
    assert sample["calibration"]["method"] == "raking"
    assert sample["comparisons"] == [], "eighty records: any step would tell how many are in a category"
    waited = next(house.store.candidates("OFFICE:ANSWERS").glob("C*/candidate.json")).read_text("utf-8")
    (for_the_office,) = json.loads(waited)["samples"]
    assert [c["benchmark"] for c in for_the_office["comparisons"]] == ["regions", "sexes"]
    assert for_the_office["comparisons"][0]["dissimilarity"] == 0
    assert abs(for_the_office["comparisons"][1]["largest"]["difference"]) == 0.05
    (change,) = sample["calibration"]["periods"]
    assert change["lowest"] <= change["median"] <= change["highest"]
    assert change["unequal_weighting_before"] == 1
    assert any(name.startswith(CENSUS) for name in facts["deliveries"])
    verdict = next(c for c in facts["quality"]["criteria"] if c["id"] == "COVERAGE_BIAS")
    assert verdict["by"] == "measurement"
    assert "sexes" in verdict["reason"]
    metadata = (release.folder / "metadata.json-2.0.json").read_text("utf-8")
    assert "Weights are raked" in metadata
    review = next(house.store.candidates("OFFICE:ANSWERS").glob("C*/review.html")).read_text("utf-8")
    assert "Sample against official counts" in review
    assert "Census 2024" in review
    assert list(walk(house, settle=0.0))[-1].result.status == "unchanged"  # type: ignore[union-attr]


def test_explain_tells_with_which_factor_a_record_counts(offices: Offices) -> None:
    offices.count(COUNTED, "census.csv")
    receive(offices.house, CENSUS, settle=0.0)
    offices.send(answers())
    rows = {
        ("North", "f"): (3, 32),
        ("North", "m"): (4, 16),
        ("South", "m"): (2, 16),
        ("South", "f"): (66, 16),
    }

    def told(row: int) -> Weighted:
        (coded,) = explain(offices.house, DATASET, row).targets
        assert coded.weight is not None
        return coded.weight

    before = told(3)
    assert (before.rule, before.factor) == ("raking to regions, sexes", None), "nothing was observed yet"
    assert before.where.startswith(str(offices.mappings))
    observe(offices.house, DATASET)
    found = {at: told(row) for at, (row, _) in rows.items()}
    assert {at: tuple(one.inputs.values()) for at, one in found.items()} == {at: at for at in rows}
    sums = {at: (one.factor or 0) * rows[at][1] for at, one in found.items()}
    assert sums["North", "f"] + sums["North", "m"] == pytest.approx(600)
    assert sums["North", "f"] + sums["South", "f"] == pytest.approx(550)
    assert sum(sums.values()) == pytest.approx(1000)


def test_no_weight_is_published_nor_told(offices: Offices) -> None:
    offices.count(COUNTED, "census.csv")
    offices.drop(answers())
    done = [d.result for d in walk(offices.house, settle=0.0)]
    observed = next(result for result in done if isinstance(result, Observed))
    weights = list(offices.house.store.home.rglob("*weights*"))
    assert weights
    assert {path.parent for path in weights} == {observed.folder}
    with session([observed.folder]) as engine:
        factors = {
            f"{g:.6f}" for (g,) in engine.rows(f"SELECT _g FROM read_parquet({quoted(str(weights[0]))})")
        }
    told = json.dumps(observed.samples) + observed.sql["OFFICE:ANSWERS"]
    assert not any(factor in told for factor in factors)
