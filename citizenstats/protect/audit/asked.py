"""What figures that ask the same units tell of one another: how many these are, and of a count how many have it not.

Figures ask the same units where they are about one population (compiled ones: where they come from one dataset) and have the
same units in every cell that they have in common. What belongs here: which figures these are, where the units are told by any,
and the table of the units themselves, shown where any figure shows them. What does not: attacking it.
"""

from __future__ import annotations

from citizenstats.engine import Engine


def add_asked(engine: Engine) -> None:
    """Put what figures of the same units tell into the tables `cells` and `former`.

    `cells` gets `asked`, whether any figure shows the units of a cell; `everybody`, those of the whole population where any
    figure shows them; and `counted`, whether the figure itself tells no units: it is then a count of those with and, since
    another figure tells the units, of those without. The units of several figures are a figure by themselves.

    Args:
        engine: with both tables; `cells` with `peers`, the figures that may ask the same, and `base`, the units asked.
    """
    engine.run(
        "CREATE TEMP TABLE asking AS SELECT peers, figure, md5(list({c: categories, n: base} ORDER BY categories)::VARCHAR) "
        "AS units FROM cells WHERE base IS NOT NULL GROUP BY peers, figure"
    )
    one_of_each = "SELECT c.* FROM cells AS c JOIN (SELECT peers, units, min(figure) AS figure FROM asking GROUP BY ALL) USING"
    of_units = f"SELECT peers, units, categories, base FROM ({one_of_each} (peers, figure)) JOIN asking USING (peers, figure)"
    engine.run(
        f"CREATE TEMP TABLE same_units AS WITH of AS ({of_units}) SELECT a.peers, a.units, b.units AS others "
        "FROM of AS a JOIN of AS b USING (peers, categories) GROUP BY ALL HAVING bool_and(a.base = b.base)"
    )
    engine.run(
        "CREATE TEMP TABLE telling AS SELECT s.peers, s.units, c.categories, bool_or(c.shown) AS shown FROM same_units AS s "
        "JOIN asking AS a ON a.peers = s.peers AND a.units = s.others JOIN cells AS c ON c.peers = a.peers "
        "AND c.figure = a.figure AND c.n IS NOT NULL GROUP BY ALL"
    )
    # Of whom no figure tells the units, nobody tells how many have it not.
    told = "a.units IN (SELECT units FROM telling WHERE peers = a.peers)"
    engine.run(
        "CREATE OR REPLACE TEMP TABLE cells AS WITH whole AS (SELECT *, max(n) OVER place AS widest, "
        "max(n) FILTER (shown) OVER place AS widest_shown FROM cells WINDOW place AS (PARTITION BY population, categories)) "
        f"SELECT c.* EXCLUDE (widest, widest_shown) REPLACE (CASE WHEN c.n IS NULL AND c.k IS NOT NULL AND {told} THEN c.base "
        f"ELSE c.n END AS n, CASE WHEN c.n IS NULL AND c.k IS NOT NULL AND {told} THEN c.base - c.k ELSE c.m END AS m), "
        "coalesce(t.shown, FALSE) AS asked, CASE WHEN widest_shown = widest THEN widest END AS everybody, "
        f"coalesce(c.n IS NULL AND c.k IS NOT NULL AND {told}, FALSE) AS counted FROM whole AS c "
        "LEFT JOIN asking AS a ON a.peers = c.peers AND a.figure = c.figure "
        "LEFT JOIN telling AS t ON t.peers = a.peers AND t.units = a.units AND t.categories = c.categories"
    )
    _add_units(engine)


def _add_units(engine: Engine) -> None:
    """Put the units that several figures tell into `cells` and `former`, as a figure that is shown where any shows them."""
    engine.run(
        "CREATE TEMP TABLE together AS SELECT peers, min(units) AS units, figures FROM ("
        "SELECT s.peers, s.units, list_sort(list(DISTINCT a.figure)) AS figures FROM same_units AS s "
        "JOIN asking AS a ON a.peers = s.peers AND a.units = s.others GROUP BY s.peers, s.units) "
        "WHERE len(figures) > 1 GROUP BY peers, figures"
    )
    named = (
        "(SELECT md5(peers || units || 'told together') AS units, UNNEST(figures) AS figure FROM together)"
    )
    engine.run(
        "CREATE TEMP TABLE units_told AS SELECT u.units AS figure, categories, min(population) AS population, "
        "list_distinct(flatten(list(flows))) AS flows, max(n) AS n, max(minimum) AS minimum, bool_or(guards) AS guards, "
        "coalesce(bool_or(shown) FILTER (NOT counted), FALSE) AS shown, FALSE AS restricted, FALSE AS asked, FALSE AS counted "
        f"FROM cells JOIN {named} AS u USING (figure) WHERE n IS NOT NULL GROUP BY ALL"
    )
    engine.run("INSERT INTO cells BY NAME SELECT * FROM units_told")
    engine.run(
        "INSERT INTO former BY NAME SELECT u.units AS figure, vintage, newest, categories, max(n) AS n, "
        "coalesce(bool_or(shown) FILTER (n IS NOT NULL), FALSE) AS shown "
        f"FROM former JOIN {named} AS u USING (figure) GROUP BY ALL"
    )
    engine.run(
        "CREATE OR REPLACE TEMP TABLE former AS WITH units AS (SELECT u.figure, f.vintage, f.categories, max(f.n) AS n, "
        "bool_or(f.shown) AS shown FROM former AS f "
        f"JOIN {named} AS u ON u.units = f.figure GROUP BY ALL) SELECT f.* REPLACE ("
        "coalesce(f.n, u.n) AS n, CASE WHEN f.n IS NULL THEN u.n - f.k ELSE f.m END AS m) "
        "FROM former AS f LEFT JOIN units AS u USING (figure, vintage, categories)"
    )
