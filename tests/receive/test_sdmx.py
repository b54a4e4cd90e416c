"""Partners who deliver SDMX: a message in the inbox becomes records, whichever format it has, or a clear refusal."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from citizenstats.engine import session
from citizenstats.sdmx.header import Header
from citizenstats.sdmx.write import DataMessage, chunks
from tests.receive.office import Contract, Office

OFFICE = Callable[..., Office]


ROWS = (
    "SELECT 'A' AS FREQ, area AS REF_AREA, 'SCORE' AS INDICATOR, 'F' AS SEX, CAST(2020 + n AS VARCHAR) AS TIME_PERIOD, "
    "CASE WHEN n < 2 THEN CAST(n + 0.5 AS DOUBLE) END AS OBS_VALUE, CASE WHEN n < 2 THEN 'A' ELSE 'L' END AS OBS_STATUS, "
    "CAST(40 + n AS BIGINT) AS SAMPLE_SIZE FROM (SELECT unnest(['XX-N', 'XX-S']) AS area), "
    "(SELECT unnest(range(3)) AS n) ORDER BY ALL"
)


def delivers_sdmx(said: Contract) -> None:
    """The contract of a partner whose files are data messages of the dataflow itself."""
    said["read"] = {"format": "sdmx"}
    said["delivery"]["replaces"] = "everything"
    said["record"]["consent"] = {"basis": "organisation", "evidence": "letter"}
    said["key"] = ["REF_AREA", "SEX", "TIME_PERIOD"]
    said["columns"] = {
        "REF_AREA": {"required": True}, "SEX": {"required": True}, "TIME_PERIOD": {"type": "period", "required": True},
        "OBS_VALUE": {"type": "number"}, "OBS_STATUS": {}, "SAMPLE_SIZE": {"type": "integer", "optional": True},
    }  # fmt: skip
    del said["rules"]
    parts = ("REF_AREA", "SEX", "TIME_PERIOD", "OBS_STATUS", "OBS_VALUE", "SAMPLE_SIZE")
    said["targets"] = [
        {
            "dataflow": "OFFICE:ANSWERS",
            "map": {
                "FREQ": {"value": "A"}, "INDICATOR": {"value": "SCORE"}, **{part: {"column": part} for part in parts},
            },
        }
    ]  # fmt: skip


def message(there: Office, form: str, source: str = ROWS, **more: object) -> bytes:
    structures = there.house.mappings.structures
    flow = structures.dataflow("OFFICE:ANSWERS")
    header = Header("M1", datetime(2026, 1, 1, tzinfo=UTC), "WATCH")
    told = DataMessage(
        flow, structures.structure_of(flow.reference), source, header, structures=structures, **more
    )
    with session() as engine:
        return b"".join(chunks(engine, told, form))


@pytest.mark.parametrize("form", ["ml-2.1-generic", "csv-2.1", "json-2.0"])
def test_a_message_becomes_records(office_of: OFFICE, form: str) -> None:
    there = office_of(delivers_sdmx)
    outcome = there.send(gzip.compress(message(there, form)), "whatever.txt")
    assert outcome.status == "accepted", outcome.findings
    assert (outcome.counts["read"], outcome.counts["accepted"]) == (6, 6)
    assert outcome.how_read == {"format": "sdmx", "message": form if form != "csv-2.1" else "csv-2.x"}
    told = there.records("REF_AREA, TIME_PERIOD, OBS_VALUE, OBS_STATUS, SAMPLE_SIZE, 1 AS id")
    assert sorted(one[:-1] for one in told) == [
        (area, str(2020 + n), n + 0.5 if n < 2 else None, "A" if n < 2 else "L", 40 + n)
        for area in ("XX-N", "XX-S") for n in range(3)
    ]  # fmt: skip
    # The two columns that the contract does not name are told, not lost in silence.
    assert [f.code for f in outcome.findings] == ["COLUMN_NOT_READ"]


@pytest.mark.parametrize(("content", "code", "detail"), [
    (b"id,region\n1,North\n", "NOT_A_MESSAGE", "NOT_SDMX"),
    (b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', "NOT_A_MESSAGE", "NOT_SDMX line 1"),
    (b"STRUCTURE,STRUCTURE_ID,FREQ\ndataflow,OTHER:FLOW(1.0),A\n", "NOT_A_MESSAGE", "UNKNOWN_STRUCTURE"),
    (
        b"STRUCTURE,STRUCTURE_ID,ACTION,FREQ,REF_AREA\ndataflow,OFFICE:ANSWERS(1.0.0),D,A,XX-N\n",
        "MESSAGE_DELETES", "1 rows, the first is row 1",
    ),
])  # fmt: skip
def test_what_is_no_message_is_refused_in_words(
    office_of: OFFICE, content: bytes, code: str, detail: str
) -> None:
    there = office_of(delivers_sdmx)
    outcome = there.send(content, "message.xml")
    assert outcome.status == "refused"
    assert [(f.code, f.detail) for f in outcome.findings] == [(code, detail)]


def test_rows_that_break_the_contract_are_refused_by_their_number(office_of: OFFICE) -> None:
    there = office_of(delivers_sdmx)
    content = message(there, "csv-2.1").replace(b",2021,1.5", b",20x1,1.5", 1)
    outcome = there.send(content, "message.csv")
    (finding, *_) = [f for f in outcome.findings if f.column == "TIME_PERIOD"]
    assert (finding.count, finding.first_row) == (1, 2)


def test_a_contract_may_judge_actions_itself(office_of: OFFICE) -> None:
    def judged(said: Contract) -> None:
        delivers_sdmx(said)
        said["columns"]["action"] = {"header": "ACTION"}
        said["ignore"] = [{"when": "action = 'Delete'", "reason": "deleted"}]

    there = office_of(judged)
    lines = message(there, "csv-2.1").replace(b"(1.0.0),R,", b"(1.0.0),D,", 1)
    outcome = there.send(lines, "message.csv")
    assert (outcome.counts["accepted"], outcome.counts["ignored"]) == (5, 1)
