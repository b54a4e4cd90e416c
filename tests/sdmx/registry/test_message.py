"""Structures that are written are read back equal, in every format; official ones are read; what is none is named."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from citizenstats.contracts.load import load_mappings
from citizenstats.errors import StructureError
from citizenstats.sdmx.model import Reference
from citizenstats.sdmx.registry.artefacts import allowed_of
from citizenstats.sdmx.registry.differences import artefacts_of, differences
from citizenstats.sdmx.registry.message import read_structures
from citizenstats.sdmx.schema import schema
from citizenstats.sdmx.structures import FORMATS, structure_message
from citizenstats.sdmx.validate import validate_message
from tests.sdmx.test_structure_messages import FLOWS, HEADER, OWN, ROOT, awkward, told, written
from tests.sdmx.write.support import message as data_message
from tests.sdmx.write.support import written as data_written


def alike(item, form):
    """Return an item as a format can say it: 3.0 cannot say some parents."""
    import dataclasses

    from citizenstats.sdmx.structures_ml import _PARENT_OF_3

    lost = form == "ml-3.0" and item.parent and not _PARENT_OF_3.fullmatch(item.parent)
    return dataclasses.replace(item, parent=None if lost else item.parent)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("flow", [FLOWS[0], FLOWS[4], str(OWN)])
def test_what_is_written_reads_back_equal(form, flow):
    mine, read = told(flow), read_structures(written(flow, form))
    assert list(read.data_structures.values()) == list(mine.data_structures)
    assert list(read.dataflows.values()) == list(mine.dataflows)
    without = ("DataProviderScheme",) if form == "ml-3.0" else ()
    for scheme in mine.schemes:
        if scheme.kind not in without:
            found = read.schemes[scheme.reference]
            assert found.names == scheme.names
            assert found.partial == scheme.partial
            assert found.items == tuple(alike(item, form) for item in scheme.items)
    assert list(read.constraints.values()) == list(mine.constraints)
    if form != "ml-3.0":
        assert list(read.agreements.values()) == list(mine.agreements)
    assert [(c.dataflow, c.category) for c in read.categorisations.values()] == [
        (c.dataflow, c.category) for c in mine.categorisations
    ]


BAD = {
    "empty": b"",
    "web page": b"<!doctype html><html><body>Not found</body></html>",
    "bomb": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aa">]><x>&a;</x>',
    "cut": b'<mes:Structure xmlns:mes="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message"><mes:Head',
    "data": b'{"data": {"dataSets": []}}',
    "no json": b"{",
    "a reference is missing": b'{"data": {"dataflows": [{"id": "X", "agencyID": "Y", "structure": "Z"}]}}',
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_what_is_no_structure_message_is_named(content):
    with pytest.raises(StructureError) as error:
        read_structures(content)
    assert error.value.code == "NOT_STRUCTURES"


SDG = b"""<?xml version="1.0"?>
<mes:Structure xmlns:mes="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message"
  xmlns:s="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/structure"
  xmlns:c="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/common">
