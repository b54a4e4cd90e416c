"""Estimates against an independent computation: every figure of every breakdown, from the same microdata."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from citizenstats.engine import MEMORY_LIMIT, Engine, quoted, session
from citizenstats.harmonize import observe as observing
from citizenstats.harmonize.observe import observe
from citizenstats.house import House, open_house
from citizenstats.receive.receive import receive

ROOT = Path(__file__).parents[2]
DATASET = "dihr/disability_barometer"
FLOW = "CITIZENSTATS:DISABILITY_BAROMETER"
DIMENSIONS = ("DISABILITY_STATUS", "SEX", "AGE", "REF_AREA")
TOTALS = {"DISABILITY_STATUS": "_T", "SEX": "_T", "AGE": "Y16T64", "REF_AREA": "DK"}
REGIONS = {"Region Nordjylland": "DK-81", "Region Midtjylland": "DK-82", "Region Syddanmark": "DK-83",
           "Region Hovedstaden": "DK-84", "Region Sjælland": "DK-85"}  # fmt: skip
AGES = ((16, 24), (25, 34), (35, 44), (45, 54), (55, 64))
GREAT = {"Store vanskeligheder", "Kan slet ikke"}
DOMAINS = ("syn", "hørelse", "gang", "hukommelse", "egenomsorg", "kommunikation")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    house = open_house(tmp_path_factory.mktemp("estimates"), ROOT / "sdmx_mappings")
    inbox = house.store.inbox(DATASET)
    inbox.mkdir(parents=True)
    source = ROOT / "data" / "samples" / "1_first" / DATASET / "shild_syntetisk_2016.csv"
    (inbox / source.name).write_bytes(source.read_bytes())
    (outcome,) = receive(house, DATASET, settle=0.0).outcomes
    assert outcome.status == "accepted"
    return house


@pytest.fixture(scope="module")
def ours(house: House) -> pd.DataFrame:
    """The observations that we make, with what stands behind them."""
    folder = observe(house, DATASET).folder
    with session([folder]) as engine:
        path = quoted(str(next(folder.glob("*.parquet"))))
        cursor = engine.run(f"SELECT * FROM read_parquet({path})")
        names = [column[0] for column in cursor.description]
        return pd.DataFrame(cursor.fetchall(), columns=names).set_index(["INDICATOR", *DIMENSIONS])


@pytest.fixture(scope="module")
def people(house: House) -> pd.DataFrame:
    """The same persons, read from the file by pandas alone."""
    source = ROOT / "data" / "samples" / "1_first" / DATASET / "shild_syntetisk_2016.csv"
    table = pd.read_csv(source, sep=";", encoding="windows-1252", decimal=",", dtype=str)
    table = table[table["samtykke"] == "Ja"]
    domains = table[list(DOMAINS)]
    great = domains.isin(GREAT).any(axis=1)
    none_of_them = domains.notna().all(axis=1) & ~great
    age = table["alder"].astype(int)
    made = pd.DataFrame(
        {
            "DISABILITY_STATUS": np.where(great, "PD", np.where(none_of_them, "PWD", "")),
            "SEX": table["køn"].map({"Kvinde": "F", "Mand": "M"}),
            "AGE": [next(f"Y{low}T{high}" for low, high in AGES if low <= a <= high) for a in age],
            "REF_AREA": table["region"].map(REGIONS),
            "weight": table["vægt"].str.replace(",", ".").astype(float),
            "DB02_VIOLENCE": table["vold"].map({"Ja": 1.0, "Nej": 0.0}),
            "DB08_EMPLOYMENT": table["beskæftiget"].map({"Ja": 1.0, "Nej": 0.0}),
            "DB07_LIFE_SATISFACTION": pd.to_numeric(table["livstilfredshed"], errors="coerce"),
            "DB10_VOTED": table["stemte"].map({"Ja": 1.0, "Nej": 0.0}).where(age >= 18),
        }
    )
    made["weight"] = raked(made)
    return made[made["DISABILITY_STATUS"] != ""]


def raked(persons: pd.DataFrame) -> pd.Series:
    """Return the weights of all persons with consent, raked to the population by sex and age, and by region."""
    source = ROOT / "sdmx_mappings" / "partners" / "dihr" / "disability_barometer_population.csv"
    population = pd.read_csv(source, dtype={"aar": str}).query("aar == '2016'")
    population["koen"] = population["koen"].map({"Kvinde": "F", "Mand": "M"})
    population["region"] = population["region"].map(REGIONS)
    population.columns = ["TIME", "SEX", "AGE", "REF_AREA", "count"]
    weight = persons["weight"]
    for _ in range(100):
        for margin in (["SEX", "AGE"], ["REF_AREA"]):
            counts = population.groupby(margin)["count"].sum()
            there = weight.groupby([persons[column] for column in margin]).sum()
            factor = pd.DataFrame({"factor": counts / there})
            weight = weight * persons.join(factor, on=margin)["factor"]
    return weight


def test_what_does_not_fit_into_little_memory_is_made_in_more(
    house: House, ours: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []

    @contextmanager
    def noted(*given: Any, memory: str = MEMORY_LIMIT, **said: Any) -> Iterator[Engine]:
        if "threads" in said:
            opened.append(memory)
        with session(*given, memory=memory, **said) as engine:
            yield engine

    monkeypatch.setattr(observing, "LITTLE_MEMORY", "5MB")
    monkeypatch.setattr(observing, "MANY_CLUSTERS", 2)
    monkeypatch.setattr(observing, "session", noted)
    shutil.rmtree(observe(house, DATASET).folder)
    assert observe(house, DATASET).flows[FLOW] == len(ours)
    assert opened == ["5MB", MEMORY_LIMIT]


@pytest.mark.parametrize(
    "indicator", ["DB02_VIOLENCE", "DB08_EMPLOYMENT", "DB07_LIFE_SATISFACTION", "DB10_VOTED"]
)
def test_every_cell_of_every_breakdown_is_the_weighted_share_or_mean(
    house: House, ours: pd.DataFrame, people: pd.DataFrame, indicator: str
) -> None:
    (target,) = house.mappings.dataset(DATASET).contract.targets
    compared = 0
    for breakdown in target.estimate.margins:
        answered = people[people[indicator].notna()]
        groups: Any = answered.groupby(list(breakdown)) if breakdown else [((), answered)]
        for key, group in groups:
            codes = dict(zip(breakdown, key, strict=True))
            place = (indicator, *(codes.get(d, TOTALS[d]) for d in DIMENSIONS))
            value = (group[indicator] * group["weight"]).sum() / group["weight"].sum()
            value *= 1 if indicator == "DB07_LIFE_SATISFACTION" else 100
            row = ours.loc[place]
            assert math.isclose(row["OBS_VALUE"], value, abs_tol=0.0500001), place
            assert row["SAMPLE_SIZE"] == len(group), place
            assert pd.isna(row["STD_ERROR"]) or row["LOWER_BOUND"] <= row["OBS_VALUE"] <= row["UPPER_BOUND"]
            compared += 1
    assert compared == len(ours.loc[indicator])
    assert compared > 40
