from pathlib import Path

import pytest

from citizenstats.engine import quoted, session
from citizenstats.release.validate import Fault, observation_faults

from .support import row, structure, structures, write


def faults(folder: Path, rows, allowed=None) -> list[Fault]:
    file = folder / "observations.parquet"
    write(file, rows)
    with session([folder]) as engine:
        source = f"SELECT * FROM read_parquet({quoted(str(file))})"
        return observation_faults(engine, source, structure(), structures(), allowed or {})


def test_observations_that_keep_the_structure_have_no_fault(tmp_path):
    rows = [row(), row(sex="M", value=None), row(period="2021"), row(FREQ="Q", period="2020-Q1")]
    assert faults(tmp_path, rows, {"REF_AREA": ["DK"]}) == []


@pytest.mark.parametrize(
    ("wrong", "code", "component"),
    [
        ({"area": "XX"}, "NOT_IN_CODELIST", "REF_AREA"),
        ({"OBS_STATUS": "Z"}, "NOT_IN_CODELIST", "OBS_STATUS"),
        ({"OBS_STATUS": None}, "MISSING", "OBS_STATUS"),
        ({"SEX": None}, "MISSING", "SEX"),
        ({"period": None}, "MISSING", "TIME_PERIOD"),
        ({"UNIT_MEASURE": None}, "MISSING", "UNIT_MEASURE"),
        ({"period": "2020-Q1"}, "PERIOD_DOES_NOT_FIT", "TIME_PERIOD"),
        ({"period": "20"}, "PERIOD_DOES_NOT_FIT", "TIME_PERIOD"),
        ({"value": float("nan")}, "NOT_A_NUMBER", "OBS_VALUE"),
        ({"value": float("inf")}, "NOT_A_NUMBER", "OBS_VALUE"),
        ({"value": None, "OBS_STATUS": "A"}, "MISSING_VALUE_AS_NORMAL", "OBS_VALUE"),
    ],
)
def test_each_fault_is_told_with_its_component(tmp_path, wrong, code, component):
    found = faults(tmp_path, [row("NP"), row("PH"), row(**wrong)])
    assert [(fault.code, fault.component, fault.count) for fault in found] == [(code, component, 1)]


def test_the_text_of_a_fault_holds_no_value(tmp_path):
    (fault,) = faults(tmp_path, [row("Jane Doe"), row("Jane Doe", sex="M")])
    assert str(fault) == "NOT_IN_CODELIST in REF_AREA (2)"
    assert fault.values == ("Jane Doe",)


def test_a_code_outside_the_constraint_is_told(tmp_path):
    (fault,) = faults(tmp_path, [row("DK"), row("NP")], {"REF_AREA": ["DK"]})
    assert (fault.code, fault.component, fault.count) == ("NOT_IN_CONSTRAINT", "REF_AREA", 1)


def test_an_attribute_of_the_series_may_not_change_inside_it(tmp_path):
    (fault,) = faults(
        tmp_path, [row(), row(period="2021", UNIT_MEASURE="NUMBER"), row("NP", UNIT_MEASURE="NUMBER")]
    )
    assert (fault.code, fault.component, fault.count) == ("DIFFERS_INSIDE", "UNIT_MEASURE", 2)


def test_ten_thousand_unknown_codes_are_one_fault_with_some_examples(tmp_path):
    (fault,) = faults(tmp_path, [row(f"X{i}") for i in range(1000)])
    assert fault.count == 1000
    assert len(fault.values) == 100
