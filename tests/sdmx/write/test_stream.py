"""Bytes come while rows are still being made, and memory does not hold them."""

import itertools

from citizenstats.engine import session
from citizenstats.sdmx.write import chunks
from citizenstats.sdmx.write.fragments import Sql
from citizenstats.sdmx.write.stream import texts

from .support import message_of, structure

ENDLESS = """SELECT 'A' AS FREQ, 'DK' AS REF_AREA, 'F' AS SEX, i::VARCHAR AS TIME_PERIOD, i::DOUBLE AS OBS_VALUE
FROM range(1000000000000) AS t(i)"""


def test_the_first_chunks_of_an_endless_message_are_handed_out(tmp_path):
    told = message_of(ENDLESS, structure())
    with session([tmp_path]) as engine:
        first, second, third = itertools.islice(chunks(engine, told, "csv-2.1"), 3)
    assert first.startswith(b"STRUCTURE,")
    assert second.startswith(b"dataflow,OFFICE:HOMES(1.0.0),R,A,DK,F,0,0\n")
    assert second.endswith(b"\n")
    assert len(third) < 10_000_000


def test_texts_follow_each_other_without_a_gap(tmp_path):
    with session([tmp_path]) as engine:
        source = "SELECT CASE WHEN i % 3 = 0 THEN NULL WHEN i % 3 = 1 THEN '' ELSE 'ü' || i END AS t FROM range(100000) AS r(i)"
        found = b"".join(texts(engine, Sql("t"), source))
        nothing = list(texts(engine, Sql("t"), f"SELECT * FROM ({source}) WHERE t = 'none'"))
    assert found.decode() == "".join(f"ü{i}" for i in range(100_000) if i % 3 == 2)
    assert nothing == []
