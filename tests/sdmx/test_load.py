"""A structures folder: what it says is loaded, and each fault is told with file, line and cure."""

from __future__ import annotations

from pathlib import Path

import pytest

from citizenstats.contracts.load import load_mappings
from citizenstats.errors import CitizenstatsError
from citizenstats.harmonize.frame import sql_type
from citizenstats.sdmx import load
from citizenstats.sdmx.model import Annotation, Item, Reference, Structures

DSD = """version: 1.0.0
name: {en: Homes, da: Hjem}
components:
  FREQ: {role: dimension, codelist: "SDMX:CL_FREQ(2.1)"}
  REGION: {role: dimension, codelist: "OFFICE:CL_REGION(1.0.0)"}
  TIME_PERIOD: {role: time}
  OBS_VALUE: {role: measure, type: Double}
  OBS_STATUS: {role: attribute, codelist: "SDMX:CL_OBS_STATUS(2.3)", mandatory: true}
  NOTE: {role: attribute, attachment: series, group: [REGION]}
"""
CONCEPTS = """CS_OFFICE:
  version: 1.0.0
  name: Concepts
  concepts:
    REGION: {name: {en: Region, da: Landsdel}, description: Where}
    NOTE: {name: Note}
"""
CATEGORIES = """THEMES:
  version: 1.0.0
  name: Themes
  categories:
    LIVING:
      name: Living
      children:
        HOUSING: {name: {en: Housing, da: Boliger}}
"""
FLOW = """version: 1.0.0
name: {en: Homes}
feeds: [kin/homes]
family: homes
category: LIVING.HOUSING
constraint: {REGION: [N, S]}
"""
GOOD = {
    "agency.yaml": "id: OFFICE\nname: {en: Office}\ncontact: a@b.example\n",
    "partners/kin/partner.yaml": "id: KIN\nname: {en: Kin}\ncontact: a@b.example\n",
    "dataflows/OFFICE/HOMES.yaml": FLOW,
    "structures/OFFICE/codelists.yaml": "CL_REGION: {version: 1.0.0, name: {en: Regions}, partial: true}\n",
    "structures/OFFICE/codelists/CL_REGION.csv": (
        "id,parent,name_en,name_da,description_en,SDG\n"
        "_T,,All,Alle,,\n"
        'N,_T,"North, ""up""",Nord,Cold,1.1;1.2\n'
        "S,_T,South,,,\n"
    ),
    "structures/OFFICE/concepts.yaml": CONCEPTS,
    "structures/OFFICE/categories.yaml": CATEGORIES,
    "structures/OFFICE/data_structures/HOMES.yaml": DSD,
}
CODES = "structures/OFFICE/codelists/CL_REGION.csv"
LISTS = "structures/OFFICE/codelists.yaml"
HOMES = "structures/OFFICE/data_structures/HOMES.yaml"
IDEAS = "structures/OFFICE/concepts.yaml"
THEMES = "structures/OFFICE/categories.yaml"
DATAFLOW = "dataflows/OFFICE/HOMES.yaml"


