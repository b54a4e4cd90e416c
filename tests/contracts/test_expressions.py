"""Only plain scalar SQL gets out of a contract."""

from __future__ import annotations

import pytest

from citizenstats.contracts import expressions
from citizenstats.engine import session
from citizenstats.errors import MappingError

COLUMNS = ["a", "b", "Alder"]


@pytest.mark.parametrize(
    "text",
    [
        "a = 1 AND b IN ('x', 'y')",
        "CASE WHEN a > 3 THEN 'PD' ELSE 'PWD' END",
        "len(list_distinct([a, b])) >= 2",
        "regexp_matches(a, '^x')",
        "TRY_CAST(a AS INTEGER) BETWEEN 1 AND 3",
        "coalesce(a, b, 'none') IS DISTINCT FROM b",
        "lower(trim(a)) || '-' || lpad(b, 3, '0')",
        "alder >= 16",
        "replace(replace(a, '.', ''), ',', '.')",
        "regexp_replace(b, '[^0-9]+', '', 'g')",
        " || ".join(["a"] * 500),
        "'it''s'",
    ],
)
def test_plain_scalar_sql_is_let_through(text: str) -> None:
    assert expressions.sql(expressions.parse(text, COLUMNS, "contract.yaml:1"))


@pytest.mark.parametrize(
    "text",
    [
        "(SELECT 1)",
        "a IN (SELECT b FROM c)",
        "EXISTS (SELECT 1)",
        "read_csv('/etc/passwd')",
        "query('select 1')",
        "sum(a)",
        "count(*)",
        "row_number() OVER ()",
        "a; DROP TABLE b",
        "getenv('HOME')",
        "current_setting('x')",
        "now()",
        "current_date",
        "random()",
        "nextval('s')",
        "$1",
        "?",
        "*",
        "columns(*)",
        "t.a = 1",
        "repeat(a, 1000000000)",
        "replace(a, b, a)",
        "regexp_replace(a, '.', b, 'g')",
        "concat(concat(a, a), " * 9 + "a" + ")" * 9 + " || " + " || ".join(["a"] * 1000),
        "replace(" * 4 + "a" + ", 'x', 'xxxxxxxxxx')" * 4,
        "NOT " * 3000 + "a",
        "abs(" * 2000 + "a" + ")" * 2000,
        "a -> 'x'",
        "",
        "a +",
        "COPY a TO 'x'",
        "ATTACH 'x'",
    ],
)
def test_everything_else_is_refused(text: str) -> None:
    with pytest.raises(MappingError) as refused:
        expressions.parse(text, COLUMNS, "contract.yaml:7")
    assert "contract.yaml:7" in str(refused.value)


def test_an_unknown_column_is_answered_with_the_nearest_one() -> None:
    with pytest.raises(MappingError, match="did you mean 'Alder'"):
        expressions.parse("aldr > 3", COLUMNS, "contract.yaml:1")


def test_the_columns_of_an_expression_are_told() -> None:
    assert expressions.columns_of(expressions.parse("a > 1 OR b = a", COLUMNS, "x")) == {"a", "b"}


def test_a_part_of_a_column_without_any_text_can_be_compared() -> None:
    said = expressions.parse("split_part(a, ' ', 2) = 'b' OR split_part(a, ' ', 1) > 'c'", COLUMNS, "x")
    with session() as engine:
        engine.run("CREATE TEMP TABLE record AS SELECT unnest([NULL, NULL]::VARCHAR[]) AS a")
        assert engine.rows(f"SELECT {expressions.sql(said)} FROM record") == [(None,), (None,)]
        engine.run("CREATE OR REPLACE TEMP TABLE record AS SELECT 'x b' AS a")
        assert engine.value(f"SELECT {expressions.sql(said)} FROM record") is True
