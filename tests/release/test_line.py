"""While releases stand, what changed under a version needs a new one; what receivers can go on with needs none."""

from dataclasses import replace

import pytest

from citizenstats.errors import ReleaseError
from citizenstats.release.approve import approve
from citizenstats.release.difference import difference
from citizenstats.release.line import line_faults, unraised
from citizenstats.release.manifest import released, releases
from citizenstats.release.recall import recall
from citizenstats.release.release import release
from citizenstats.sdmx.model import ContentConstraint, Dataflow, Item, Reference, Structures
from citizenstats.sdmx.write import chunks

from .support import CONCEPTS, FIRST, FLOW, LISTS, NOW, deliver, office, protect, row, structure, structures

ITEMS = LISTS["REF_AREA"].items
GROWN = (*ITEMS, Item("TL", {"en": "Timor-Leste"}))
FEWER = ITEMS[:2]


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setenv("CITIZENSTATS_NOW", NOW)


def published(house, number, rows):
    protect(
        house, f"s{number}", {FLOW: rows}, [deliver(house, FIRST, number, f"2026-01-{number:02}T08:00:00Z")]
    )
    return release(house, FLOW)


@pytest.fixture
def home(tmp_path):
    """Return the root of an office that has published one release."""
    published(office(tmp_path), 1, [row("DK", value=1), row("NP", value=2)])
    return tmp_path


def said(items, areas="1.0.0", homes="1.0.0", flow="1.0.0"):
    """Return the structures with other areas, and versions for list, structure and dataflow."""
    found = structures()
    codes = replace(LISTS["REF_AREA"], reference=Reference("OFFICE", "CL_AREA", areas), items=tuple(items))
    components = tuple(
        replace(c, codelist=codes.reference) if c.id == "REF_AREA" else c for c in structure().components
    )
    of, reference = Reference("OFFICE", "HOMES", homes), Reference("OFFICE", "HOMES", flow)
    jobs = replace(structure("JOBS"), components=components)
    return Structures(
        {**{r: s for r, s in found.schemes.items() if r.id != "CL_AREA"}, codes.reference: codes},
        {of: replace(structure(), reference=of, components=components), jobs.reference: jobs},
        {
            reference: Dataflow(reference, {"en": "Homes"}, of),
            jobs.reference: Dataflow(jobs.reference, {"en": "Jobs"}, jobs.reference),
        },
    )


def asked(home, items, areas="1.0.0", homes="1.0.0", flow="1.0.0"):
    """Return artefact → needed version."""
    house = office(home, found=said(items, areas, homes, flow), version=flow)
    return {f"{one.kind} {one.reference.version}": one.needs for one in unraised(house, FLOW)}


def test_names_and_descriptions_may_change(home):
    assert asked(home, [replace(i, names={"en": f"{i.id}!"}, descriptions={"en": "D"}) for i in ITEMS]) == {}


def test_a_code_more_needs_a_minor_version_of_its_list_and_of_nothing_else(home):
    assert asked(home, GROWN) == {"code list 1.0.0": "1.1.0"}
    assert asked(home, GROWN, areas="1.0.1") == {"code list 1.0.1": "1.1.0"}
    assert asked(home, GROWN, areas="1.1.0") == {}


def test_a_code_that_goes_needs_a_major_version_of_list_structure_and_dataflow(home):
    assert asked(home, FEWER) == {
        "code list 1.0.0": "2.0.0", "data structure 1.0.0": "2.0.0", "dataflow 1.0.0": "2.0.0",
    }  # fmt: skip
    assert asked(home, FEWER, areas="2.0.0") == {"data structure 1.0.0": "2.0.0", "dataflow 1.0.0": "2.0.0"}
    assert asked(home, FEWER, "2.0.0", "2.0.0") == {"dataflow 1.0.0": "2.0.0"}
    assert asked(home, FEWER, "2.0.0", "2.0.0", "1.1.0") == {"dataflow 1.1.0": "2.0.0"}
    assert asked(home, FEWER, "2.0.0", "2.0.0", "2.0.0") == {}
    # A list that says to be the old one is not, whatever the dataflow says.
    assert asked(home, FEWER, "1.0.0", "2.0.0", "2.0.0") == {"code list 1.0.0": "2.0.0"}


