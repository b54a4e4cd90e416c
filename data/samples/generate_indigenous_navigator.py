"""Make the synthetic sample deliveries of the Indigenous Navigator. No real community or state is described.

    python data/samples/generate_indigenous_navigator.py                         the files kept beside this script
    python data/samples/generate_indigenous_navigator.py --rows 100000 --out DIR    a clean survey of that size

The country codes are real, the communities, their answers and all figures are invented. Two published anchors are met
roughly, so that results look plausible: more than nine in ten live with a conflict over their territory, about half
have lost land. Same arguments, same bytes; memory does not grow with the number of rows.
"""

from __future__ import annotations

import argparse
import csv
import random
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

SEED = 20190705

Row = dict[str, str]


@dataclass(frozen=True)
class Country:
    """A country of the survey: shares of yes by question, mean distance to school, about where it lies."""

    id: str
    latitude: float
    longitude: float
    lost: float
    leadership: float
    data_on_men: float
    data_on_other_women: float
    school_km: float


COUNTRIES = (
    Country("kenya", 0.5, 36.5, 0.48, 0.42, 0.33, 0.18, 5.0),
    Country("nepal", 28.2, 84.0, 0.52, 0.50, 0.41, 0.22, 2.6),
    Country("peru", -9.5, -75.0, 0.55, 0.38, 0.36, 0.30, 3.4),
)
ROUNDS: dict[int, tuple[int, ...]] = {2019: (34, 40, 32), 2023: (47, 56, 41)}
"""Year → number of communities in each country of the committed files."""

YES_NO = ("no", "yes")
COMMENTS = (
    "",
    "",
    "",
    'The elders said: "the river is ours; it always was"',
    "Reunión en dos días <asamblea & talleres>",
    "First day: women's group\nSecond day: all households",
    "نموذج تجريبي 🌱",
)
"""Free text as it really comes: marks, line breaks, scripts written from the right."""


def communities(year: int, numbers: Iterable[int]) -> Iterator[Row]:
    """Yield one row a community, country by country; each country and year has random numbers of its own."""
    for country, number in zip(COUNTRIES, numbers, strict=True):
        rng = random.Random(f"{SEED} {year} {country.id}")
        for position in range(1, number + 1):
            yield community(country, year, position, rng)


def community(country: Country, year: int, position: int, rng: random.Random) -> Row:
    """Return one community's row, texts as the export of the form has them."""
    day = date(year, 3, 1) + timedelta(days=rng.randrange(120))
    conflict = rng.random() < 0.93
    name = f"{country.id}-{position:04d}"
    return {
        "_id": str(rng.randrange(10**8)),
        "_uuid": _uuid(rng),
        "rootUuid": _uuid(rng),
        "__version__": "vDemo1",
        "_submission_time": f"{day + timedelta(days=2)}T09:{rng.randrange(60):02d}:00",
        "framework_version": "demonstration",
        "survey_year": str(year),
        "survey_date": str(day),
        "country": country.id,
        "community_name": f"Invented community {name}",
        "_location_latitude": f"{country.latitude + rng.uniform(-1, 1):.6f}",
        "_location_longitude": f"{country.longitude + rng.uniform(-1, 1):.6f}",
        "respondent_name": f"Invented respondent of {name}",
        "authorised_respondent": "yes",
        "fpic_given": "yes",
        "publish_permission": "public" if rng.random() < 0.7 else "aggregate_only",
        "Q22_LCS_a": _answer(rng, country.data_on_men),
        "Q22_LCS_b": _answer(rng, country.data_on_other_women),
        "Q23_LCS": _answer(rng, country.leadership),
        "Q41_LCS": YES_NO[conflict],
        "Q41_LCS_a": YES_NO[conflict and rng.random() < 0.55],
        "Q41_LCS_b": YES_NO[conflict and rng.random() < 0.48],
        "Q41_LCS_c": YES_NO[conflict and rng.random() < 0.30],
        "Q42_LCS": YES_NO[rng.random() < country.lost],
        "Q57_LCS": f"{country.school_km * rng.uniform(0.2, 1.8):.1f}",
        "comments": rng.choice(COMMENTS),
    }


def _answer(rng: random.Random, share: float) -> str:
    return "dont_know" if rng.random() < 0.04 else YES_NO[rng.random() < share]


