"""Make the synthetic sample deliveries of Right to Defend Rights. No real person, case or state is described.

    python data/samples/generate_right_to_defend.py                            the files kept beside this script
    python data/samples/generate_right_to_defend.py --rows 100000 --out DIR    a clean register of that many rows

The country codes are real; the cases, numbers, answers and sources are ALL invented, and say nothing about any
country. Same arguments, same bytes; memory does not grow with the number of rows.
"""

from __future__ import annotations

import argparse
import csv
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from fixed_workbook import workbook_bytes
from openpyxl import Workbook

SEED = 16100100
STAMP = datetime(2024, 3, 4, 9, 0, 0, tzinfo=UTC)

Row = dict[str, str]

# --- the register -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Act:
    """What the register holds on one act in one country and year; nothing verified at all is a nil return."""

    country: str
    year: int
    act: str
    verified: int
    unverified: int = 0


ACTS: tuple[Act, ...] = (
    Act("PHL", 2023, "killing", 56, 4), Act("PHL", 2024, "killing", 60, 5),
    Act("PHL", 2023, "enforced_disappearance", 12, 3), Act("PHL", 2024, "enforced_disappearance", 16, 2),
    Act("PHL", 2023, "arbitrary_detention", 63, 6), Act("PHL", 2024, "arbitrary_detention", 70, 4),
    Act("PHL", 2023, "torture", 14), Act("PHL", 2024, "torture", 7),
    Act("PHL", 2023, "kidnapping", 0), Act("PHL", 2024, "kidnapping", 0),
    Act("PER", 2023, "killing", 34, 2), Act("PER", 2024, "killing", 29, 2),
    Act("PER", 2023, "enforced_disappearance", 11), Act("PER", 2024, "enforced_disappearance", 4, 1),
    Act("PER", 2023, "arbitrary_detention", 25), Act("PER", 2024, "arbitrary_detention", 31, 3),
    Act("PER", 2024, "other", 20),
    Act("KEN", 2023, "killing", 12, 1), Act("KEN", 2024, "killing", 15, 1),
    Act("KEN", 2023, "enforced_disappearance", 13), Act("KEN", 2024, "enforced_disappearance", 8, 4),
    Act("KEN", 2024, "arbitrary_detention", 28, 2), Act("KEN", 2024, "torture", 3),
    Act("NPL", 2023, "killing", 2), Act("NPL", 2024, "killing", 3),
    Act("NPL", 2023, "enforced_disappearance", 0), Act("NPL", 2024, "enforced_disappearance", 0),
    Act("NPL", 2024, "arbitrary_detention", 17),
    *(Act("MNG", year, act, 0) for year in (2023, 2024) for act in ("killing", "enforced_disappearance")),
    Act("TUN", 2024, "killing", 0), Act("TUN", 2024, "arbitrary_detention", 21, 2),
    Act("TUN", 2024, "torture", 0, 2),
)  # fmt: skip
"""Invented. Zero is a nil return; an act that is not listed was not monitored, and Ghana not at all."""

NOTHING_VERIFIED = {("TUN", 2024, "torture")}
"""Cases are known, none is corroborated: neither zero nor a number, so no nil return."""

ACT_LETTER = {
    "killing": "K", "enforced_disappearance": "D", "arbitrary_detention": "A", "torture": "T", "kidnapping": "N",
    "other": "X",
}  # fmt: skip
GROUPS = ("hrd", "journalist", "trade_unionist")
GROUP_SHARES = (0.50, 0.27, 0.23)
SEXES = ("female", "male")
SEX_SHARES = (0.36, 0.64)
AGES = ("18-29", "30-44", "45-59", "60+", "unknown")
PERPETRATORS = ("state", "armed_group", "company", "private", "unknown")
SOURCE_TYPES = ("nhri", "cso", "press", "law_enforcement", "judicial")
GROUNDS = ("family_consent", "victim_consent", "public_record")
MOTIVES = (
    "work on land rights",
    'called "enemy of progress" in a leaflet',
    "reporting on <mining>; union vote",
    "",
)
SOURCES = 4
COLUMNS = (
    "case_id", "record_type", "country", "reference_year", "incident_date", "act", "victim_name", "victim_status",
    "victim_sex", "victim_age_group", "place", "perpetrator_category", "motive",
    *(f"source_{n}{part}" for n in range(1, SOURCES + 1) for part in ("", "_type")), "ground",
)  # fmt: skip


