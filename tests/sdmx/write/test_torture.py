"""Structures with all that the standard has at once: each format says the same of them, or refuses with a name."""

import csv
import io
import itertools
import json
from dataclasses import replace
from decimal import Decimal

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from citizenstats.engine import session
from citizenstats.errors import MessageError
from citizenstats.sdmx.model import FLAT, DataStructure, Item, ItemScheme, Reference, Structures
from citizenstats.sdmx.read import read_message, read_observations
from citizenstats.sdmx.schema import TYPES
from citizenstats.sdmx.validate import validate_message
from citizenstats.sdmx.write import FORMATS, chunks
from tests.conftest import spread

from .support import AWKWARD, CONCEPTS, LISTS, STRUCTURES, component, faults, message, row, structure, written

DIMENSIONS = tuple(f"D{n:02}" for n in range(1, 16))
GROUP = ("D01", "D03")
ABOVE = (
    ("SET_NOTE", {"attachment": "dataset"}),
    ("GROUP_NOTE", {"attachment": "series", "group": GROUP}),
    ("SERIES_NOTE", {"attachment": "series"}),
    ("OBS_NOTE", {}),
)
PARTS = (
    {"array": True},
    {"languages": ("en", "da")},
    {"array": True, "languages": ("en", "da")},
    {"any_language": True},
    {"array": True, "any_language": True},
)
ENDINGS = ("LIST", "TEXT", "TEXTS", "ANY", "ANYS")


def torture(*, old: bool) -> DataStructure:
    """Return 15 dimensions without time, a group, and attributes at every level.

    That of SDMX 3.0 has measures of one and of several values, and an attribute with several values, with several
    languages (which ones is known or not) and with both, at every level; `old` has what SDMX 2.1 can say of it.
    """
    measures = [component("OBS_VALUE", "measure", type="Double")]
    attributes = [component(identifier, "attribute", **more) for identifier, more in ABOVE]
    if not old:
        measures.append(component("HOMES", "measure", type="Integer"))
        measures.append(component("RENTS", "measure", type="Double", array=True, most=3))
        measures.append(component("SHARE", "measure", type="Decimal"))
        measures.append(component("SAID", "measure"))
        measures.append(component("IS_SO", "measure", type="Boolean"))
        measures.append(component("ROOMS", "measure", type="Long", array=True))
        measures.append(component("WORDS", "measure", array=True))
        for (identifier, more), (ending, parts) in itertools.product(ABOVE, zip(ENDINGS, PARTS, strict=True)):
            attributes.append(component(f"{identifier}_{ending}", "attribute", **more, **parts))
        coded = component("AREAS", "attribute", array=True)
        attributes.append(replace(coded, codelist=LISTS["REF_AREA"].reference))
    return DataStructure(
        Reference("OFFICE", "TORTURE", "1.0.0"),
        {"en": "Torture"},
        (*(component(d, "dimension") for d in DIMENSIONS), *measures, *attributes),
    )


def rows(texts, *, old):
    """Return observations whose attributes differ at their level only, with hostile text."""
    texts = itertools.cycle(texts)
    shared = {"SET_NOTE": next(texts), **parts("SET_NOTE", texts)}
    groups = {code: {"GROUP_NOTE": next(texts), **parts("GROUP_NOTE", texts)} for code in "XY"}
    found = []
    for first in "XY":
        series = {"SERIES_NOTE": next(texts), **parts("SERIES_NOTE", texts)}
        for last in "PQ":
            key = {**dict.fromkeys(DIMENSIONS, "Z"), "D01": first, "D15": last}
            own = {
                "OBS_NOTE": next(texts),
                **parts("OBS_NOTE", texts),
                "AREAS": ["DK", "NP"] if last == "P" else None,
            }
            measured = {
                "OBS_VALUE": 1.5,
                "HOMES": 3,
                "RENTS": [0.25, 1e300, 7.0],
                "ROOMS": [2**60, -1],
                "SHARE": Decimal("0.0000001"),
            }
            measured = (
                {**measured, "WORDS": [next(texts), "b"], "SAID": next(texts), "IS_SO": "true"}
                if last == "P"
                else {}
            )
            found.append({**key, **measured, **shared, **groups[first], **series, **own})
    known = torture(old=old).by_id
    return [{k: v for k, v in one.items() if k in known} for one in found]


def parts(identifier, texts):
    pairs = [{"en": next(texts), "da": next(texts)}, {"en": next(texts), "da": None}]
    return {
        f"{identifier}_LIST": [next(texts), next(texts)],
        f"{identifier}_TEXT": pairs[1],
        f"{identifier}_TEXTS": pairs,
        f"{identifier}_ANY": {"da": next(texts), "zh-Hant": next(texts)},
        f"{identifier}_ANYS": [{"pt-BR": next(texts)}, {"ar": next(texts), "en": next(texts)}],
    }