@pytest.fixture(autouse=True)
def only_the_cross_domain_lists(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lists of the SDG structure are not needed here, and reading them takes long."""
    shipped = tmp_path_factory.mktemp("official")
    (shipped / "SDMX").symlink_to(load.OFFICIAL / "SDMX")
    monkeypatch.setattr(load, "OFFICIAL", shipped)


def folder(place: Path) -> Path:
    for name, text in GOOD.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return place


def loaded(place: Path) -> Structures:
    return load_mappings(place).structures


def test_codes_carry_names_descriptions_parents_and_annotations_in_the_order_of_the_file(
    tmp_path: Path,
) -> None:
    found = loaded(folder(tmp_path)).scheme(Reference("OFFICE", "CL_REGION", "1.0.0"))
    assert found.names == {"en": "Regions"}
    assert found.partial
    assert found.items == (
        Item("_T", {"en": "All", "da": "Alle"}),
        Item(
            "N", {"en": 'North, "up"', "da": "Nord"}, {"en": "Cold"}, "_T",
            (Annotation("SDG", title="1.1"), Annotation("SDG", title="1.2")),
        ),
        Item("S", {"en": "South"}, {}, "_T"),
    )  # fmt: skip


def test_a_component_takes_the_concept_of_its_id_from_the_agency_before_the_cross_domain_ones(
    tmp_path: Path,
) -> None:
    (structure,) = [s for r, s in loaded(folder(tmp_path)).data_structures.items() if r.agency == "OFFICE"]
    concepts = {c.id: f"{c.concept_scheme}.{c.concept}" for c in structure.components}
    assert concepts["REGION"] == "OFFICE:CS_OFFICE(1.0.0).REGION"
    assert concepts["FREQ"] == "SDMX:CROSS_DOMAIN_CONCEPTS(2.0).FREQ"


def test_components_carry_role_type_attachment_usage_and_group(tmp_path: Path) -> None:
    (structure,) = [s for r, s in loaded(folder(tmp_path)).data_structures.items() if r.agency == "OFFICE"]
    assert structure.names == {"en": "Homes", "da": "Hjem"}
    assert structure.key == ("FREQ", "REGION", "TIME_PERIOD")
    assert [(c.id, c.type, c.attachment, c.mandatory, c.group) for c in structure.components[2:]] == [
        ("TIME_PERIOD", "ObservationalTimePeriod", "observation", False, ()),
        ("OBS_VALUE", "Double", "observation", False, ()),
        ("OBS_STATUS", "String", "observation", True, ()),
        ("NOTE", "String", "series", False, ("REGION",)),
    ]


def test_an_attribute_may_have_several_values_and_languages(tmp_path: Path) -> None:
    place = folder(tmp_path)
    told = GOOD[HOMES].replace("group: [REGION]", "array: true, languages: [en, da]")
    (place / HOMES).write_text(told, "utf-8")
    (structure,) = [s for r, s in loaded(place).data_structures.items() if r.agency == "OFFICE"]
    note = structure.by_id["NOTE"]
    assert (note.array, note.languages, note.several) == (True, ("en", "da"), True)
    assert sql_type(note) == 'STRUCT("en" VARCHAR, "da" VARCHAR)[]'
    assert (note.most, note.occurs) == (None, "unbounded")
    (place / HOMES).write_text(GOOD[HOMES].replace("group: [REGION]", "array: 3"), "utf-8")
    (structure,) = [s for r, s in loaded(place).data_structures.items() if r.agency == "OFFICE"]
    assert (structure.by_id["NOTE"].array, structure.by_id["NOTE"].occurs) == (True, "3")


def test_what_partner_and_dataflow_files_say_becomes_structures(tmp_path: Path) -> None:
    found = loaded(folder(tmp_path))
    flow = Reference("OFFICE", "HOMES", "1.0.0")
    assert found.dataflows[flow].structure == flow
    (agreement,), (categorisation,), (constraint,) = (
        found.provision_agreements,
        found.categorisations,
        found.constraints,
    )
    assert (agreement.reference.id, agreement.dataflow, agreement.provider) == ("HOMES_KIN", flow, "KIN")
    assert (categorisation.category, categorisation.dataflow) == ("LIVING.HOUSING", flow)
    assert (constraint.allowed, constraint.dataflow) == ({"REGION": ("N", "S")}, flow)
    assert list(found.scheme(Reference("OFFICE", "DATA_PROVIDERS", "1.0")).by_id) == ["KIN"]
    assert list(found.scheme(Reference("OFFICE", "AGENCIES", "1.0")).by_id) == ["OFFICE"]


def test_the_folder_wins_over_what_is_shipped(tmp_path: Path) -> None:
    place = folder(tmp_path) / "structures" / "SDMX"
    (place / "codelists").mkdir(parents=True)
    (place / "codelists.yaml").write_text('CL_FREQ: {version: "2.1", name: Own}\n')
    (place / "codelists" / "CL_FREQ.csv").write_text("id,name_en\nA,Yearly\n")
    found = loaded(tmp_path).scheme(Reference("SDMX", "CL_FREQ", "2.1"))
    assert found.names == {"en": "Own"}
    assert found.items == (Item("A", {"en": "Yearly"}),)


def test_a_code_list_saved_by_a_spreadsheet_is_read(tmp_path: Path) -> None:
    place = folder(tmp_path)
    (place / CODES).write_bytes("﻿id,parent,name_en\r\n N , S ,North\r\nS,,South\r\n".encode())
    found = loaded(place).scheme(Reference("OFFICE", "CL_REGION", "1.0.0"))
    assert found.items == (Item("N", {"en": "North"}, {}, "S"), Item("S", {"en": "South"}))


FAULTS = [
    # file, what stands there, what stands there instead, line, code, part of the cure
    (CODES, "N,_T,", "N,_X,", 3, "UNKNOWN_CODE", "known: N, S, _T"),
    (CODES, "S,_T,", "N,_T,", 4, "BAD_CODE", "leave one of them"),
    (CODES, "S,_T,", "S,S,", 4, "BAD_CODE", "above its codes"),
    (CODES, "_T,,All", "_T,S,All", 2, "BAD_CODE", "above its codes"),
    (CODES, "S,_T,", "South west,_T,", 4, "BAD_ID", "use A to Z"),
    (CODES, "S,_T,", "SØ,_T,", 4, "BAD_ID", "use A to Z"),
    (CODES, "S,_T,", ",_T,", 4, "BAD_ID", "use A to Z"),
    (CODES, "S,_T,South", "S,_T,", 4, "MISSING_KEY", "fill name_en"),
    (CODES, "S,_T,South,,,", "S,_T,South,,,,", 4, "BAD_CODE", "in quotes"),
    (CODES, "S,_T,South,,,", "S,_T,South", 4, "BAD_CODE", "in quotes"),
    (CODES, "South", "So\x07uth", 4, "BAD_CODE", "remove it"),
    (CODES, "name_da", "name_dä", 1, "BAD_VALUE", "write name_en"),
    (CODES, "id,", "code,", 2, "BAD_ID", "use A to Z"),
    (LISTS, "CL_REGION:", "CL_REGIONS:", 1, "NO_SUCH_FILE", "make "),
    (LISTS, "version: 1.0.0, ", "", 1, "MISSING_KEY", "write version: 1.0.0"),
    (LISTS, "1.0.0", "1.10", 1, "BAD_VALUE", "in quotes"),
    (LISTS, "1.0.0", "first", 1, "BAD_VALUE", "write version: 1.0.0"),
    (LISTS, "name:", "nmae:", 1, "UNKNOWN_KEY", "did you mean 'name'"),
    (LISTS, "{en: Regions}", "[Regions]", 1, "BAD_VALUE", "in quotes"),
    (LISTS, "{en: Regions}", "{English: Regions}", 1, "BAD_VALUE", "in quotes"),
    (LISTS, "{en: Regions}", "{en: Regions, north: }", 1, "BAD_VALUE", "in quotes"),
    (LISTS, "{en: Regions}", '{en: "\\a"}', 1, "BAD_VALUE", "in quotes"),
    (LISTS, GOOD[LISTS], "just text\n", 1, "BAD_VALUE", "write ID"),
    (LISTS, GOOD[LISTS], "CL_REGION:\n", 1, "MISSING_KEY", "entries below"),
    (LISTS, "{version", "{id: 1 REGION, version", 1, "BAD_ID", "a letter first"),
    (HOMES, "OFFICE:CL_REGION(1.0.0)", "OFFICE:CL_REGON(1.0.0)", 5, "NO_SUCH_SCHEME", "did you mean 'OFFICE:CL_REGION("),
    (HOMES, "OFFICE:CL_REGION(1.0.0)", "OFFICE:CS_OFFICE(1.0.0)", 5, "NO_SUCH_SCHEME", "did you mean 'OFFICE:CL_REGION("),
    (HOMES, "OFFICE:CL_REGION(1.0.0)", "CL_REGION", 5, "BAD_REFERENCE", "AGENCY:ID(1.0.0)"),
    (HOMES, '"OFFICE:CL_REGION(1.0.0)"', "7", 5, "BAD_REFERENCE", "AGENCY:ID(1.0.0)"),
    (HOMES, "mandatory: true", "mandatry: true", 8, "UNKNOWN_KEY", "did you mean 'mandatory'"),
    (HOMES, "version:", "versoin:", 1, "UNKNOWN_KEY", "did you mean 'version'"),
    (HOMES, "role: time", "role: tiem", 6, "BAD_VALUE", "did you mean 'time'"),
    (HOMES, "attachment: series", "attachment: serie", 9, "BAD_VALUE", "did you mean 'series'"),
    (HOMES, "type: Double", "type: Duoble", 7, "BAD_VALUE", "did you mean 'Double'"),
    (HOMES, "{role: time}", "time", 6, "BAD_VALUE", "write {role"),
    (HOMES, "  NOTE:", "  REMARK:", 9, "NO_SUCH_CONCEPT", "concepts.yaml"),
    (HOMES, "{role: time}", '{role: time, concept: "OFFICE:CS_OFFICE(1.0.0).NOTES"}', 6, "NO_SUCH_CONCEPT", "NOTE'"),
    (HOMES, "group: [REGION]", "group: REGION", 9, "BAD_VALUE", "write group: ["),
    (HOMES, "group: [REGION]", "group: [REGIN]", 9, "UNKNOWN_COMPONENT", "did you mean 'REGION'"),
    (HOMES, "group: [REGION]", "array: several", 9, "BAD_VALUE", "array: true"),
    (HOMES, "group: [REGION]", "array: 1", 9, "BAD_VALUE", "array: 3"),
    (HOMES, "group: [REGION]", "languages: en", 9, "BAD_VALUE", "languages: [en, da]"),
    (HOMES, "type: Double", "type: Double, array: true", 7, "BAD_VALUE", "leave out"),
    (HOMES, "role: measure", "role: attribute", 1, "BAD_VALUE", "add what is missing"),
    (HOMES, "components:", "component:", 3, "UNKNOWN_KEY", "did you mean 'components'"),
    (HOMES, DSD, "version: 1.0.0\nname: Homes\n", 1, "MISSING_KEY", "entries below"),
    (IDEAS, "    NOTE:", "    1NOTE:", 6, "BAD_ID", "a letter first"),
    (IDEAS, "{name: Note}", "{label: Note}", 6, "UNKNOWN_KEY", "known: "),
    (IDEAS, "{name: Note}", "{}", 6, "MISSING_KEY", "write name"),
    (IDEAS, "{name: Note}", "Note", 6, "BAD_VALUE", "write {name"),
    (THEMES, "LIVING:", "LIVING ROOM:", 5, "BAD_ID", "use A to Z"),
    (THEMES, "HOUSING: {", "LIVING: {", 1, "DUPLICATE_KEY", "another id"),
    (THEMES, "children:", "childs:", 7, "UNKNOWN_KEY", "did you mean 'children'"),
    (THEMES, "HOUSING: {name: {en: Housing, da: Boliger}}", "HOUSING", 5, "MISSING_KEY", "entries below"),
    (DATAFLOW, "category: LIVING.HOUSING", "category: LIVING.HOUSES", 1, "NO_SUCH_CATEGORY", "did you mean 'LIVING.HOUSING'"),
    (DATAFLOW, "category: LIVING.HOUSING", "category: HOUSING", 1, "NO_SUCH_CATEGORY", "did you mean 'LIVING.HOUSING'"),
    (DATAFLOW, "version: 1.0.0", "version: 2.0.0", 1, "NO_SUCH_STRUCTURE", "did you mean 'OFFICE:HOMES(1.0.0)'"),
    (DATAFLOW, "version: 1.0.0", "version: 1.0.0\nstructure: HOMES", 1, "BAD_REFERENCE", "AGENCY:ID(1.0.0)"),
    (DATAFLOW, "version: 1.0.0", "version: one", 1, "BAD_VALUE", "write version: 1.0.0"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "good", "bad", "line", "code", "mend"), FAULTS)
def test_a_fault_is_told_with_file_line_and_cure(
    tmp_path: Path, file: str, good: str, bad: str, line: int, code: str, mend: str
) -> None:
    place = folder(tmp_path)
    assert GOOD[file].count(good) >= 1
    (place / file).write_text(GOOD[file].replace(good, bad, 1), "utf-8")
    with pytest.raises(CitizenstatsError) as raised:
        loaded(place)
    found = raised.value
    expected = LISTS if code == "NO_SUCH_FILE" else file
    assert (found.code, found.where) == (code, f"{place / expected}:{line}"), str(found)
    assert mend in found.mend, str(found)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"id,parent,name_en\nN,,K\xf8benhavn\n", "BAD_CSV"),
        (b'id,parent,name_en\nN,,"open\n', "BAD_CSV"),
        (b"", None),
        (b"id,parent,name_en\n", None),
    ],
)
def test_a_code_list_that_is_no_csv_is_told_and_an_empty_one_is_an_empty_list(
    tmp_path: Path, content: bytes, code: str | None
) -> None:
    place = folder(tmp_path)
    (place / CODES).write_bytes(content)
    if code is None:
        assert loaded(place).scheme(Reference("OFFICE", "CL_REGION", "1.0.0")).items == ()
        return
    with pytest.raises(CitizenstatsError) as raised:
        loaded(place)
    assert (raised.value.code, raised.value.where) == (code, str(place / CODES))
    assert raised.value.mend == "save it as UTF-8 CSV"


def test_a_structure_file_whose_name_is_no_id_is_told(tmp_path: Path) -> None:
    place = folder(tmp_path)
    bad = place / "structures/OFFICE/data_structures/My homes.yaml"
    bad.write_text(DSD, "utf-8")
    with pytest.raises(CitizenstatsError) as raised:
        loaded(place)
    assert (raised.value.code, raised.value.where) == ("BAD_ID", f"{bad}:1")