def register(acts: Iterable[Act]) -> Iterator[Row]:
    """Yield the rows of the register, act by act; each has random numbers of its own."""
    for act in acts:
        rng = random.Random(f"{SEED} {act.country} {act.year} {act.act}")
        if act.verified == 0 and (act.country, act.year, act.act) not in NOTHING_VERIFIED:
            yield nil_return(act)
        groups = _spread(GROUPS, GROUP_SHARES, act.verified, rng)
        sexes = _spread(SEXES, SEX_SHARES, act.verified, rng)
        for number in range(act.verified):
            yield case(
                act,
                number + 1,
                groups[number],
                sexes[number],
                _sources(act, rng, rng.randint(2, SOURCES)),
                rng,
            )
        for number in range(act.verified, act.verified + act.unverified):
            once = _sources(act, rng, 1)
            # The same organisation twice, once in capitals, is one source.
            told = once if rng.random() < 0.5 else [*once, (once[0][0].upper(), "press")]
            yield case(act, number + 1, rng.choice(GROUPS), rng.choice((*SEXES, "unknown")), told, rng)


def case(
    act: Act, number: int, group: str, sex: str, sources: Sequence[tuple[str, str]], rng: random.Random
) -> Row:
    """Return one case: one victim, one act."""
    case_id = f"{act.country}-{act.year}-{ACT_LETTER[act.act]}{number:03d}"
    row = dict.fromkeys(COLUMNS, "")
    row |= {
        "case_id": case_id,
        "record_type": "case",
        "country": act.country,
        "reference_year": str(act.year),
        "incident_date": str(date(act.year, 1, 1) + timedelta(days=rng.randrange(365))),
        "act": act.act,
        "victim_name": f"Invented victim {case_id}",
        "victim_status": group,
        "victim_sex": sex,
        "victim_age_group": rng.choice(AGES),
        "place": f"Invented place {rng.randrange(40)}",
        "perpetrator_category": rng.choice(PERPETRATORS),
        "motive": rng.choice(MOTIVES),
        "ground": rng.choice(GROUNDS),
    }
    return row | _source_cells(sources)


def nil_return(act: Act) -> Row:
    """Return the row that says: monitored, no case known."""
    row = dict.fromkeys(COLUMNS, "")
    return row | {
        "case_id": f"{act.country}-{act.year}-{ACT_LETTER[act.act]}NIL",
        "record_type": "nil_return",
        "country": act.country,
        "reference_year": str(act.year),
        "act": act.act,
    }


def _source_cells(sources: Sequence[tuple[str, str]]) -> Row:
    cells: Row = {}
    for number, (organisation, kind) in enumerate(sources, start=1):
        cells |= {f"source_{number}": organisation, f"source_{number}_type": kind}
    return cells


def _sources(act: Act, rng: random.Random, number: int) -> list[tuple[str, str]]:
    organisations = rng.sample(range(1, 13), number)
    return [
        (f"Invented organisation {act.country} {n}", SOURCE_TYPES[n % len(SOURCE_TYPES)])
        for n in organisations
    ]


def _spread(values: Sequence[str], shares: Sequence[float], number: int, rng: random.Random) -> list[str]:
    """Return `number` values in the given shares, the last value taking the rest, in random order."""
    counts = [round(share * number) for share in shares[:-1]]
    counts.append(number - sum(counts))
    found = [value for value, count in zip(values, counts, strict=True) for _ in range(count)]
    rng.shuffle(found)
    return found


def without_permission(rows: list[Row]) -> list[Row]:
    """Return the register with four cases more whose families refused, and one where nobody was asked."""
    refused = [
        case(
            Act("PER", 2024, "killing", 0),
            900 + i,
            "hrd",
            "male",
            [("A", "nhri"), ("B", "cso")],
            random.Random(i),
        )
        for i in range(5)
    ]
    for row, ground in zip(refused, ("refused", "refused", "refused", "refused", ""), strict=True):
        row["ground"] = ground
    return [*rows, *refused]


