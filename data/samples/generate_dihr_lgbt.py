"""Make the synthetic workbooks of the LGBT+ barometer, as a person would have built them.

A hidden sheet first, a title, two header rows with merged cells, numbers beside texts with a decimal comma and a
footnote mark, ``..`` for not available, notes below, a list of sources on another sheet. Some figures repeat what the
press wrote about the studies; all others, and every number of answers, are invented. `generate_dihr` runs this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from fixed_workbook import workbook_bytes
from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.worksheet.worksheet import Worksheet

STAMP = datetime(2023, 8, 28, 9, 0, 0, tzinfo=UTC)
TITLE = "LGBT+ barometeret {edition} - SYNTETISKE TAL, må ikke citeres"
SUBTITLE = "Andele i procent. Tallene er opdigtede og tjener kun til afprøvning."
NOTES = (
    "Noter:",
    "(1) Vold omfatter fysisk vold og trusler om vold.",
    "(2) Spørgsmålet er kun stillet til lønmodtagere.",
    ".. betyder: ikke opgjort.",
    "Transpersoner er afgrænset forskelligt: ved juridisk kønsskifte i CPR eller ved selvidentifikation.",
)
VIVE, SEXUS, ALS = "VIVE, spørgeskema og register", "Projekt SEXUS", "Als Research, arbejdsliv"
SELF, LEGAL, NONE = "Selvidentifikation", "Juridisk kønsskifte (CPR)", "Ingen afgrænsning"
NON_PROBABILITY = "Stikprøven er ikke tilfældig"


@dataclass(frozen=True)
class Figure:
    """One row of the workbook; `percent` and `answers` as the cell holds them, a number or a text."""

    area: str
    indicator: str
    group: str
    definition: str
    sex: str
    percent: float | str
    answers: int | str | None
    study: str
    year: int
    remark: str | None = None


def _of(area: str, indicator: str, study: str, year: int, rows: Sequence[tuple[object, ...]]) -> list[Figure]:
    return [Figure(area, indicator, *row[:5], study, year, *row[5:]) for row in rows]  # type: ignore[arg-type]


FIRST: tuple[Figure, ...] = (
    *_of("Uddannelse", "Kun grundskole eller gymnasial uddannelse", VIVE, 2022, [
        ("Heteroseksuelle", SELF, "Kvinder", 32.0, 9120), ("Heteroseksuelle", SELF, "Mænd", 34.6, 8240),
        ("Homoseksuelle", SELF, "Kvinder", 27.5, 412), ("Homoseksuelle", SELF, "Mænd", 29.1, 655),
        ("Biseksuelle", SELF, "Kvinder", 54.8, 968), ("Biseksuelle", SELF, "Mænd", 41.2, 402),
    ]),
    *_of("Arbejdsmarked", "I beskæftigelse", VIVE, 2022, [
        ("Transpersoner", LEGAL, "I alt", 52.3, 176), ("Ikke-transpersoner", LEGAL, "I alt", 87.0, 19860),
        ("Homoseksuelle", SELF, "I alt", 84.9, 1067), ("Biseksuelle", SELF, "I alt", 71.4, 1370),
    ]),
    *_of("Arbejdsmarked", "Ikke åben over for nogen kollega", ALS, 2020, [
        ("LGBT+ personer samlet", SELF, "I alt", "21,0(2)", 3571, NON_PROBABILITY),
        ("Transpersoner", SELF, "I alt", "38,5(2)", 187, NON_PROBABILITY),
        ("Nonbinære", SELF, "I alt", "..(2)", "..", "Gruppen er ikke opgjort for sig"),
    ]),
    *_of("Nære relationer", "Føler sig ofte ensom", VIVE, 2022, [
        ("Transpersoner", LEGAL, "I alt", 24.1, 181), ("Ikke-transpersoner", LEGAL, "I alt", 7.2, 20110),
    ]),
    *_of("Nære relationer", "Føler sig ofte ensom", SEXUS, 2018, [
        ("Transpersoner", SELF, "I alt", 21.9, 304), ("Nonbinære", SELF, "I alt", 23.5, 9),
        ("Heteroseksuelle", SELF, "I alt", 6.8, 55120), ("Hele befolkningen", NONE, "I alt", 7.4, 62675),
    ]),
    *_of("Udsathed", "Har været udsat for vold", VIVE, 2022, [
        ("Transpersoner", LEGAL, "I alt", "41,8(1)", 179), ("Ikke-transpersoner", LEGAL, "I alt", "27,0(1)", 20015),
    ]),
    *_of("Udsathed", "Har været udsat for vold", SEXUS, 2018, [
        ("Transpersoner", SELF, "I alt", "44,6(1)", 298), ("Biseksuelle", SELF, "Kvinder", "45,1(1)", 1322),
        ("Homoseksuelle", SELF, "Kvinder", "36,0(1)", 441), ("Heteroseksuelle", SELF, "Kvinder", "26,2(1)", 28640),
    ]),
    *_of("Diskrimination", "Har oplevet diskrimination", VIVE, 2022, [
        ("Transpersoner", LEGAL, "I alt", 60.0, 180), ("Homoseksuelle", SELF, "I alt", 36.4, 1059),
        ("Biseksuelle", SELF, "I alt", 35.2, 1351), ("Heteroseksuelle", SELF, "I alt", 17.9, 17204),
    ]),
    *_of("Sundhed", "Dårligt mentalt helbred", SEXUS, 2018, [
        ("Transpersoner", SELF, "I alt", 49.5, ".."), ("Biseksuelle", SELF, "I alt", 33.8, 2011),
        ("Heteroseksuelle", SELF, "I alt", 13.0, 55080),
    ]),
)  # fmt: skip
"""The figures as they first came; one row has a number of answers that nobody told, one a group of nine."""

FAULTY: tuple[Figure, ...] = (
    Figure("Sundhed", "Dårligt mentalt helbred", "Aseksuelle", SELF, "I alt", 31.0, 144, SEXUS, 2018),
    Figure("Udsathed", "Har været udsat for vold", "Homoseksuelle", SELF, "Mænd", 33.7, 640, "", 2022),
    Figure(
        "Uddannelse",
        "Kun grundskole eller gymnasial uddannelse",
        "Nonbinære",
        SELF,
        "I alt",
        480,
        77,
        VIVE,
        2022,
    ),
)
"""Rows that must be refused: an unknown group, no source, more than 100 per cent."""


def corrected() -> tuple[Figure, ...]:
    """Return the figures of the corrected workbook: faults mended, one figure revised, a number of answers told."""
    mended = {
        ("Dårligt mentalt helbred", "Transpersoner"): {"answers": 301},
        ("I beskæftigelse", "Transpersoner"): {"percent": 53.1},
    }
    known = [replace(f, **mended.get((f.indicator, f.group), {})) for f in FIRST]
    return (*known, replace(FAULTY[1], study=VIVE), replace(FAULTY[2], percent=48.0))


def write_samples(folder: Path) -> None:
    """Write both rounds: an old template without definitions (refused), the first workbook, the corrected one."""
    first, second = (folder / part / "dihr/lgbt_barometer" for part in ("1_first", "2_corrections"))
    for place in (first, second):
        place.mkdir(parents=True, exist_ok=True)
    old = workbook("2022", FIRST[:8], leave_out=("Afgrænsning", "Antal svar"))
    (first / "lgbt_barometer_2022_gammel_skabelon.xlsx").write_bytes(old)
    (first / "lgbt_barometer_2023.xlsx").write_bytes(workbook("2023", FIRST + FAULTY))
    (second / "lgbt_barometer_2023_rettet.xlsx").write_bytes(workbook("2023, rettet", corrected()))


HEADER = (
    ("Nr.", None), ("Indikator", "Område"), ("Indikator", "Spørgsmål"),
    ("Gruppe", "Betegnelse"), ("Gruppe", "Afgrænsning"), ("Gruppe", "Køn"),
    ("Resultat", "Procent"), ("Resultat", "Antal svar"), ("Kilde", "Undersøgelse"), ("Kilde", "År"),
    ("Bemærkning", None),
)  # fmt: skip
WIDTHS = (5, 18, 42, 24, 26, 10, 10, 11, 30, 8, 30)
HEADER_ROW = 5


def workbook(edition: str, figures: Sequence[Figure], leave_out: Sequence[str] = ()) -> bytes:
    """Return a workbook with the figures; the same figures give the same bytes."""
    book = Workbook()
    book.properties.creator = book.properties.lastModifiedBy = "Citizenstats, syntetisk eksempel"
    book.properties.title = TITLE.format(edition=edition)
    sums = book.active
    sums.title, sums.sheet_state = "Beregninger", "hidden"
    sums.append(["Egne mellemregninger - ikke til videregivelse (syntetisk)"])
    for figure in figures:
        sums.append([figure.indicator, figure.group, figure.answers])
    _fill(book.create_sheet("Barometer"), edition, figures, [h for h in HEADER if h[1] not in leave_out])
    sources = book.create_sheet("Kildeliste")
    for row in (["Undersøgelse", "År"], *sorted({(f.study, f.year) for f in figures if f.study})):
        sources.append(list(row))
    book.active = 1
    return workbook_bytes(book, STAMP)


def _fill(
    sheet: Worksheet, edition: str, figures: Sequence[Figure], header: Sequence[tuple[str, str | None]]
) -> None:
    sheet["A1"], sheet["A2"] = TITLE.format(edition=edition), SUBTITLE
    sheet["A1"].font, sheet["A2"].font = Font(bold=True, size=14), Font(italic=True)
    sheet["A3"] = "Samlet af Institut for Menneskerettigheder (eksempel)"
    _header(sheet, header)
    kept = [HEADER.index(h) for h in header]
    for number, figure in enumerate(figures, start=1):
        cells = (
            number, figure.area, figure.indicator, figure.group, figure.definition, figure.sex, figure.percent,
            figure.answers, figure.study or None, figure.year, figure.remark,
        )  # fmt: skip
        sheet.append([cells[i] for i in kept])
    below = HEADER_ROW + 2 + len(figures) + 1
    for offset, note in enumerate(NOTES):
        sheet.cell(below + offset, 1, note)


def _header(sheet: Worksheet, header: Sequence[tuple[str, str | None]]) -> None:
    """Write two header rows; neighbours with the same upper text are merged, a header without lower text down."""
    for column, (upper, lower) in enumerate(header, start=1):
        for row, text in ((HEADER_ROW, upper), (HEADER_ROW + 1, lower)):
            cell = sheet.cell(row, column, text)
            cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="DDE6F0")
            cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
            cell.border = Border(bottom=Side(style="thin"))
        sheet.column_dimensions[sheet.cell(1, column).column_letter].width = WIDTHS[column - 1]
        if lower is None:
            sheet.merge_cells(
                start_row=HEADER_ROW, end_row=HEADER_ROW + 1, start_column=column, end_column=column
            )
    uppers = [upper for upper, _ in header]
    for upper in dict.fromkeys(u for u in uppers if uppers.count(u) > 1):
        start = uppers.index(upper) + 1
        end = start + uppers.count(upper) - 1
        sheet.merge_cells(start_row=HEADER_ROW, end_row=HEADER_ROW, start_column=start, end_column=end)
