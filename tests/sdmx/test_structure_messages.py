"""What a structure message tells, artefact by artefact, as sdmx1, pysdmx and plain JSON read it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pysdmx.io
import pytest
import sdmx
import sdmx.reader.xml.v21
import sdmx.reader.xml.v30  # both before the first message: sdmx1 2.28 fails on 3.0 after 2.1 otherwise

from citizenstats.contracts.load import load_mappings
from citizenstats.errors import MessageError, StructureError
from citizenstats.sdmx.header import Header
from citizenstats.sdmx.model import (
    Annotation,
    Component,
    ContentConstraint,
    Dataflow,
    DataStructure,
    Item,
    ItemScheme,
    Reference,
    Structures,
)
from citizenstats.sdmx.selected import Selected, select
from citizenstats.sdmx.structures import FORMATS, structure_message
from citizenstats.sdmx.validate import validate_message

ROOT = Path(__file__).parents[2]
HEADER = Header("M1", datetime(2026, 1, 1, tzinfo=UTC), "CITIZENSTATS", "UNSD", test=True)
AWKWARD = [
    'say "hi"', "it's", "a < b && c > d", "]]>", "<!-- no -->", "&amp; &#10;", "line\nbreak", "tab\there", "emoji 👩🏽‍🦽🏳️‍🌈",
    "مرحبا بالعالم", "שלום \u200f!", "नेपाल", "=1+1", "\\u0041 \\n", "{en: x}", "x" * 5000,
]  # fmt: skip
OWN = Reference("OFFICE", "HOMES", "1.0.0")
PLAIN = Reference("OFFICE", "FLATS", "1.0.0")


@cache
def published() -> Structures:
    return load_mappings(ROOT / "sdmx_mappings").structures


@cache
def awkward() -> Structures:
    """Return structures with awkward names at every place and, in one of two, an attribute at every level."""
    awkwardly = dict(
        zip(("en", "da", "ar", "zh-Hant"), ('Homes & "hearths" <1>', "Hjem ’n", "بيوت", "家 🏠"), strict=True)
    )
    codes = Reference("OFFICE", "CL_REGION", "1.0.0")
    concepts = Reference("OFFICE", "CS_OFFICE", "1.0.0")
    notes = (Annotation("NOTE", "a < b", {"en": 'say "hi"', "ar": "مرحبا"}, "https://example.org/?a=1&b=2"),)
    regions = [Item(f"R{n}", {"en": text, "ar": f"ع {text}"}, {"en": text}) for n, text in enumerate(AWKWARD)]
    below = Item("R0-1@$_", {"da": "kun dansk"}, {}, "R0", notes)
    ideas = [
        Item(i, awkwardly, awkwardly)
        for i in ("REGION", "TIME_PERIOD", "OBS_VALUE", "NOTE", "AREA_NOTE", "SOURCE", "DAY")
    ]

    def component(identifier: str, role: Any, **more: Any) -> Component:
        return Component(identifier, role, concepts, identifier, **more)

    structure = DataStructure(
        OWN,
        awkwardly,
        (
            component("REGION", "dimension", codelist=codes),
            component("DAY", "dimension"),
            component("TIME_PERIOD", "time", type="ObservationalTimePeriod"),
            component("OBS_VALUE", "measure", type="Double"),
            component("NOTE", "attribute", attachment="series", mandatory=True),
            component("AREA_NOTE", "attribute", attachment="series", group=("REGION",)),
            component("SOURCE", "attribute", attachment="dataset"),
        ),
    )
    plain = DataStructure(
        PLAIN, awkwardly, tuple(c for c in structure.components if not c.group and c.attachment != "dataset")
    )
    schemes = (
        ItemScheme("Codelist", codes, awkwardly, (regions[0], below, *regions[1:]), partial=True),
        ItemScheme("ConceptScheme", concepts, awkwardly, tuple(ideas)),
        ItemScheme(
            "AgencyScheme", Reference("OFFICE", "AGENCIES", "1.0"), awkwardly, (Item("OFFICE", awkwardly),)
        ),
    )
    constraint = ContentConstraint(
        Reference("OFFICE", "CN_HOMES", "1.0.0"), awkwardly, OWN, {"REGION": ("R1", "R0-1@$_")}
    )
    return Structures(
        {scheme.reference: scheme for scheme in schemes},
        {OWN: structure, PLAIN: plain},
        {OWN: Dataflow(OWN, awkwardly, OWN, awkwardly), PLAIN: Dataflow(PLAIN, awkwardly, PLAIN, awkwardly)},
        constraints=(constraint,),
    )


FLOWS = (
    "CITIZENSTATS:DISABILITY_BAROMETER(1.0.0)", "CITIZENSTATS:LGBT_BAROMETER(1.0.0)",
    "CITIZENSTATS:INDIGENOUS_NAVIGATOR(1.0.0)", "CITIZENSTATS:RIGHT_TO_DEFEND(1.0.0)", "IAEG-SDGs:DF_SDG_GLC(1.0)",
    str(OWN), str(PLAIN),
)  # fmt: skip
EVERY = [(flow, form) for flow in FLOWS for form in FORMATS]
LATEST = ("ml-3.1", "json-2.1")
SHAPES = [
    (flow, form)
    for flow, form in EVERY
    if form in ("ml-2.1", "ml-3.0", "json-2.0") or (form in LATEST and flow in (FLOWS[0], str(OWN)))
]
"""What pysdmx 1.21 reads: it knows no SDMX-JSON 1.0; the latest versions are looked at with two dataflows."""

XML = [
    (flow, form)
    for flow, form in SHAPES
    if form in ("ml-2.1", "ml-3.0") and (flow, form) != (str(OWN), "ml-3.0")
]
"""What sdmx1 2.28 reads: it knows no 3.1, and fails on an attribute of a group or data set in 3.0."""


def structures(flow: str) -> Structures:
    return awkward() if flow.startswith("OFFICE") else published()


def told(flow: str) -> Selected:
    return select(structures(flow), [Reference.parse(flow)])


@cache
def written(flow: str, form: str) -> bytes:
    return structure_message(structures(flow), [Reference.parse(flow)], form, HEADER)


@cache
def by_sdmx1(flow: str, form: str) -> Any:
    return sdmx.read_sdmx(io.BytesIO(written(flow, form)))


@cache
def by_pysdmx(flow: str, form: str) -> list[Any]:
    return list(pysdmx.io.read_sdmx(io.BytesIO(written(flow, form)), validate=False).structures or [])


def by_json(flow: str) -> dict[str, Any]:
    return json.loads(written(flow, "json-2.0"))["data"]


def found(flow: str, form: str, kind: str) -> dict[str, Any]:
    """Return what pysdmx reads of a kind, by reference."""
    return {
        f"{one.agency}:{one.id}({one.version})": one
        for one in by_pysdmx(flow, form)
        if type(one).__name__ == kind
    }


def english(names: Any) -> str | None:
    """Return the one language that pysdmx keeps."""
    return names.get("en") or next(iter(names.values()), None)


def lists(flow: str) -> list[ItemScheme]:
    return [scheme for scheme in told(flow).schemes if scheme.kind in ("Codelist", "ConceptScheme")]


def parent(item: Item, form: str) -> str | None:
    """Return the parent as a format can tell it: 3.0 has no word for one that does not begin with a letter."""
    lost = form == "ml-3.0" and item.parent is not None and not item.parent[0].isalpha()
    return None if lost else item.parent


def test_every_published_dataflow_is_looked_at() -> None:
    assert {str(reference) for reference in published().dataflows} == set(FLOWS[:5])


@pytest.mark.parametrize(("flow", "form"), EVERY)
def test_a_structure_message_is_valid_by_the_official_schema(tmp_path: Path, flow: str, form: str) -> None:
    (tmp_path / "message").write_bytes(written(flow, form))
    assert [str(fault) for fault in validate_message(tmp_path / "message", None)] == []


@pytest.mark.parametrize("form", [f for f in FORMATS if f not in ("ml-2.1", "json-1.0")])
def test_an_attribute_of_several_values_and_languages_says_so(tmp_path: Path, form: str) -> None:
    (structure,) = told(str(OWN)).data_structures
    several = {"NOTE": {"array": True, "languages": ("en", "da")}, "SOURCE": {"array": True}}
    components = tuple(replace(c, **several.get(c.id, {})) for c in structure.components)  # type: ignore[arg-type]
    known = replace(awkward(), data_structures={OWN: replace(structure, components=components)})
    known = replace(known, dataflows={OWN: awkward().dataflows[OWN]})
    content = structure_message(known, [OWN], form, HEADER)
    (tmp_path / "message").write_bytes(content)
    assert [str(fault) for fault in validate_message(tmp_path / "message", None)] == []
    assert content.count(b"unbounded") == 2
    assert content.count(b'isMultiLingual="true"') + content.count(b'"isMultiLingual": true') == 1


# --- lists ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("flow", "form"), SHAPES)
def test_pysdmx_reads_the_same_lists_with_the_same_items_in_order(flow: str, form: str) -> None:
    for kind in ("Codelist", "ConceptScheme"):
        schemes = told(flow).of(kind)
        read = found(flow, form, kind)
        assert set(read) == {str(scheme.reference) for scheme in schemes}
        for scheme in schemes:
            one = read[str(scheme.reference)]
            assert (one.name, one.is_partial) == (english(scheme.names), scheme.partial)
            assert [(i.id, i.name, i.description) for i in one.items] == [
                (item.id, english(item.names), english(item.descriptions)) for item in scheme.items
            ]


@pytest.mark.parametrize(("flow", "form"), XML)
def test_sdmx1_reads_names_in_all_languages_descriptions_parents_and_annotations(
    flow: str, form: str
) -> None:
    message = by_sdmx1(flow, form)
    read = {
        str(s.urn).split("=")[1]: s for s in (*message.codelist.values(), *message.concept_scheme.values())
    }
    assert set(read) == {str(scheme.reference) for scheme in lists(flow)}
    for scheme in lists(flow):
        one = read[str(scheme.reference)]
        assert one.name.localizations == scheme.names
        assert list(one.items) == [item.id for item in scheme.items]
        for item in scheme.items:
            mine = one[item.id]
            assert mine.name.localizations == item.names
            assert mine.description.localizations == item.descriptions
            assert (mine.parent.id if isinstance(mine.parent, type(mine)) else None) == parent(item, form)
            assert [(a.type, a.title, a.text.localizations, a.url) for a in mine.annotations] == [
                (a.type, a.title, a.text, a.url) for a in item.annotations
            ]


@pytest.mark.parametrize("flow", FLOWS)
def test_json_tells_names_in_all_languages_descriptions_parents_and_annotations(flow: str) -> None:
    data = by_json(flow)
    read = {
        f"{s['agencyID']}:{s['id']}({s['version']})": s
        for key in ("codelists", "conceptSchemes")
        for s in data[key]
    }
    assert set(read) == {str(scheme.reference) for scheme in lists(flow)}
    for scheme in lists(flow):
        one = read[str(scheme.reference)]
        assert (one["names"], one["isPartial"]) == (scheme.names, scheme.partial)
        items = one.get("codes") or one.get("concepts")
        assert [(i["id"], i["names"], i.get("descriptions", {}), i.get("parent")) for i in items] == [
            (item.id, item.names, item.descriptions, item.parent) for item in scheme.items
        ]
        assert [
            [(a["type"], a.get("title"), a.get("texts", {})) for a in i.get("annotations", ())] for i in items
        ] == [[(a.type, a.title, a.text) for a in item.annotations] for item in scheme.items]


# --- data structures and dataflows ------------------------------------------------------------------------


def attached(structure: DataStructure, attribute: Component) -> str:
    """Return how pysdmx tells where an attribute stands."""
    if attribute.attachment == "series":
        return ",".join(structure.dimensions_of(attribute))
    return "D" if attribute.attachment == "dataset" else "O"


@pytest.mark.parametrize(("flow", "form"), SHAPES)
def test_pysdmx_reads_the_same_components_in_order(flow: str, form: str) -> None:
    (structure,) = told(flow).data_structures
    (read,) = found(flow, form, "DataStructureDefinition").values()
    assert f"{read.agency}:{read.id}({read.version})" == str(structure.reference)
    assert read.name == english(structure.names)
    roles = {"dimension": "Dimension", "time": "Dimension", "measure": "Measure", "attribute": "Attribute"}
    expected = {c.id: c for c in structure.components}
    assert [c.id for c in read.components.dimensions] == list(structure.key)
    assert [c.id for c in read.components.measures] == [m.id for m in structure.measures]
    assert [c.id for c in read.components.attributes] == [a.id for a in structure.attributes]
    for one in read.components:
        mine = expected.pop(one.id)
        assert str(one.role) == roles[mine.role]
        assert one.concept.urn.endswith(f"={mine.concept_scheme}.{mine.concept}")
        codes = one.local_codes
        assert (f"{codes.agency}:{codes.id}({codes.version})" if codes else None) == (
            str(mine.codelist) if codes else None
        )
        assert (codes is None) == (mine.codelist is None)
        if mine.codelist is None:
            assert str(one.dtype) == mine.type
        if mine.role == "attribute":
            assert (one.required, one.attachment_level) == (mine.mandatory, attached(structure, mine)), one.id
    assert not expected


@pytest.mark.parametrize(("flow", "form"), XML)
def test_sdmx1_reads_the_same_components_in_order(flow: str, form: str) -> None:
    (structure,) = told(flow).data_structures
    (read,) = by_sdmx1(flow, form).structure.values()
    assert str(read.urn).split("=")[1] == str(structure.reference)
    assert read.name.localizations == structure.names
    assert [d.id for d in sorted(read.dimensions.components, key=lambda d: d.order or 99)] == list(
        structure.key
    )
    assert [m.id for m in read.measures.components] == [m.id for m in structure.measures]
    assert [a.id for a in read.attributes.components] == [a.id for a in structure.attributes]
    for one in (*read.dimensions.components, *read.measures.components, *read.attributes.components):
        mine = structure.by_id[one.id]
        assert str(one.concept_identity.urn).endswith(f"={mine.concept_scheme}.{mine.concept}")
        enumerated = one.local_representation.enumerated
        if mine.codelist is not None:
            assert str(enumerated.urn).split("=")[1] == str(mine.codelist)
        else:
            (facet,) = one.local_representation.non_enumerated
            assert facet.value_type.name.casefold() == mine.type.casefold()


@pytest.mark.parametrize(("flow", "form"), XML)
def test_sdmx1_reads_where_an_attribute_stands_and_whether_it_must(flow: str, form: str) -> None:
    (structure,) = told(flow).data_structures
    (read,) = by_sdmx1(flow, form).structure.values()
    for mine in structure.attributes:
        one = read.attributes.get(mine.id)
        relation = one.related_to
        kind = relation.__name__ if isinstance(relation, type) else type(relation).__name__
        if mine.group:
            assert kind == "GroupRelationship"
            group = read.group_dimensions[structure.group_name(mine.group)]
            assert [d.id for d in group.components] == list(mine.group)
        elif mine.attachment == "series":
            assert [d.id for d in relation.dimensions] == [d.id for d in structure.dimensions]
        elif mine.attachment == "observation":
            assert kind in ("PrimaryMeasureRelationship", "ObservationRelationship")
        else:
            assert kind == "NoSpecifiedRelationship"
        if form == "ml-2.1":  # sdmx1 2.28 does not read the usage of 3.0
            assert one.usage_status.name == ("mandatory" if mine.mandatory else "conditional")


@pytest.mark.parametrize(("flow", "form"), SHAPES)
def test_both_libraries_read_the_dataflow_with_its_structure(flow: str, form: str) -> None:
    (mine,) = told(flow).dataflows
    (read,) = found(flow, form, "Dataflow").values()
    assert (f"{read.agency}:{read.id}({read.version})", read.name) == (flow, english(mine.names))
    assert read.description == english(mine.descriptions)
    points = read.structure if isinstance(read.structure, str) else read.structure.short_urn
    assert points.split("=")[1] == str(mine.structure)
    if (flow, form) in XML:
        (other,) = by_sdmx1(flow, form).dataflow.values()
        assert str(other.urn).split("=")[1] == flow
        assert (other.name.localizations, other.description.localizations) == (mine.names, mine.descriptions)
        assert str(other.structure.urn).split("=")[1] == str(mine.structure)


# --- organisations, agreements, categories, constraints ---------------------------------------------------


@pytest.mark.parametrize(("flow", "form"), SHAPES)
def test_pysdmx_reads_agencies_providers_and_agreements(flow: str, form: str) -> None:
    (agencies,) = found(flow, form, "AgencyScheme").values()
    (mine,) = told(flow).of("AgencyScheme")
    assert [(a.id.split(".")[-1], a.name) for a in agencies.items] == [
        (i.id, english(i.names)) for i in mine.items
    ]
    expected = () if form == "ml-3.0" else told(flow).of("DataProviderScheme")
    providers = found(flow, form, "DataProviderScheme")
    assert set(providers) == {str(scheme.reference) for scheme in expected}
    for scheme in expected:
        assert [(p.id, p.name, p.description) for p in providers[str(scheme.reference)].items] == [
            (i.id, english(i.names), english(i.descriptions)) for i in scheme.items
        ]
    agreements = found(flow, form, "ProvisionAgreement")
    assert {
        k: (a.name, a.dataflow.split("=")[1], a.provider.split("=")[1]) for k, a in agreements.items()
    } == {
        str(a.reference): (english(a.names), str(a.dataflow), f"{a.provider_scheme}.{a.provider}")
        for a in (() if form == "ml-3.0" else told(flow).agreements)
    }


@pytest.mark.parametrize(("flow", "form"), SHAPES)
def test_pysdmx_reads_categories_and_what_stands_under_them(flow: str, form: str) -> None:
    read = found(flow, form, "Categorisation")
    # Categorisations have no version since 3.1.
    assert {
        k.partition("(")[0]: (c.name, c.source.split("=")[1], c.target.split("=")[1]) for k, c in read.items()
    } == {
        f"{c.reference.agency}:{c.reference.id}": (
            english(c.names),
            str(c.dataflow),
            f"{c.category_scheme}.{c.category}",
        )
        for c in told(flow).categorisations
    }
    schemes = found(flow, form, "CategoryScheme")
    assert set(schemes) == {str(scheme.reference) for scheme in told(flow).of("CategoryScheme")}

    def flat(categories: Sequence[Any], above: str | None) -> list[tuple[str, str, str | None]]:
        return [row for c in categories for row in ((c.id, c.name, above), *flat(c.categories, c.id))]

    for scheme in told(flow).of("CategoryScheme"):
        assert flat(schemes[str(scheme.reference)].items, None) == [
            (i.id, english(i.names), i.parent) for i in scheme.items
        ]


@pytest.mark.parametrize(("flow", "form"), SHAPES)
def test_pysdmx_reads_the_codes_that_a_dataflow_may_use(flow: str, form: str) -> None:
    expected = {str(c.reference): c for c in told(flow).constraints}
    read = found(flow, form, "DataConstraint")
    assert set(read) == set(expected)
    for reference, one in read.items():
        mine = expected[reference]
        assert [urn.split("=")[1] for urn in one.constraint_attachment.dataflows] == [flow]
        (region,) = one.cube_regions
        assert region.is_included
        assert {k.id: tuple(v.value for v in k.values) for k in region.key_values} == mine.allowed


@pytest.mark.parametrize(("flow", "form"), XML)
def test_sdmx1_reads_organisations_agreements_categories_and_constraints(flow: str, form: str) -> None:
    message, mine = by_sdmx1(flow, form), told(flow)
    organisations = [*mine.of("AgencyScheme"), *(mine.of("DataProviderScheme") if form == "ml-2.1" else ())]
    assert {k: [(i.id, i.name.localizations) for i in s] for k, s in message.organisation_scheme.items()} == {
        s.reference.id: [(i.id, i.names) for i in s.items] for s in organisations
    }
    agreements = {
        k: (a.structure_usage.id, a.data_provider.id) for k, a in message.provisionagreement.items()
    }
    assert agreements == {
        a.reference.id: (a.dataflow.id, a.provider) for a in (mine.agreements if form == "ml-2.1" else ())
    }
    categorisations = {k: (c.artefact.id, c.category.id) for k, c in message.categorisation.items()}
    assert categorisations == {
        c.reference.id: (c.dataflow.id, c.category.rpartition(".")[2]) for c in mine.categorisations
    }
    for scheme in mine.of("CategoryScheme"):
        items = message.category_scheme[scheme.reference.id].items
        assert {k: c.name.localizations for k, c in items.items()} == {i.id: i.names for i in scheme.items}
    for constraint in mine.constraints:
        read = message.constraint[constraint.reference.id]
        assert [flow.id for flow in read.content] == [constraint.dataflow.id]
        (region,) = read.data_content_region
        assert {d.id: {str(v.value) for v in chosen.values} for d, chosen in region.member.items()} == {
            d: set(codes) for d, codes in constraint.allowed.items()
        }


@pytest.mark.parametrize("form", FORMATS)
def test_the_header_tells_sender_receiver_test_and_when_the_content_was_there(form: str) -> None:
    content = written(FLOWS[0], form)
    if form.startswith("json"):
        meta = json.loads(content)["meta"]
        read = (meta["id"], meta["test"], meta["prepared"], meta["sender"]["id"], meta["receivers"][0]["id"])
        assert read == ("M1", True, "2026-01-01T00:00:00Z", "CITIZENSTATS", "UNSD")
        assert meta["contentLanguages"][0] == "en"
    elif form == "ml-3.1":
        parts = (
            "<mes:ID>M1<",
            "<mes:Test>true<",
            "<mes:Prepared>2026-01-01T00:00:00Z<",
            'Sender id="CITIZENSTATS"',
        )
        assert all(one in content.decode() for one in (*parts, 'Receiver id="UNSD"'))
    else:
        header = by_sdmx1(FLOWS[0], form).header
        assert (header.id, header.test, header.sender.id, header.receiver.id) == (
            "M1",
            True,
            "CITIZENSTATS",
            "UNSD",
        )
        assert header.prepared == datetime(2026, 1, 1, tzinfo=UTC)


# --- several dataflows, the same bytes, faults ------------------------------------------------------------


@pytest.mark.parametrize("form", [form for form in FORMATS if form != "json-1.0"])
def test_several_dataflows_in_one_message_tell_each_artefact_once(tmp_path: Path, form: str) -> None:
    flows = [Reference.parse(flow) for flow in FLOWS[:5]]
    content = structure_message(published(), flows, form, HEADER)
    assert content == structure_message(published(), flows[::-1], form, HEADER)
    (tmp_path / "message").write_bytes(content)
    assert validate_message(tmp_path / "message", None) == []
    read = pysdmx.io.read_sdmx(io.BytesIO(content), validate=False)
    assert sorted(f"{f.agency}:{f.id}({f.version})" for f in read.get_dataflows()) == sorted(FLOWS[:5])
    urns = [f"{c.agency}:{c.id}({c.version})" for c in read.get_codelists()]
    assert len(urns) == len(set(urns)) > 20


@pytest.mark.parametrize(("flow", "form"), SHAPES)
def test_each_call_gives_the_same_bytes(flow: str, form: str) -> None:
    assert structure_message(structures(flow), [Reference.parse(flow)], form, HEADER) == written(flow, form)


ANEW = """
import hashlib, pathlib
from datetime import UTC, datetime
from citizenstats.contracts.load import load_mappings
from citizenstats.sdmx.header import Header
from citizenstats.sdmx.structures import FORMATS, structure_message
structures = load_mappings(pathlib.Path("sdmx_mappings")).structures
header = Header("M1", datetime(2026, 1, 1, tzinfo=UTC), "CITIZENSTATS", "UNSD", test=True)
for flow in sorted(structures.dataflows):
    for form in FORMATS:
        print(flow, form, hashlib.sha256(structure_message(structures, [flow], form, header)).hexdigest())
