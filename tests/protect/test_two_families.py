"""Tables of the same units are protected together, or not at all: two families are refused by check, protection and audit."""

from __future__ import annotations

from pathlib import Path

import pytest

from citizenstats.contracts.lint import lint
from citizenstats.contracts.load import load_mappings
from citizenstats.errors import ReleaseError
from citizenstats.house import open_house
from citizenstats.protect.audit.choose import audited
from citizenstats.protect.protect import protect
from tests.protect import linked, office
from tests.protect.test_audit_family import PEOPLE

PLACES = "dataflows/OFFICE/PLACES.yaml"


def _apart(mappings: Path) -> None:
    file = mappings / PLACES
    file.write_text(file.read_text("utf-8").replace(f"family: {office.FAMILY}", "family: places"), "utf-8")


def test_a_dataset_that_feeds_two_families_is_refused(tmp_path: Path) -> None:
    house = linked.opened(tmp_path)
    state = linked.protected(house, PEOPLE)
    _apart(house.mappings.folder)
    found = lint(house.mappings.folder)
    assert {f.code for f in found} == {"TWO_FAMILIES"}
    assert f"{PLACES}:3" in found[-1].where
    later = open_house(house.store.home, house.mappings.folder)
    for family in (office.FAMILY, "places"):
        with pytest.raises(ReleaseError, match="TWO_FAMILIES"):
            protect(later, family)
    for flow in linked.GROUPS:
        with pytest.raises(ReleaseError, match="NOT_PROTECTED"):
            audited(later, flow, state.name, tmp_path)


def test_figures_whose_protection_is_waived_may_stand_anywhere(tmp_path: Path) -> None:
    folder = linked.opened(tmp_path).mappings.folder
    contract = folder / "partners/asker/answers.yaml"
    text = contract.read_text("utf-8").replace(
        f"{{minimum: {office.MINIMUM}}}", '{waived: "facts that were public before"}'
    )
    contract.write_text(text.replace("publication: aggregate_only", "publication: public"), "utf-8")
    _apart(folder)
    assert "TWO_FAMILIES" not in {f.code for f in lint(folder)}
    assert load_mappings(folder).families.keys() == {office.FAMILY, "places"}