def said(value):
    """Return a value without what is not there, as each reader gives it."""
    if isinstance(value, dict):
        return {k: v for k, v in value.items() if v} or None
    if isinstance(value, list):
        return [said(one) for one in value if said(one)] or None
    if isinstance(value, Decimal):
        return format(value, "f")
    return None if value in (None, "", "NaN", "#N/A") else str(value).removesuffix(".0")


def expected(dsd, listed):
    return {
        tuple(one[d] for d in dsd.key): {
            c.id: said(one.get(c.id)) for c in (*dsd.measures, *dsd.attributes) if said(one.get(c.id))
        }
        for one in listed
    }


def read(dsd, content):
    """Return what a message says, by the rules of its format."""
    reader = {b"<": by_xml, b"{": by_json}.get(content[:1], by_csv)
    found = {}
    for one in reader(dsd, content):
        values = {c.id: said(one.get(c.id)) for c in (*dsd.measures, *dsd.attributes)}
        found[tuple(one[d] for d in dsd.key)] = {k: v for k, v in values.items() if v}
    return found


def by_csv(dsd, content):
    header, *listed = csv.reader(io.StringIO(content.decode(), newline=""))
    for cells in listed:
        one = dict(zip(header, cells, strict=True))
        found = {column.partition("[")[0]: cell for column, cell in one.items()}
        for attribute in (*dsd.measures, *dsd.attributes):
            cell = found.get(attribute.id)
            if attribute.several and cell:
                split = fields(cell)
                if attribute.array and attribute.multilingual:
                    found[attribute.id] = [by_language(fields(one)) for one in split]
                else:
                    found[attribute.id] = by_language(split) if attribute.multilingual else split
        yield found


def fields(text):
    """Return the parts of a cell, quoted as cells are."""
    return next(csv.reader(io.StringIO(text, newline=""), delimiter=";"), [])


def by_language(texts):
    return dict(text.split(":", 1) for text in texts)


def by_xml(dsd, content):
    (data_set,) = etree.fromstring(content).iterfind("{*}DataSet")
    local = {k: v for k, v in data_set.attrib.items() if not k.startswith("{")}
    local |= generic(data_set, "Attributes")
    for atts in data_set.iterfind("Atts"):
        local |= comps(dsd, atts)
    groups = [
        (
            {**dict(g.attrib), **generic(g, "GroupKey")},
            {**dict(g.attrib), **comps(dsd, g), **generic(g, "Attributes")},
        )
        for g in data_set.iterfind("{*}Group")
    ]
    series = [
        (dict(s.attrib) | generic(s, "SeriesKey") | generic(s, "Attributes") | comps(dsd, s), s)
        for s in data_set.iterfind("{*}Series")
    ]
    for above, element in series or [({}, data_set)]:
        for obs in element.iterfind("{*}Obs"):
            one = {
                **local,
                **above,
                **dict(obs.attrib),
                **generic(obs, "ObsKey"),
                **generic(obs, "Attributes"),
                **comps(dsd, obs),
            }
            for named in obs.iterfind("{*}ObsDimension"):
                one[named.get("id")] = named.get("value")
            for value in obs.iterfind("{*}ObsValue"):
                one["OBS_VALUE"] = value.get("value")
            for key, told in groups:
                if all(key[d] == one[d] for d in GROUP):
                    one |= {k: v for k, v in told.items() if k not in DIMENSIONS}
            yield one


def generic(element, part):
    return {v.get("id"): v.get("value") for v in element.iterfind(f"{{*}}{part}/{{*}}Value")}


def comps(dsd, element):
    found = {}
    for comp in element.iterfind("Comp"):
        attribute = dsd.by_id[comp.get("id")]
        told = [
            {t.get("{http://www.w3.org/XML/1998/namespace}lang"): t.text for t in value}
            if attribute.multilingual
            else value.text
            for value in comp.iterfind("Value")
        ]
        found[attribute.id] = told if attribute.array else told[0]
    return found


def by_json(dsd, content):
    data = json.loads(content, parse_float=str)["data"]
    structure = data.get("structure") or data["structures"][0]
    (data_set,) = data["dataSets"]
    dimensions, attributes = structure["dimensions"], structure["attributes"]

    def values(listed, held):
        return {
            c["id"]: None if v is None else one_of(c["values"][v]) if "values" in c else v
            for c, v in zip(listed, held, strict=True)
        }

    def key(listed, text):
        return values(listed, [int(i) for i in text.split(":")])

    shared = values(attributes["dataSet"], data_set.get("attributes", []))
    ordered = sorted([*dimensions["series"], *dimensions["observation"]], key=lambda c: c["keyPosition"])
    groups = []
    for text, held in data_set.get("dimensionGroupAttributes", {}).items():
        indices = zip(DIMENSIONS, ordered, text.split(":"), strict=True)
        partial = {d: one_of(c["values"][int(i)]) for d, c, i in indices if i}
        groups.append((partial, values(attributes["dimensionGroup"], held)))
    measures = structure.get("measures", {"observation": [{"id": "OBS_VALUE"}]})["observation"]
    above = [
        ({**key(dimensions["series"], text), **values(attributes["series"], one.get("attributes", []))}, one)
        for text, one in data_set.get("series", {}).items()
    ] or [({}, data_set)]
    for told, one in above:
        for text, held in one["observations"].items():
            found = {
                **shared,
                **told,
                **key(dimensions["observation"], text),
                **values([*measures, *attributes["observation"]], held),
            }
            for partial, more in groups:
                if partial.items() <= found.items():
                    found |= more
            yield found