def _uuid(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


# --- files ------------------------------------------------------------------------------------------------


LABELS = {
    "rootUuid": "Submission",
    "country": "In which country is the community?",
    "community_name": "What is the community called?",
    "fpic_given": "Does the community agree, free, prior and informed?",
    "Q42_LCS": "Has the community lost land which it used?",
}
"""Headers of the same form exported with labels in place of its codes."""


def survey() -> list[Row]:
    """Return the survey of both rounds without faults; some communities keep their answers to themselves.

    Of the round of 2023, by position in the file: three gave no consent, three permit no use at all, one left
    the permission open, one respondent was not authorised.
    """
    rows = [row for year, numbers in ROUNDS.items() for row in communities(year, numbers)]
    latest = [row for row in rows if row["survey_year"] == "2023"]
    for position in (5, 60, 110):
        latest[position]["fpic_given"] = "no"
    for position in (9, 75, 130):
        latest[position]["publish_permission"] = "none"
    latest[20]["publish_permission"] = ""
    latest[90]["authorised_respondent"] = "no"
    return rows


def with_faults(rows: list[Row]) -> list[Row]:
    """Return the survey as it first came: four broken rows, and one row twice."""
    found = [dict(row) for row in rows]
    found[3]["country"] = "atlantis"
    found[12]["Q42_LCS"] = "perhaps"
    found[25]["survey_date"] = "2018-12-30"
    found[30]["Q57_LCS"] = "1.234,5"
    return [*found, found[40]]


def with_consent_withdrawn(rows: list[Row]) -> list[Row]:
    """Return the survey after three communities of Nepal that had lost land took their data of 2023 back."""
    found = [dict(row) for row in rows]
    lost = [r for r in found if (r["country"], r["survey_year"], r["Q42_LCS"]) == ("nepal", "2023", "yes")]
    for row in lost[:3]:
        row["fpic_given"] = "no"
    return found


NATIONAL: tuple[tuple[str, ...], ...] = (
    ("CMR", "2023", "No", "No", "Invented report CM-4", "not available", ""),
    (
        "KEN",
        "2023",
        "Yes",
        "No",
        "Invented statistical act KE-1, s. 12",
        "Yes",
        "Invented gender policy KE-2",
    ),
    ("NPL", "2023", "Yes", "Yes", "Invented census report NP-7", "Yes", "Invented act NP-3, art. 4"),
    ("PER", "2023", "Yes", "not available", 'Invented survey PE-9, "Tabla 3"', "No", "Invented plan PE-5"),
    ("THA", "2023", "No", "No", "Invented report TH-2", "No", ""),
)
NATIONAL_HEADER = (
    "country", "year", "Q22_LNS_a", "Q22_LNS_b", "Q22_LNS_references", "Q23_LNS", "Q23_LNS_references",
)  # fmt: skip


def national(rows: Iterable[tuple[str, ...]]) -> Iterator[Row]:
    """Yield one row a country; each has an expert and the version of the framework."""
    for row in rows:
        yield {
            **dict(zip(NATIONAL_HEADER, row, strict=True)),
            "framework_version": "demonstration",
            "respondent_name": f"Invented expert for {row[0]}",
        }


def write(
    path: Path, rows: Iterable[Row], delimiter: str, encoding: str, header: dict[str, str] | None = None
) -> None:
    """Write rows as CSV, with other headers if given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding=encoding, newline="") as target:
        writer = None
        for row in rows:
            if writer is None:
                writer = csv.DictWriter(target, list(row), delimiter=delimiter)
                writer.writerow({name: (header or {}).get(name, name) for name in row})
            writer.writerow(row)


def write_samples(folder: Path) -> None:
    """Write both rounds of the committed deliveries."""
    first, second = (folder / part / "indigenous_navigator" for part in ("1_first", "2_corrections"))
    rows = survey()
    form = {"delimiter": ";", "encoding": "utf-8-sig"}
    write(first / "community_survey/community_survey_2023.csv", with_faults(rows), **form)
    write(first / "community_survey/community_survey_2023_labels.csv", rows[-30:], **form, header=LABELS)
    write(second / "community_survey/community_survey_2024.csv", with_consent_withdrawn(rows), **form)

    plain = {"delimiter": ",", "encoding": "utf-8"}
    mended = ("THA", "2023", "No", "No", "Invented report TH-2", "No", "Invented report TH-6")
    unknown = ("ATL", "2023", "Yes", "Yes", "Invented report AT-1", "Yes", "Invented report AT-2")
    write(first / "national_survey/national_survey_2023.csv", national([*NATIONAL, unknown]), **plain)
    write(second / "national_survey/national_survey_2023_thailand.csv", national([mended]), **plain)


def main() -> None:
    """Read the command line and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, help="communities, about; left out: the committed samples")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    given = parser.parse_args()
    if given.rows is None:
        write_samples(given.out)
        return
    each = -(-given.rows // len(COUNTRIES))
    rows = communities(2023, [each] * len(COUNTRIES))
    write(given.out / "community_survey_2023.csv", rows, ";", "utf-8-sig")


if __name__ == "__main__":
    main()
