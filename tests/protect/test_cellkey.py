"""The cell key method: noise that is the same wherever the same records are."""

from __future__ import annotations

import duckdb
import numpy as np
import pytest
from scipy.optimize import minimize

from citizenstats.protect.cellkey import Noise, NoiseError, chances, perturbed_sql, record_key_sql, table

NOISE = Noise(deviation=4, variance=1.5, blocked=(1, 2))


@pytest.mark.parametrize("noise", [NOISE, Noise(2, 1.0), Noise(5, 2.0, (1, 2)), Noise(3, 1.0), Noise(1, 0.5)])
def test_the_noise_has_the_mean_and_the_variance_asked_for(noise: Noise) -> None:
    changes = np.arange(-noise.deviation, noise.deviation + 1)
    for count in range(1, 15):
        chance = chances(noise, count)
        assert chance.sum() == pytest.approx(1)
        assert chance @ changes == pytest.approx(0, abs=1e-9)
        assert np.all(chance[(count + changes < 0) | np.isin(count + changes, noise.blocked)] == 0)
        if count > noise.deviation + max(noise.blocked, default=0):
            assert chance @ changes**2 == pytest.approx(noise.variance, abs=1e-8)


def test_no_other_noise_that_fits_has_more_entropy() -> None:
    """Another optimiser, over the probabilities themselves."""
    changes = np.arange(-4, 5)
    free = ~np.isin(5 + changes, NOISE.blocked)
    d = changes[free].astype(float)
    fits = [
        {"type": "eq", "fun": lambda p: p.sum() - 1},
        {"type": "eq", "fun": lambda p: p @ d},
        {"type": "eq", "fun": lambda p: p @ d**2 - NOISE.variance},
    ]
    start = np.full(len(d), 1 / len(d))
    best = minimize(
        lambda p: (p * np.log(p)).sum(),
        start,
        bounds=[(1e-12, 1)] * len(d),
        constraints=fits,
        options={"ftol": 1e-14},
    )
    assert chances(NOISE, 5)[free] == pytest.approx(best.x, abs=1e-4)


def test_impossible_noise_is_refused() -> None:
    with pytest.raises(NoiseError, match="variance"):
        chances(Noise(2, 5.0), 10)
    with pytest.raises(NoiseError, match="mean"):
        chances(Noise(1, 0.5, (1, 2)), 1)


def test_the_table_has_every_key_once_and_is_unbiased() -> None:
    rows = table(NOISE)
    assert rows == table(NOISE)
    assert len({(count, key) for count, key, _ in rows}) == len(rows) == 8 * 256
    means = {count: sum(change for c, _, change in rows if c == count) for count in range(8)}
    assert means[0] == 0
    assert {abs(mean) for count, mean in means.items() if count > 4} == {0}
    assert all(abs(mean) <= 2 for mean in means.values())


def test_the_same_records_get_the_same_noise_in_every_table_and_release() -> None:
    con = duckdb.connect()
    con.execute("SET threads = 1")
    con.execute(
        "CREATE TABLE persons AS SELECT 'p' || i AS id, CASE WHEN hash(i) % 7 < 5 THEN 'N' ELSE 'S' END AS region, "
        "CASE WHEN hash(i * 3 + 1) % 2 = 0 THEN 'F' ELSE 'M' END AS sex FROM range(400) AS r(i)"
    )
    con.execute("CREATE TABLE ptable (pcv INTEGER, ckey INTEGER, pvalue INTEGER)")
    con.executemany("INSERT INTO ptable VALUES (?, ?, ?)", table(NOISE))
    keyed = f"(SELECT *, {record_key_sql('id', chr(39) + 'a secret' + chr(39))} AS record_key FROM persons)"

    def published(source: str, *by: str) -> list[tuple[object, ...]]:
        return con.execute(perturbed_sql(source, by, "record_key", NOISE, "ptable")).fetchall()

    cells = {row[:-2]: row[-1] for row in published(keyed, "region", "sex")}
    north = {row[:-2]: row[-1] for row in published(f"(FROM {keyed} WHERE region = 'N')", "sex")}
    assert north == {(sex,): value for (region, sex), value in cells.items() if region == "N"}
    shuffled = f"(SELECT * FROM {keyed} ORDER BY hash(id || 'x'))"
    assert published(shuffled, "region", "sex") == published(keyed, "region", "sex")
    assert len(published(keyed)) == 1
    for *_, n, value in published(keyed, "region", "sex"):
        assert abs(value - n) <= NOISE.deviation
    assert any(value != n for *_, n, value in published(keyed, "id", "sex") + published(keyed, "region"))
    assert {value for *_, value in published(keyed, "id")} <= {0, 3, 4, 5}


def test_another_secret_gives_other_keys() -> None:
    con = duckdb.connect()
    keys = [
        con.execute(
            f"SELECT {record_key_sql('id', chr(39) + secret + chr(39))} FROM (SELECT 'p' || i AS id FROM range(50) r(i))"
        ).fetchall()
        for secret in ("one", "two", "one")
    ]
    assert keys[0] != keys[1]
    assert keys[0] == keys[2]
    assert all(0 <= key < 256 for (key,) in keys[0])