"""


def test_another_process_with_another_hash_seed_gives_the_same_bytes() -> None:
    import hashlib

    ran = subprocess.run(
        [sys.executable, "-c", ANEW], cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": "7"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    here = {f"{f} {m} {hashlib.sha256(written(f, m)).hexdigest()}" for f in FLOWS[:5] for m in FORMATS}
    assert set(ran.stdout.splitlines()) == here


def test_a_missing_artefact_or_format_is_told() -> None:
    whole = awkward()
    codes = Reference("OFFICE", "CL_REGION", "1.0.0")
    torn = Structures(
        {r: s for r, s in whole.schemes.items() if r != codes}, whole.data_structures, whole.dataflows
    )
    with pytest.raises(StructureError, match=r"NO_SUCH_SCHEME.*OFFICE:CL_REGION\(1\.0\.0\)"):
        structure_message(torn, [OWN], "ml-2.1", HEADER)
    with pytest.raises(StructureError, match="NO_SUCH_FLOW"):
        structure_message(whole, [codes], "ml-2.1", HEADER)
    with pytest.raises(
        MessageError,
        match=r"NO_SUCH_FORMAT.*use one of ml-2\.1, ml-3\.0, ml-3\.1, json-1\.0, json-2\.0, json-2\.1",
    ):
        structure_message(whole, [OWN], "ml-4.0", HEADER)
