"""Memory does not grow with the observations: from one million to fifty, under two gigabytes, in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from citizenstats.engine import session

SOURCE = """SELECT 'A' AS FREQ, ['DK', 'NP', 'PH'][1 + i // ({rows} // 3 + 1)] AS REF_AREA,
'A' || lpad((i // 1000)::VARCHAR, 6, '0') AS SEX,
lpad((i % 1000)::VARCHAR, 4, '0') AS TIME_PERIOD, (i % 7919)::DOUBLE / 16 AS OBS_VALUE FROM range({rows}) AS t(i)"""
WORK = """
import json, sys
from pathlib import Path
from bench.measure import peak
from citizenstats.engine import session
from citizenstats.sdmx.write import chunks
from tests.sdmx.write.support import message_of, structure
file, form = Path(sys.argv[1]), sys.argv[2]
told = message_of(f"SELECT * FROM read_parquet('{file}')", structure())
with session([file.parent]) as engine:
    size = sum(map(len, chunks(engine, told, form)))
print(json.dumps([size, round(peak() * 2**20)]))
"""


def peak(folder: Path, rows: int, form: str) -> tuple[int, int]:
    """Return the bytes of a message, and the bytes of memory that it took at most."""
    file = folder / f"{rows}.parquet"
    if not file.exists():
        with session([folder]) as engine:
            engine.write_parquet(SOURCE.format(rows=rows), file)
    command = [sys.executable, "-c", WORK, str(file), form]
    done = subprocess.run(command, cwd=Path(__file__).parents[3], capture_output=True, check=True, text=True)
    size, most = json.loads(done.stdout.splitlines()[-1])
    return size, most


@pytest.mark.long
@pytest.mark.parametrize("form", ["csv-2.1", "ml-3.0"])
def test_fifty_million_observations_take_the_memory_of_one_million(tmp_path, form):
    small, least = peak(tmp_path, 1_000_000, form)
    large, most = peak(tmp_path, 50_000_000, form)
    assert large > 40 * small
    assert most < 2e9
    assert most < least + 200e6, (least, most)