def one_of(value):
    return next(value[k] for k in ("id", "value", "name") if k in value)


OLD = ("csv-1.0", "json-1.0", "ml-2.1-structure-specific", "ml-2.1-generic")
ONE_OF_EACH = ("csv-2.1", "ml-3.1", "json-2.1")
NEW = ("csv-2.0", "csv-2.1", "ml-3.0", "ml-3.1", "json-2.0", "json-2.1")
SHAPES = [(form, along) for form in (*NEW, *OLD) for along in (FLAT, "D15")]


@pytest.mark.parametrize(("form", "along"), spread(SHAPES))
def test_what_is_said_comes_back_and_is_valid(tmp_path, form, along):
    for old in (True, False) if form in NEW else (True,):
        dsd, listed = torture(old=old), rows(AWKWARD, old=old)
        told = message(tmp_path, listed, dsd, dimension_at_observation=along)
        content = written(told, form, tmp_path)
        assert read(dsd, content) == expected(dsd, listed)
        if not form.startswith("csv"):
            assert faults(told, content, tmp_path) == []


@pytest.mark.parametrize(
    "form", [f if f in ONE_OF_EACH else pytest.param(f, marks=pytest.mark.long) for f in NEW]
)
def test_our_own_validation_takes_it_and_judges_each_part(tmp_path, form):
    dsd, listed = torture(old=False), rows(AWKWARD, old=False)
    told = message(tmp_path, listed, dsd)
    known = Structures(STRUCTURES.schemes, {dsd.reference: dsd}, {dsd.reference: told.dataflow})
    (tmp_path / "message").write_bytes(written(told, form, tmp_path))
    assert [str(fault) for fault in validate_message(tmp_path / "message", known)] == []
    strange = written(told, form, tmp_path).replace(b"NP", b"XX")
    (tmp_path / "strange").write_bytes(strange)
    assert any(
        "AREAS" in fault.what or "XX" in fault.what for fault in validate_message(tmp_path / "strange", known)
    )


def test_the_schema_knows_the_parts(tmp_path):
    dsd = torture(old=False)
    told = message(tmp_path, rows(AWKWARD, old=False), dsd)
    content = written(told, "ml-3.0", tmp_path)
    assert faults(told, content.replace(b"<Value>NP</Value>", b"<Value>XX</Value>"), tmp_path)
    assert faults(told, content.replace(b'<Comp id="AREAS"', b'<Comp id="OTHER"'), tmp_path)


OLD_ALL = [form for form in FORMATS if form not in NEW]


def test_what_a_format_cannot_say_is_refused_with_a_name(tmp_path):
    dsd = torture(old=False)
    one = replace(
        dsd, components=tuple(c for c in dsd.components if c.role != "measure" or c.id == "OBS_VALUE")
    )
    told = message(tmp_path, rows(AWKWARD, old=False), dsd)
    for form in OLD_ALL:
        time = "NO_TIME_SERIES" if form.endswith("-ts") else None
        for structure_, code in ((dsd, "ONE_MEASURE_ONLY"), (one, "ONE_VALUE_ONLY")):
            with session([tmp_path]) as engine, pytest.raises(MessageError, match=time or code):
                chunks(engine, replace(told, structure=structure_), form)


CHARACTERS = st.characters(
    exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff", include_characters='\n\r\t;,"|=]>'
)


@pytest.mark.parametrize("form", ONE_OF_EACH)
@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.text(CHARACTERS), min_size=1, max_size=60))
def test_any_text_comes_back_from_each_part(tmp_path, form, texts):
    dsd, listed = torture(old=False), rows(texts, old=False)
    told = message(tmp_path, listed, dsd)
    assert read(dsd, written(told, form, tmp_path)) == expected(dsd, listed)