def test_the_release_step_stops_with_what_changed_and_how_to_mend_it(home):
    house = office(home, found=said(FEWER))
    with pytest.raises(ReleaseError) as stopped:
        published(house, 2, [row("DK", value=3)])
    assert str(stopped.value) == (
        "OFFICE:HOMES: VERSION_NOT_RAISED: against R0001 of 1.0.0: the code list OFFICE:CL_AREA(1.0.0) drops PH and needs "
        "version 2.0.0; the data structure OFFICE:HOMES(1.0.0) has codes fewer for REF_AREA and needs version 2.0.0; the "
        "dataflow OFFICE:HOMES(1.0.0) is read another way with it and needs version 2.0.0 → raise `version`, and write the "
        "new one where it is referred to, or put back what was there (docs/structures.md)"
    )
    assert [r.id for r in releases(house.store, FLOW)] == ["R0001"]
    house = office(home, found=said(FEWER, "2.0.0", "2.0.0", "2.0.0"), version="2.0.0")
    assert published(house, 3, [row("DK", value=3)]).status == "waiting"
    assert str(approve(house, FLOW, None, "Dora Deputy", "").folder).endswith("2.0.0/R0001")
    assert published(house, 4, [row("DK", value=4)]).status == "published"


def test_a_list_that_grew_goes_on_in_the_same_line(home):
    house = office(home, found=said(GROWN, areas="1.1.0"))
    done = published(house, 2, [row("DK", value=1), row("TL", value=3)])
    assert (done.release, done.added, done.withdrawn) == ("R0002", 1, 1)


def test_an_optional_attribute_more_goes_on_in_the_same_line_with_its_history_both_ways(home):
    found = structures()
    reference, flow = Reference("OFFICE", "HOMES", "1.1.0"), Reference("OFFICE", "HOMES", "1.0.0")
    more = replace(structure().by_id["SAMPLE_SIZE"], id="HOMES_ASKED")
    grown = replace(structure(), reference=reference, components=(*structure().components, more))
    house = office(
        home,
        found=replace(
            found,
            data_structures={**found.data_structures, reference: grown},
            dataflows={**found.dataflows, flow: replace(found.dataflows[flow], structure=reference)},
        ),
    )
    assert published(house, 2, [row("DK", value=1), row("NP", value=5)]).release == "R0002"
    assert "HOMES_ASKED" in (released(house, FLOW).folder / "data.csv").read_text()
    for one, other in (("R0001", "R0002"), ("R0002", "R0001")):
        with difference(house, FLOW, one, other) as compared:
            assert (compared.changes.changed, compared.changes.withdrawn) == (1, 0)
            assert b"".join(chunks(compared.engine, compared.messages, "ml-3.0")).count(b"<Obs ") == 1
    recall(house, FLOW, "R0002", "Dora Deputy", "the number was wrong")
    assert (house.store.releases(FLOW) / "1.0.0" / "R0002" / "retracted" / "delta.csv").exists()


def test_what_was_taken_back_asks_for_nothing(home):
    house = office(home, found=said(GROWN, areas="1.1.0"))
    published(house, 2, [row("TL", value=3)])
    assert asked(home, ITEMS) != {}
    recall(house, FLOW, "R0002", "Dora Deputy", "the area was wrong")
    assert asked(home, ITEMS) == {}


def test_the_check_names_the_file_and_tells_a_shared_list_once(home):
    house = office(home, found=said(GROWN))
    where = home / "structures" / "OFFICE" / "codelists.yaml"
    where.parent.mkdir(parents=True)
    where.write_text("CL_AREA: {version: 1.0.0}\n")
    assert [(f.code, f.where) for f in line_faults(house)] == [("VERSION_NOT_RAISED", str(where))]
    assert "adds TL and needs version 1.1.0" in line_faults(house)[0].what


