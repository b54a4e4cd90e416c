"""What changed in a list or structure, and which version that asks for."""

from dataclasses import replace

import pytest

from citizenstats.sdmx.model import DataStructure, Item, Reference, Structures
from citizenstats.sdmx.versions import Level, highest, level_between, list_changes, raised, structure_changes
from tests.release.support import LISTS, structure, structures

AREAS = LISTS["REF_AREA"]
DENMARK, NEPAL, PHILIPPINES = AREAS.items
TIMOR = Item("TL", {"en": "Timor-Leste"})


def with_areas(*items: Item):
    return replace(AREAS, items=items)


@pytest.mark.parametrize(
    ("items", "level", "told"),
    [
        ((DENMARK, NEPAL, PHILIPPINES), Level.NONE, []),
        ((PHILIPPINES, NEPAL, DENMARK), Level.NONE, []),
        ((replace(DENMARK, names={"da": "Danmark"}), NEPAL, PHILIPPINES), Level.PATCH, ["has other names of DK"]),
        ((DENMARK, NEPAL, PHILIPPINES, TIMOR), Level.MINOR, ["adds TL"]),
        ((DENMARK, replace(NEPAL, parent="DK"), PHILIPPINES), Level.MINOR, ["has other parents of NP"]),
        ((DENMARK, NEPAL), Level.MAJOR, ["drops PH"]),
        ((DENMARK, NEPAL, TIMOR), Level.MAJOR, ["drops PH", "adds TL"]),
    ],
)  # fmt: skip
def test_a_code_that_goes_is_major_one_that_comes_minor_and_a_name_a_patch(items, level, told):
    changes = list_changes(AREAS, with_areas(*items))
    assert (highest(changes), [c.what for c in changes]) == (level, told)


def test_annotations_have_no_impact():
    noted = replace(DENMARK, annotations=({"type": "NOTE"},))
    assert list_changes(AREAS, with_areas(noted, NEPAL, PHILIPPINES)) == ()


def changed(**components) -> DataStructure:
    """Return the structure with components replaced by id; None takes one out."""
    before = structure()
    kept = (
        replace(c, **components.get(c.id, {}))
        for c in before.components
        if components.get(c.id, {}) is not None
    )
    return replace(before, components=tuple(kept))


def added(**more) -> DataStructure:
    before = structure()
    return replace(
        before, components=(*before.components, replace(before.by_id["COMMENT_OBS"], id="NOTE", **more))
    )


ORDER = ("REF_AREA", "FREQ", "SEX", "TIME_PERIOD")
CHANGES = [
    (changed(), Level.NONE, ""),
    (added(), Level.MINOR, "adds the attribute NOTE"),
    (added(role="measure"), Level.MINOR, "adds the measure NOTE"),
    (added(mandatory=True), Level.MAJOR, "adds the mandatory attribute NOTE"),
    (added(role="dimension"), Level.MAJOR, "adds the dimension NOTE"),
    (changed(COMMENT_OBS=None), Level.MAJOR, "drops COMMENT_OBS"),
    (changed(SAMPLE_SIZE={"mandatory": True}), Level.MAJOR, "makes SAMPLE_SIZE mandatory"),
    (changed(OBS_STATUS={"mandatory": False}), Level.MINOR, "makes OBS_STATUS optional"),
    (changed(COMMENT_OBS={"attachment": "series"}), Level.MAJOR, "attaches COMMENT_OBS elsewhere"),
    (changed(SAMPLE_SIZE={"type": "Double"}), Level.MAJOR, "gives SAMPLE_SIZE the type Double"),
    (changed(SAMPLE_SIZE={"concept": "OBS_VALUE"}), Level.MAJOR, "gives SAMPLE_SIZE another concept"),
    (changed(SEX={"codelist": None}), Level.MAJOR, "gives SEX another representation"),
    (changed(SEX={"codelist": AREAS.reference}), Level.MAJOR, "gives SEX the codes of OFFICE:CL_AREA(1.0.0)"),
    (changed(COMMENT_OBS={"array": True}), Level.MAJOR, "gives COMMENT_OBS another representation"),
    (changed(COMMENT_OBS={"languages": ("en",)}), Level.MAJOR, "has other languages of COMMENT_OBS"),
    (replace(structure(), names={"en": "Houses"}), Level.PATCH, "has other names"),
    (
        replace(structure(), components=tuple(sorted(structure().components, key=lambda c: (*ORDER, c.id).index(c.id)))),
        Level.MAJOR,
        "has its dimensions in another order",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "level"),
    [(3, 5, Level.MINOR), (3, None, Level.MINOR), (None, 3, Level.MAJOR), (5, 3, Level.MAJOR)],
)
def test_room_for_fewer_values_breaks_who_has_more(before, after, level):
    one, other = (changed(COMMENT_OBS={"array": True, "most": most}) for most in (before, after))
    (change,) = structure_changes(one, other, structures(), structures())
    assert (change.level, "values of COMMENT_OBS" in change.what) == (level, True)


@pytest.mark.parametrize(
    ("after", "level", "told"), CHANGES, ids=[told or "nothing" for _, _, told in CHANGES]
)
def test_what_breaks_a_receiver_of_a_structure_is_major(after, level, told):
    changes = structure_changes(structure(), after, structures(), structures())
    assert (highest(changes), "; ".join(c.what for c in changes)) == (level, told)


def listed(version: str, *items: Item) -> tuple[DataStructure, Structures]:
    areas = replace(with_areas(*items), reference=Reference("OFFICE", "CL_AREA", version))
    found = structures()
    return changed(REF_AREA={"codelist": areas.reference}), replace(
        found, schemes={**found.schemes, areas.reference: areas}
    )


def test_a_list_that_grew_asks_nothing_of_the_structure_and_one_that_lost_codes_or_says_so_breaks_it():
    for version, items, level in (
        ("1.1.0", (DENMARK, NEPAL, PHILIPPINES, TIMOR), Level.NONE),
        ("1.0.1", (DENMARK, NEPAL, PHILIPPINES), Level.NONE),
        ("1.1.0", (DENMARK, NEPAL), Level.MAJOR),
        # The office says that its codes mean something else now.
        ("2.0.0", (DENMARK, NEPAL, PHILIPPINES), Level.MAJOR),
    ):
        after, now = listed(version, *items)
        assert highest(structure_changes(structure(), after, structures(), now)) is level


@pytest.mark.parametrize(
    ("before", "after", "level"),
    [
        ("1.0.0", "1.0.0", Level.NONE),
        ("1.0.0", "1.0.1", Level.PATCH),
        ("1.9.3", "1.10.0", Level.MINOR),
        ("1.10.0", "1.9.0", Level.NONE),
        ("1.0", "1.1", Level.MINOR),
        ("1.0", "2.0.0", Level.MAJOR),
    ],
)
def test_a_version_is_raised_at_its_first_higher_part(before, after, level):
    assert level_between(before, after) is level


def test_the_next_version_has_as_many_parts():
    assert [raised("1.2.3", level) for level in (Level.PATCH, Level.MINOR, Level.MAJOR)] == [
        "1.2.4",
        "1.3.0",
        "2.0.0",
    ]
    assert [raised("1.0", level) for level in (Level.MINOR, Level.MAJOR)] == ["1.1", "2.0"]