OF_TYPE = {
    "Integer": 7, "Long": 2**40, "Short": 7, "BigInteger": 2**60, "Count": 7, "Double": 1e-300, "Float": 0.5, "Decimal": 1e-9,
    "Boolean": "true", "DateTime": "2020-01-01T00:00:00", "URI": "https://example.org/?a=1&b", "Alpha": "abc",
    "AlphaNumeric": "a1", "Numeric": "007", "ObservationalTimePeriod": "2020-W05", "StandardTimePeriod": "2020-Q1",
    "BasicTimePeriod": "2020-01", "GregorianTimePeriod": "2020", "ReportingTimePeriod": "2020-T2", "GregorianYear": "2020",
    "GregorianYearMonth": "2020-01", "GregorianDay": "2020-01-01", "TimeRange": "2020-01-01/P1Y", "ReportingYear": "2020-A1",
    "ReportingSemester": "2020-S2", "ReportingTrimester": "2020-T3", "ReportingQuarter": "2020-Q4",
    "ReportingMonth": "2020-M11", "ReportingWeek": "2020-W53", "ReportingDay": "2020-D366", "Month": "--05",
    "MonthDay": "--07-01", "Day": "---09", "Time": "10:00:00", "Duration": "P1Y2M", "String": "any",
}  # fmt: skip


@pytest.mark.parametrize("form", ["ml-2.1-structure-specific", "ml-3.0", "ml-3.1", "json-2.0", "csv-2.1"])
def test_a_value_of_each_data_type_is_valid_and_comes_back(tmp_path, form):
    assert OF_TYPE.keys() == TYPES.keys()
    more = [component(kind.upper(), "attribute", type=kind) for kind in OF_TYPE]
    more.append(component("REPORTING_YEAR_START_DAY", "attribute", attachment="series"))
    dsd = structure(*more)
    values = {kind.upper(): value for kind, value in OF_TYPE.items()} | {
        "REPORTING_YEAR_START_DAY": "--07-01"
    }
    told = message(tmp_path, [row(**values)], dsd, dimension_at_observation=FLAT)
    known = Structures(STRUCTURES.schemes, {dsd.reference: dsd}, {dsd.reference: told.dataflow})
    (tmp_path / "message").write_bytes(written(told, form, tmp_path))
    assert [str(fault) for fault in validate_message(tmp_path / "message", known)] == []
    read_observations(tmp_path / "message", known, tmp_path / "observations.parquet")
    (found,) = pq.read_table(tmp_path / "observations.parquet").to_pylist()
    assert {key: found[key] for key in values} == values


def test_a_component_called_type_is_refused_where_xml_has_the_name_already(tmp_path):
    dsd = structure(component("type", "attribute"))
    told = message(tmp_path, [row()], dsd)
    known = Structures(STRUCTURES.schemes, {dsd.reference: dsd}, {dsd.reference: told.dataflow})
    for form in ("ml-2.1-structure-specific-ts", "ml-3.1"):
        with session([tmp_path]) as engine, pytest.raises(MessageError, match="NAME_TAKEN"):
            chunks(engine, told, form)
    content = written(message(tmp_path, [row()], structure()), "ml-3.0", tmp_path)
    (tmp_path / "message").write_bytes(content)
    assert [fault.code for fault in validate_message(tmp_path / "message", known)] == ["NOT_VALID"]
    (tmp_path / "message").write_bytes(written(told, "ml-2.1-generic", tmp_path))
    assert [str(fault) for fault in validate_message(tmp_path / "message", known)] == []


def test_json_tells_the_languages_of_all_names_and_texts_and_where_its_schema_is(tmp_path):
    dsd, listed = torture(old=False), rows(AWKWARD, old=False)
    named = Item("F", {"en": "Female", "Fr": "Femme", "ne": "महिला"})
    sexes = ItemScheme("Codelist", LISTS["SEX"].reference, {"en": "Sex"}, (named,))
    concepts = ItemScheme("ConceptScheme", CONCEPTS, {"en": "Ideas"}, ())
    dsd = replace(dsd, components=(*dsd.components, component("SEX", "attribute")))
    schemes = {**STRUCTURES.schemes, sexes.reference: sexes, CONCEPTS: concepts}
    known = Structures(schemes, {dsd.reference: dsd}, {})
    told = message(tmp_path, [{**one, "SEX": "F"} for one in listed], dsd, structures=known)
    for form, own in (("json-2.0", False), ("json-2.1", True)):
        said = json.loads(written(told, form, tmp_path))
        assert said["meta"]["contentLanguages"] == ["en", "ar", "da", "fr", "ne", "pt-br", "zh-hant"]
        assert said.get("$schema", said["meta"]["schema"]) == said["meta"]["schema"]
        assert ("$schema" in said) is own
        assert not faults(told, written(told, form, tmp_path), tmp_path)
    (tmp_path / "message").write_text(json.dumps({**said, "meta": {**said["meta"], "schema": None}}))
    known = replace(known, dataflows={dsd.reference: told.dataflow})
    assert read_message(tmp_path / "message", known, tmp_path / "rows").format == "json-2.1"