def with_faults(rows: list[Row]) -> list[Row]:
    """Return the register as it first came: seven broken rows, and one row twice.

    The faults are in further rows, so that none of the planned numbers changes.
    """
    extra = [
        case(Act("PHL", 2024, "killing", 0), 950 + i, "journalist", "male", [("A", "nhri"), ("B", "press")],
             random.Random(i))
        for i in range(7)
    ]  # fmt: skip
    extra[0]["country"] = "ATL"
    extra[1]["act"] = "threat"
    extra[2] |= {"source_1": "", "source_1_type": ""}
    extra[3]["incident_date"] = "2021-07-01"
    extra[4]["incident_date"] = "31/02/2024"
    extra[6] |= {"case_id": extra[5]["case_id"], "victim_sex": "female"}
    return [*rows, *extra, rows[10]]


def amended(rows: list[Row]) -> list[Row]:
    """Return the rows that a later delivery sends again or for the first time.

    Second sources for the cases of Kenya that had one, a killing in Peru that proved to be an enforced disappearance,
    a family in the Philippines that took its consent back, and the first nil return of Ghana.
    """
    by_id = {row["case_id"]: row for row in rows}
    kenya = [
        row
        | _source_cells(
            [(row["source_1"], row["source_1_type"]), ("Invented organisation KEN 20", "judicial")]
        )
        for case_id, row in by_id.items()
        if case_id.startswith("KEN-2024-D") and int(case_id[-3:]) > 8
    ]
    peru = by_id["PER-2024-K001"] | {"act": "enforced_disappearance"}
    philippines = by_id["PHL-2024-K001"] | {"ground": "refused"}
    return [*kenya, peru, philippines, nil_return(Act("GHA", 2024, "killing", 0))]


