"""Quantiles against scipy, which is here for tests only."""

from __future__ import annotations

import duckdb
import pytest
from scipy import stats

from citizenstats.estimate.distributions import beta_cdf, beta_quantile, t_quantile, t_sql


@pytest.mark.parametrize("df", [1, 2, 3, 7, 14, 39, 100, 101, 197, 1000, 100_000])
def test_student(df: int) -> None:
    expected = stats.t.ppf(0.975, df)
    assert t_quantile(0.975, df) == pytest.approx(expected, rel=1e-10)
    with duckdb.connect() as connection:
        row = connection.execute(f"SELECT {t_sql('df')} FROM (SELECT {df} AS df)").fetchone()
    assert row is not None
    assert row[0] == pytest.approx(expected, rel=1e-10)


def test_no_degree_of_freedom_no_quantile() -> None:
    with duckdb.connect() as connection:
        assert connection.execute(f"SELECT {t_sql('df')} FROM (SELECT 0 AS df)").fetchone() == (None,)


@pytest.mark.parametrize(("a", "b"), [(0.5, 0.5), (2, 5), (30.2, 4.7), (0.01, 8), (900, 1200)])
@pytest.mark.parametrize("p", [0.025, 0.5, 0.975])
def test_beta(p: float, a: float, b: float) -> None:
    expected = stats.beta.ppf(p, a, b)
    assert beta_quantile(p, a, b) == pytest.approx(expected, rel=1e-9, abs=1e-14)
    assert beta_cdf(0.3, a, b) == pytest.approx(stats.beta.cdf(0.3, a, b), rel=1e-9, abs=1e-14)
