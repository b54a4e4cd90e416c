"""A partner's notes beside withheld figures do not tell which of them are small, nor how small."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from citizenstats.errors import ReleaseError
from citizenstats.house import House, open_house
from citizenstats.protect.audit.choose import audited
from tests.protect import office

FIGURES = {"_T": (200, 90), "A0": (110, 50), "A1": (4, 2), "A2": (50, 20), "A3": (36, 18)}
NOTES = {"A1": "only four answered", "A2": "asked by telephone", "A3": "asked by telephone"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[House, Path]:
    """An office that publishes compiled figures with the partner's notes, and its publishable file."""
    folder = tmp_path_factory.mktemp("notes")
    said = office.mappings(folder / "mappings", (4,))
    for file, more in (
        ("concepts.yaml", "    COMMENT_OBS: {name: {en: Comment}}\n"),
        ("data_structures/ANSWERS.yaml", "  COMMENT_OBS: {role: attribute, type: String}\n"),
    ):
        with (said / "structures/OFFICE" / file).open("a", encoding="utf-8") as text:
            text.write(more)
    contract = said / "partners/asker/answers.yaml"
    head, _, rest = contract.read_text("utf-8").partition("    estimate:\n")
    compiled = (
        "      INDICATOR: {value: NUMBER_OF}\n      OBS_VALUE: k\n      SAMPLE_SIZE: n\n      _n: n\n      _k: k\n"
        "      COMMENT_OBS: note\n"
    )
    head = head.replace("      TIME_PERIOD: year\n", f"      TIME_PERIOD: year\n{compiled}").replace(
        "  answer: {type: boolean, required: true}\n",
        "  n: {type: integer}\n  k: {type: integer}\n  note: {}\n",
    )
    contract.write_text(f"{head}protection:{rest.partition('protection:')[2]}", "utf-8")
    house = open_house(folder / "home", said)
    lines = ["year,consent,n,k,note,ga"]
    lines += [f"2020,yes,{n},{k},{NOTES.get(a, '')},{a}" for a, (n, k) in FIGURES.items()]
    inbox = house.store.inbox(office.DATASET)
    inbox.mkdir(parents=True)
    (inbox / "answers.csv").write_text("\n".join(lines) + "\n", "utf-8")
    return house, office.protected(house)


def test_a_note_that_no_shown_figure_has_is_left_out_where_the_figure_is_withheld(
    made: tuple[House, Path],
) -> None:
    rows = duckdb.sql(f"SELECT GA, OBS_VALUE IS NULL, COMMENT_OBS FROM '{made[1]}'").fetchall()
    told = {a: (hidden, note) for a, hidden, note in rows}
    assert told["A1"] == (True, None)
    assert sum(hidden for hidden, _ in told.values()) == 2
    # The note of another that is withheld stands beside a shown one as well.
    assert {told["A2"][1], told["A3"][1]} == {"asked by telephone"}


def test_the_audit_stops_a_message_with_such_a_note(made: tuple[House, Path], tmp_path: Path) -> None:
    house, file = made
    for note, stops in (
        ("COMMENT_OBS", False),
        ("CASE WHEN GA = 'A1' THEN 'only four' ELSE COMMENT_OBS END", True),
    ):
        duckdb.sql(
            f"COPY (SELECT * REPLACE ({note} AS COMMENT_OBS) FROM '{file}') TO '{tmp_path}/data.csv' (HEADER)"
        )
        found = audited(house, office.FLOW, file.parent.name, tmp_path)
        if stops:
            with pytest.raises(ReleaseError, match="texts"):
                found.require(office.FLOW)
        else:
            found.require(office.FLOW)