def scaled(number: int) -> Iterator[Act]:
    """Yield acts of countries and years so that the register has about `number` rows, one in eleven not verified."""
    cells = [(c, y, a) for c in ("PHL", "PER", "KEN", "NPL") for y in range(2015, 2025) for a in ACT_LETTER]
    each = max(1, number // len(cells))
    for country, year, act in cells:
        yield Act(country, year, act, each - each // 11, each // 11)


# --- the assessments --------------------------------------------------------------------------------------


QUESTIONS = (
    "1.1.1", "1.1.2", "1.1.3", "1.1.4", "1.1.5", "1.1.6", "1.2.1", "1.2.2", "2.1.1", "2.2.1", "3.1", "4.1", "5.1",
)  # fmt: skip
HEADER = (
    "Assessment", "Country", "Year", "Category", "Attribute", "Question", "Answer", "References", "Respondent",
    "Reviewer", "Reviewed on",
)  # fmt: skip
ANSWERS = ("yes", "no", "data_not_available")
READ_ME = (
    "SYNTHETIC DEMONSTRATION DATA",
    "The countries are real, every answer, reference and name is invented. Nothing here may be quoted.",
    "The answers are on the sheet 'Answers'.",
)


def assessment(country: str, year: int, *, skipped: Sequence[str] = (), reviewed: bool = True) -> list[Row]:
    """Return one assessment, question by question; a skipped category is one row that says so."""
    rng = random.Random(f"{SEED} {country} {year}")
    found = []
    for question in QUESTIONS:
        category = question[0]
        row = dict.fromkeys(HEADER, "") | {
            "Assessment": f"{country[:3].upper()}-{year}-1",
            "Country": country,
            "Year": str(year),
            "Category": category,
            "Attribute": question[:3] if category in "12" else "",
            "Question": question,
            "Answer": rng.choices(ANSWERS, (0.5, 0.38, 0.12))[0],
            "References": f"Invented source {rng.randrange(1, 60)}; invented report of {year}",
            "Respondent": f"Invented respondent, {country}",
        }
        if reviewed:
            row |= {
                "Reviewer": f"Invented reviewer, {country}",
                "Reviewed on": f"{year + 1}-02-1{rng.randrange(10)}",
            }
        if category not in skipped:
            found.append(row)
        elif question in ("1.1.1", "2.1.1", "3.1", "4.1", "5.1"):
            found.append(row | {"Question": "", "Answer": "category skipped", "References": ""})
    return found


def answers_of_2023(*, tunisia_reviewed: bool) -> list[Row]:
    """Return the assessments of 2023; that of Tunisia was not reviewed at first, Mongolia skipped a category."""
    return [
        *assessment("Kenya", 2023),
        *assessment("Mongolia", 2023, skipped=("3",)),
        *assessment("Nepal", 2023),
        *assessment("Peru", 2023, skipped=("4", "5")),
        *assessment("Tunisia", 2023, reviewed=tunisia_reviewed),
    ]


def answers_with_faults(rows: list[Row]) -> list[Row]:
    """Return answers as they first came: without reference, reviewed by the respondent, unknown answers and places."""
    found = [dict(row) for row in rows]
    found[2]["References"] = found[30]["References"] = ""
    found[5]["Reviewer"] = found[5]["Respondent"].upper()
    found[8]["Answer"] = "partly"
    found[20]["Question"] = "1.9.9"
    return [*found, found[0] | {"Country": "Atlantis"}]


def workbook(rows: Iterable[Row]) -> bytes:
    """Return a workbook with a sheet of explanation and the answers; numbers are numbers, as in a real one."""
    book = Workbook()
    book.properties.creator = book.properties.lastModifiedBy = "Citizenstats, synthetic sample"
    book.properties.title = READ_ME[0]
    cover = book.active
    cover.title = "Read me"
    for line in READ_ME:
        cover.append([line])
    sheet = book.create_sheet("Answers")
    sheet.append(list(HEADER))
    for row in rows:
        sheet.append([_cell(name, row[name]) for name in HEADER])
    return workbook_bytes(book, STAMP)


def _cell(name: str, text: str) -> str | int | date | None:
    if name in ("Year", "Category"):
        return int(text)
    if name == "Reviewed on" and text:
        return date.fromisoformat(text)
    return text or None


# --- files ------------------------------------------------------------------------------------------------


def write_register(path: Path, rows: Iterable[Row], leave_out: Sequence[str] = ()) -> None:
    """Write the register as CSV, UTF-8, without some columns if said."""
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = [name for name in COLUMNS if name not in leave_out]
    with path.open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def write_workbook(path: Path, content: bytes) -> None:
    """Write the bytes of a workbook."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def write_samples(folder: Path) -> None:
    """Write both rounds of the committed deliveries."""
    first, second = (folder / part / "right_to_defend" for part in ("1_first", "2_corrections"))
    cases = list(register(ACTS))
    write_register(first / "incidents/incidents_2024.csv", with_faults(without_permission(cases)))
    old_form = [f"source_{n}{part}" for n in range(2, SOURCES + 1) for part in ("", "_type")]
    write_register(
        first / "incidents/incidents_2024_old_form.csv", cases[:25], leave_out=[*old_form, "ground"]
    )
    write_register(second / "incidents/incidents_2024_amended.csv", amended(cases))

    reviewed = answers_of_2023(tunisia_reviewed=True)
    latest = [
        *assessment("Kenya", 2024),
        *assessment("Nepal", 2024),
        *assessment("Ghana", 2024, skipped=("2",)),
    ]
    at_first = workbook(answers_with_faults(answers_of_2023(tunisia_reviewed=False)))
    complete = workbook(latest)
    write_workbook(first / "assessments/assessments_2023.xlsx", at_first)
    write_workbook(first / "assessments/assessments_2024_broken_upload.xlsx", complete[: len(complete) // 2])
    write_workbook(second / "assessments/assessments_2023_reviewed.xlsx", workbook(reviewed))
    write_workbook(second / "assessments/assessments_2024.xlsx", complete)


def main() -> None:
    """Read the command line and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--rows", type=int, help="rows of the register, about; left out: the committed samples"
    )
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    given = parser.parse_args()
    if given.rows is None:
        write_samples(given.out)
    else:
        write_register(given.out / "incidents_scaled.csv", register(scaled(given.rows)))


if __name__ == "__main__":
    main()