def test_a_dataflow_that_never_was_published_may_change_at_will(tmp_path):
    assert asked(tmp_path, FEWER) == {}


# --- constraints and concepts -----------------------------------------------------------------------------


def constrained(flow="1.0.0", concepts=None, **allowed):
    """Return the structures with a constraint of the dataflow, and other concepts."""
    found = said(ITEMS, flow=flow)
    reference = Reference("OFFICE", "HOMES", flow)
    constraint = ContentConstraint(
        Reference("OFFICE", "CN_HOMES", "1.0.0"), {"en": "Homes"}, reference,
        {dimension: tuple(codes) for dimension, codes in allowed.items()},
    )  # fmt: skip
    schemes = dict(found.schemes)
    if concepts is not None:
        schemes[CONCEPTS.reference] = replace(CONCEPTS, items=tuple(concepts))
    return replace(found, schemes=schemes, constraints=(constraint,) if allowed else ())


@pytest.fixture
def limited(tmp_path):
    """Return the root of an office whose dataflow allows two areas, and has published one release."""
    published(office(tmp_path, found=constrained(REF_AREA=["DK", "NP"])), 1, [row("DK", value=1)])
    return tmp_path


def needed(home, found, flow="1.0.0"):
    house = office(home, found=found, version=flow)
    return {one.kind: (one.needs, [c.what for c in one.changes]) for one in unraised(house, FLOW)}


def test_a_constraint_made_narrower_needs_a_major_version_of_the_dataflow(limited):
    told = {"dataflow": ("2.0.0", ["does not allow NP of REF_AREA any more"])}
    assert needed(limited, constrained(REF_AREA=["DK"])) == told
    assert needed(limited, constrained("1.1.0", REF_AREA=["DK"]), "1.1.0") == told
    assert needed(limited, constrained("2.0.0", REF_AREA=["DK"]), "2.0.0") == {}


def test_a_constraint_made_wider_or_dropped_needs_nothing(limited):
    assert needed(limited, constrained(REF_AREA=["NP", "DK"])) == {}
    assert needed(limited, constrained(REF_AREA=["DK", "NP", "PH"])) == {}
    assert needed(limited, constrained()) == {}


def test_a_constraint_where_there_was_none_is_narrower(home):
    told = {"dataflow": ("2.0.0", ["does not allow M, _T of SEX any more"])}
    assert needed(home, constrained(SEX=["F"])) == told
    assert needed(home, constrained(SEX=["F", "M", "_T"])) == {}


def test_a_narrower_constraint_stops_the_release_and_the_check_names_the_file(limited):
    house = office(limited, found=constrained(REF_AREA=["DK"]))
    file = limited / "dataflows" / "OFFICE" / "HOMES.yaml"
    file.parent.mkdir(parents=True)
    file.touch()
    assert [(fault.code, fault.where) for fault in line_faults(house)] == [("VERSION_NOT_RAISED", str(file))]
    with pytest.raises(ReleaseError, match=r"VERSION_NOT_RAISED: .*does not allow NP of REF_AREA any more"):
        published(house, 2, [row("DK", value=2)])


def test_a_concept_that_the_structure_uses_may_not_go_and_others_may(home):
    without = [c for c in CONCEPTS.items if c.id != "SAMPLE_SIZE"]
    told = needed(home, constrained(concepts=without))
    assert told == {"concept scheme": ("2.0.0", ["drops SAMPLE_SIZE, which the structure uses"])}
    more = [*CONCEPTS.items, Item("UNUSED", {"en": "Unused"})]
    assert needed(home, constrained(concepts=more)) == {}
    published(office(home, found=constrained(concepts=more)), 2, [row("DK", value=3)])
    assert needed(home, constrained()) == {}
