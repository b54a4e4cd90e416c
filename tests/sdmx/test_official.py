"""The official structures that are shipped say what their authorities say: the table stands here, not in the files."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from citizenstats.contracts.load import load_mappings
from citizenstats.sdmx.model import DataStructure, Reference, Structures

ROOT = Path(__file__).parents[2]
SDG = Reference("IAEG-SDGs", "SDG", "1.0")

DIMENSIONS = {
    "FREQ": "SDMX:CL_FREQ(2.0)",
    "REPORTING_TYPE": "IAEG-SDGs:CL_REPORTING_TYPE(1.0)",
    "SERIES": "IAEG-SDGs:CL_SERIES(1.0)",
    "REF_AREA": "IAEG-SDGs:CL_AREA(1.0)",
    "SEX": "IAEG-SDGs:CL_SEX(1.0)",
    "AGE": "IAEG-SDGs:CL_AGE(1.0)",
    "URBANISATION": "IAEG-SDGs:CL_URBANISATION(1.0)",
    "INCOME_WEALTH_QUANTILE": "IAEG-SDGs:CL_QUANTILE(1.0)",
    "EDUCATION_LEV": "IAEG-SDGs:CL_EDUCATION_LEV(1.0)",
    "OCCUPATION": "IAEG-SDGs:CL_OCCUPATION(1.0)",
    "CUST_BREAKDOWN": "IAEG-SDGs:CL_CUST_BREAKDOWN(1.0)",
    "COMPOSITE_BREAKDOWN": "IAEG-SDGs:CL_COMP_BREAKDOWN(1.0)",
    "DISABILITY_STATUS": "IAEG-SDGs:CL_DISABILITY(1.0)",
    "ACTIVITY": "IAEG-SDGs:CL_ACTIVITY(1.0)",
    "PRODUCT": "IAEG-SDGs:CL_PRODUCT(1.0)",
}
"""Dimension → code list, in key order; time comes after them."""

ATTRIBUTES = [
    ("OBS_STATUS", "observation", True, "SDMX:CL_OBS_STATUS(2.1)"),
    ("UNIT_MULT", "observation", True, "SDMX:CL_UNIT_MULT(1.1)"),
    ("UNIT_MEASURE", "series", True, "IAEG-SDGs:CL_UNIT_MEASURE(1.0)"),
    ("NATURE", "observation", False, "IAEG-SDGs:CL_NATURE(1.0)"),
    ("COMMENT_OBS", "observation", False, "String"),
    ("TIME_COVERAGE", "observation", False, "DateTime"),
    ("UPPER_BOUND", "observation", False, "Double"),
    ("LOWER_BOUND", "observation", False, "Double"),
    ("BASE_PER", "observation", False, "DateTime"),
    ("TIME_DETAIL", "observation", False, "String"),
    ("SOURCE_DETAIL", "observation", False, "String"),
    ("COMMENT_TS", "series", False, "String"),
    ("GEO_INFO_URL", "series", False, "String"),
    ("GEO_INFO_TYPE", "series", False, "IAEG-SDGs:CL_GEO_INFO_TYPE(1.0)"),
    ("CUST_BREAKDOWN_LB", "series", False, "String"),
    ("DATA_LAST_UPDATE", "series", False, "DateTime"),
]
"""Attribute, attachment, mandatory, code list or type, in order."""

MULTIPLIERS = [*range(16), *range(-1, -16, -1)]
CODES = {
    "SDMX:CL_SEX(2.1)": "F M _N _O _T _U _Z",
    "SDMX:CL_FREQ(2.0)": "A S Q M W D H B N",
    "SDMX:CL_FREQ(2.1)": "A A2 A3 A4 A5 A10 A20 A30 A_3 S Q M M2 M_2 M_3 W W2 W3 W4 W_2 W_3 D D_2 H H2 H3 B N I OA OM _O _U _Z",
    "SDMX:CL_OBS_STATUS(2.1)": "A B D E F G I K W O M P S L H Q J N U V",
    "SDMX:CL_CONF_STATUS(1.2)": "F N C D S A O T G M E",
    "SDMX:CL_UNIT_MULT(1.1)": " ".join(str(exponent) for exponent in MULTIPLIERS),
    "SDMX:CL_DECIMALS(1.0)": " ".join(str(places) for places in range(16)),
    "IAEG-SDGs:CL_SEX(1.0)": "F M _N _O _U _T",
    "IAEG-SDGs:CL_REPORTING_TYPE(1.0)": "G R N",
}  # fmt: skip
"""Lists that are carried in full → their codes."""


@cache
def structures() -> Structures:
    return load_mappings(ROOT / "sdmx_mappings").structures


def sdg() -> DataStructure:
    return structures().data_structures[SDG]


def test_the_dimensions_of_the_sdg_structure_stand_in_the_official_order_with_their_code_lists() -> None:
    assert {d.id: str(d.codelist) for d in sdg().dimensions} == DIMENSIONS
    assert sdg().key == (*DIMENSIONS, "TIME_PERIOD")


def test_its_measure_is_a_number_and_its_time_a_period() -> None:
    assert [(m.id, m.type, m.codelist) for m in sdg().measures] == [("OBS_VALUE", "Double", None)]
    assert sdg().time is not None
    assert (sdg().time.id, sdg().time.type) == ("TIME_PERIOD", "ObservationalTimePeriod")


def test_its_attributes_have_the_official_order_attachment_usage_and_representation() -> None:
    found = [(a.id, a.attachment, a.mandatory, str(a.codelist or a.type)) for a in sdg().attributes]
    assert found == ATTRIBUTES
    assert not any(a.group for a in sdg().attributes)


def test_every_component_has_a_concept_of_its_own_id() -> None:
    for component in sdg().components:
        assert component.concept == component.id
        assert component.concept in structures().scheme(component.concept_scheme).by_id


@pytest.mark.parametrize(
    ("reference", "code"),
    [
        ("IAEG-SDGs:CL_REPORTING_TYPE(1.0)", "N"),
        ("IAEG-SDGs:CL_SERIES(1.0)", "VC_VAW_MTUHRA"),
        ("IAEG-SDGs:CL_SERIES(1.0)", "VC_VOC_ENFDIS"),
        ("IAEG-SDGs:CL_AREA(1.0)", "1"),
        ("IAEG-SDGs:CL_AREA(1.0)", "208"),
        ("IAEG-SDGs:CL_AGE(1.0)", "_T"),
        ("IAEG-SDGs:CL_DISABILITY(1.0)", "PD"),
        ("IAEG-SDGs:CL_DISABILITY(1.0)", "PWD"),
        ("IAEG-SDGs:CL_NATURE(1.0)", "C"),
        ("IAEG-SDGs:CL_UNIT_MEASURE(1.0)", "NUMBER"),
    ],
)
def test_the_codes_that_national_reporting_needs_are_there(reference: str, code: str) -> None:
    assert code in structures().scheme(Reference.parse(reference)).by_id


@pytest.mark.parametrize(
    "dimension", ["SEX", "AGE", "URBANISATION", "OCCUPATION", "CUST_BREAKDOWN", "ACTIVITY", "PRODUCT"]
)
def test_every_breakdown_can_say_that_there_is_none(dimension: str) -> None:
    codelist = sdg().by_id[dimension].codelist
    assert codelist is not None
    assert "_T" in structures().scheme(codelist).by_id


@pytest.mark.parametrize("reference", CODES)
def test_a_list_that_is_carried_in_full_holds_exactly_the_official_codes(reference: str) -> None:
    found = structures().scheme(Reference.parse(reference))
    assert [item.id for item in found.items] == CODES[reference].split()


def test_only_lists_with_all_their_codes_call_themselves_whole() -> None:
    for reference in CODES:
        partial = structures().scheme(Reference.parse(reference)).partial
        assert partial == ("CL_OBS_STATUS" in reference)


def test_the_status_list_of_the_own_structures_has_the_official_codes_and_two_later_ones() -> None:
    found = structures().scheme(Reference("SDMX", "CL_OBS_STATUS", "2.3"))
    assert [item.id for item in found.items] == [*CODES["SDMX:CL_OBS_STATUS(2.1)"].split(), "X", "_U"]
    assert found.partial


@pytest.mark.parametrize(
    ("reference", "code", "name"),
    [
        ("SDMX:CL_OBS_STATUS(2.1)", "A", "Normal value"),
        ("SDMX:CL_OBS_STATUS(2.1)", "Q", "Missing value; suppressed"),
        ("SDMX:CL_CONF_STATUS(1.2)", "F", "Free (free for publication)"),
        ("SDMX:CL_FREQ(2.1)", "A", "Annual"),
        ("SDMX:CL_SEX(2.1)", "F", "Female"),
        ("SDMX:CL_UNIT_MULT(1.1)", "6", "Millions"),
        ("IAEG-SDGs:CL_SEX(1.0)", "_T", "Both sexes or no breakdown by sex"),
    ],
)
def test_codes_mean_what_they_officially_mean(reference: str, code: str, name: str) -> None:
    assert structures().scheme(Reference.parse(reference)).by_id[code].names["en"] == name


def test_areas_are_m49_numbers_without_leading_zeros_and_no_code_of_a_country_by_letters() -> None:
    areas = [item.id for item in structures().scheme(Reference("IAEG-SDGs", "CL_AREA", "1.0")).items]
    assert not [area for area in areas if area.startswith("0")]
    assert "DK" not in areas