<mes:Structures><s:Concepts><s:ConceptScheme id="CS" agencyID="OLD">
<c:Name xml:lang="en">Concepts</c:Name>
<s:Concept id="SEX"><c:Name>Sex</c:Name><s:CoreRepresentation><s:Enumeration>
<Ref id="CL_SEX" agencyID="OLD" class="Codelist"/></s:Enumeration></s:CoreRepresentation></s:Concept>
<s:Concept id="V"><c:Name>Value</c:Name></s:Concept></s:ConceptScheme></s:Concepts>
<s:DataStructures><s:DataStructure id="D" agencyID="OLD" version="2.1"><c:Name>D</c:Name>
<s:DataStructureComponents><s:DimensionList>
<s:Dimension id="SEX"><s:ConceptIdentity>
<Ref id="SEX" maintainableParentID="CS" agencyID="OLD"/></s:ConceptIdentity></s:Dimension>
</s:DimensionList><s:MeasureList><s:PrimaryMeasure id="OBS_VALUE"><s:ConceptIdentity>
<URN>urn:sdmx:org.sdmx.infomodel.conceptscheme.Concept=OLD:CS(1.0).V</URN></s:ConceptIdentity></s:PrimaryMeasure>
</s:MeasureList></s:DataStructureComponents></s:DataStructure>
<s:DataStructure id="STUB" agencyID="OLD" isExternalReference="true"><c:Name>Stub</c:Name></s:DataStructure>
</s:DataStructures></mes:Structures></mes:Structure>"""


def test_an_old_message_with_core_representations_stubs_and_mixed_references():
    found = read_structures(SDG)
    (structure,) = found.data_structures.values()
    assert structure.reference == Reference("OLD", "D", "2.1")
    sex, value = structure.components
    assert sex.codelist == Reference("OLD", "CL_SEX", "1.0")
    assert (value.role, value.type) == ("measure", "String")


SEVERAL = {"SOURCE": {"array": True}, "NOTE": {"array": True, "most": 3}}


@pytest.mark.parametrize("form", ["ml-3.0", "ml-3.1", "json-2.0", "json-2.1"])
def test_how_many_values_an_attribute_may_have_is_kept_on_the_way_in_and_out(form, tmp_path):
    (structure,) = told(str(OWN)).data_structures
    components = tuple(replace(c, **SEVERAL.get(c.id, {})) for c in structure.components)
    known = replace(awkward(), data_structures={OWN: replace(structure, components=components)})
    known = replace(known, dataflows={OWN: awkward().dataflows[OWN]})
    content = structure_message(known, [OWN], form, HEADER)
    shutil.copytree(ROOT / "sdmx_mappings", tmp_path / "mappings")
    place = tmp_path / "mappings" / "structures" / "OFFICE" / "imported"
    place.mkdir(parents=True)
    (place / f"homes.{'json' if form.startswith('json') else 'xml'}").write_bytes(content)
    # As it is pulled, kept as received and read with the mappings, and written again in every format that can say it.
    pulled = load_mappings(tmp_path / "mappings").structures
    for again in (form, "ml-3.0", "json-2.1"):
        (read,) = read_structures(structure_message(pulled, [OWN], again, HEADER)).data_structures.values()
        found = {c.id: (c.array, c.most) for c in read.components if c.array}
        assert found == {"SOURCE": (True, None), "NOTE": (True, 3)}
    assert b'maxOccurs="3"' in schema(pulled.data_structures[OWN], pulled, "3.0")


@pytest.mark.parametrize("said", ["many", "-"])
def test_a_number_of_values_that_is_none_is_named(said):
    flow = structure_message(awkward(), [OWN], "json-2.0", HEADER).replace(
        b'"localRepresentation": {', f'"localRepresentation": {{"maxOccurs": "{said}", '.encode()
    )
    with pytest.raises(StructureError, match="NOT_STRUCTURES"):
        read_structures(flow)


FOREIGN = {
    "AREA_NOTE": {"group": ("REGION",), "group_id": "Sibling"},
    "NOTE": {"some": ("REGION",)},
    "SOURCE": {"any_language": True},
    "OBS_VALUE": {"array": True, "most": 2},
}
"""What others' structures have: a group with a name of its own, an attribute of some dimensions that are no group, texts in
languages that are not told, a measure of several values."""


def foreign(form):
    """Return structures with what a version can say of it."""
    old = form in ("ml-2.1", "json-1.0")
    (structure,) = told(str(OWN)).data_structures
    own = {c: more for c, more in FOREIGN.items() if not old or c in ("AREA_NOTE", "NOTE")}
    components = tuple(replace(c, **own.get(c.id, {})) for c in structure.components)
    known = replace(awkward(), data_structures={OWN: replace(structure, components=components)})
    return replace(known, dataflows={OWN: awkward().dataflows[OWN]})


@pytest.mark.parametrize("form", FORMATS)
def test_what_structures_of_others_say_is_kept_on_the_way_in_and_out(form, tmp_path):
    content = structure_message(foreign(form), [OWN], form, HEADER)
    assert read_structures(content).data_structures == foreign(form).data_structures
    (tmp_path / "message").write_bytes(content)
    assert [str(fault) for fault in validate_message(tmp_path / "message", None)] == []


@pytest.mark.parametrize("form", ["ml-2.1-generic", "ml-2.1-structure-specific", "ml-3.0", "ml-3.1"])
def test_data_calls_a_group_as_its_structure_does_and_has_none_for_dimensions_that_are_no_group(
    form, tmp_path
):
    known = foreign("ml-2.1" if "2.1" in form else "ml-3.0")
    dsd = known.data_structures[OWN]
    values = [[1.5, 2.0], [3.0]] if dsd.by_id["OBS_VALUE"].array else [1.5, 3.0]
    source = [
        {
            "REGION": "R1",
            "DAY": day,
            "TIME_PERIOD": "2020",
            "OBS_VALUE": value,
            "NOTE": "same",
            "AREA_NOTE": "area",
        }
        for day, value in zip(("d1", "d2"), values, strict=True)
    ]
    content = data_written(data_message(tmp_path, source, dsd), form, tmp_path)
    assert b"Sibling" in content
    assert b"Group_" not in content
    assert content.count(b'NOTE="same"') + content.count(b'id="NOTE" value="same"') == 2  # at both series
    (tmp_path / "message").write_bytes(content)
    assert [str(fault) for fault in validate_message(tmp_path / "message", known)] == []


def test_texts_are_in_several_languages_only_where_it_is_said():
    content = structure_message(foreign("ml-3.0"), [OWN], "ml-3.0", HEADER)
    assert b'isMultiLingual="false"' in content  # which the schema of 3.0 would take for true
    silent = content.replace(b' isMultiLingual="true"', b"").replace(b' isMultiLingual="false"', b"")
    (read,) = read_structures(silent).data_structures.values()
    assert not any(c.any_language for c in read.components)


@pytest.mark.parametrize("encoding", ["iso-8859-1", "utf-16"])
def test_xml_in_another_encoding_is_read(encoding):
    text = SDG.decode().replace('<?xml version="1.0"?>', f'<?xml version="1.0" encoding="{encoding}"?>')
    found = read_structures(text.replace(">Sex<", ">Køn<").encode(encoding))
    assert found.schemes[Reference("OLD", "CS", "1.0")].items[0].names == {"en": "Køn"}


@pytest.mark.parametrize(
    ("form", "code", "meant"),
    [
        ("ml-2.1", "Value>R1</", 'Value cascadeValues="true">R1</'),
        ("ml-3.0", "Value>R1</", "Value>R%</"),
        ("json-1.0", '"R1"', '"R%"'),
        ("json-2.0", '"value": "R1"', '"value": "R1", "cascadeValues": true'),
    ],
)
def test_a_constraint_that_means_more_codes_than_it_names_refuses_none(form, code, meant):
    content = structure_message(awkward(), [OWN], form, HEADER).decode()
    (read,) = read_structures(content.encode()).constraints.values()
    assert read.allowed == {"REGION": ("R1", "R0-1@$_")}
    head, region, rest = content.partition("ubeRegion")
    assert code in rest
    (read,) = read_structures((head + region + rest.replace(code, meant, 1)).encode()).constraints.values()
    assert read.allowed == {}


def test_each_region_of_a_constraint_adds_its_codes():
    one, other = {"AREA": [("DK", False)], "SEX": [("F", False)]}, {"AREA": [("NP", "false"), ("DK", False)]}
    assert allowed_of([one, other]) == {"AREA": ("DK", "NP")}


def test_a_text_in_languages_that_are_told_here_only_is_no_difference_from_a_registry():
    selected = told(str(OWN))
    (dsd,) = selected.data_structures
    components = tuple(replace(c, languages=("en", "da")) if c.id == "NOTE" else c for c in dsd.components)
    selected = replace(selected, data_structures=(replace(dsd, components=components),))
    known = replace(foreign("ml-3.0"), data_structures={OWN: selected.data_structures[0]})
    theirs = read_structures(structure_message(known, [OWN], "json-2.0", HEADER))
    assert {one.state for one in differences(artefacts_of(selected), theirs)} == {"same"}
    theirs = read_structures(structure_message(foreign("ml-3.0"), [OWN], "json-2.0", HEADER))
    assert any("NOTE" in line for one in differences(artefacts_of(selected), theirs) for line in one.details)
