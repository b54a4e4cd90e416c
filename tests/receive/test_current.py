"""Which records count: what a delivery replaces, and that consent taken back counts at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.receive.office import Office, file, row

OFFICE = Callable[..., Office]


def replacing(what: str) -> Callable[[dict[str, Any]], None]:
    def change(contract: dict[str, Any]) -> None:
        contract["delivery"] |= {"replaces": what, "max_refused_share": 0.5}
        if what == "periods":
            contract["delivery"]["period"] = "year"

    return change


def kept(office: Office) -> list[tuple[Any, ...]]:
    return office.records("id, year, score")


def test_everything_is_replaced(office_of: OFFICE) -> None:
    office = office_of(replacing("everything"))
    office.send(file(row("a"), row("b")), "1.csv")
    office.send(file(row("c")), "2.csv")
    assert kept(office) == [("c", "2024", 12.5)]


def test_the_periods_that_a_delivery_holds_are_replaced(office_of: OFFICE) -> None:
    office = office_of(replacing("periods"))
    office.send(file(row("a", year="2023"), row("b", year="2024")), "1.csv")
    office.send(file(row("c", year="2024"), row("d", year="2025")), "2.csv")
    assert [r[:2] for r in kept(office)] == [("a", "2023"), ("c", "2024"), ("d", "2025")]


def test_a_period_whose_rows_are_all_withheld_is_empty(office_of: OFFICE) -> None:
    office = office_of(replacing("periods"))
    office.send(file(row("a", year="2023"), row("b", year="2024")), "1.csv")
    office.send(file(row("a", year="2023"), row("c", year="2024", agrees="no")), "2.csv")
    assert [r[:2] for r in kept(office)] == [("a", "2023")]


def test_rows_are_replaced_by_their_key(office_of: OFFICE) -> None:
    office = office_of(replacing("rows"))
    office.send(file(row("a", score="1"), row("b", score="1")), "1.csv")
    office.send(file(row("b", score="2"), row("c", score="2")), "2.csv")
    assert [(r[0], r[2]) for r in kept(office)] == [("a", 1.0), ("b", 2.0), ("c", 2.0)]


def test_a_refused_delivery_leaves_what_was_there(office_of: OFFICE) -> None:
    office = office_of(replacing("everything"))
    office.send(file(row("a")), "1.csv")
    assert office.send(file(row("b", score="x")), "2.csv").status == "refused"
    assert [r[0] for r in kept(office)] == ["a"]


def test_consent_taken_back_takes_the_record_back(office_of: OFFICE) -> None:
    office = office_of(replacing("rows"))
    office.send(file(row("a"), row("b"), row("c")), "1.csv")
    office.send(file(row("b", agrees="no"), row("d")), "2.csv")
    assert [r[0] for r in kept(office)] == ["a", "c", "d"]


def test_consent_taken_back_counts_in_a_delivery_that_is_refused_for_other_faults(office_of: OFFICE) -> None:
    office = office_of(replacing("rows"))
    office.send(file(row("a"), row("b")), "1.csv")
    refused = office.send(file(row("b", agrees="no"), row("x", score="x"), row("y", score="x")), "2.csv")
    assert refused.status == "refused"
    assert [r[0] for r in kept(office)] == ["a"]


def test_consent_given_again_counts_again(office_of: OFFICE) -> None:
    office = office_of(replacing("rows"))
    office.send(file(row("a")), "1.csv")
    office.send(file(row("a", agrees="no"), row("b")), "2.csv")
    office.send(file(row("a", score="3")), "3.csv")
    assert [(r[0], r[2]) for r in kept(office)] == [("a", 3.0), ("b", 12.5)]


def test_a_contract_that_changes_has_all_deliveries_read_again(office_of: OFFICE) -> None:
    office = office_of(replacing("rows"))
    assert office.send(file(row("a"), row("b", region="Centre"))).counts["refused"] == 1
    office.agree(
        lambda c: [
            replacing("rows")(c),
            c["targets"][0]["map"]["REF_AREA"]["codes"].update({"Centre": "XX-S"}),
        ]
    )
    (again,) = office.receive()
    assert again.counts["accepted"] == 2
    assert [r[0] for r in kept(office)] == ["a", "b"]


def test_yes_and_no_in_one_file_is_no(office_of: OFFICE) -> None:
    office = office_of(replacing("rows"))
    office.send(file(row("a"), row("b"), row("b", agrees="no"), row("c")))
    assert [r[0] for r in kept(office)] == ["a", "c"]


def test_a_key_with_an_empty_part_is_taken_back_too(office_of: OFFICE) -> None:
    office = office_of(lambda c: [replacing("rows")(c), c.update({"key": ["id", "sex"]})])
    office.send(file(row("a", sex=""), row("b")), "1.csv")
    office.send(file(row("a", sex="", agrees="no"), row("c")), "2.csv")
    assert [r[0] for r in kept(office)] == ["b", "c"]
