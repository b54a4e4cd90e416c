"""The rows of an SDMX message as the table of a delivery: its columns are the components, each under its id.

For partners who deliver SDMX. Every row of the message is a row here, with its number; attributes of series, groups and
data set stand in each. A message can also say that observations are to be deleted; a delivery says what there is, so rows
that delete refuse it unless the contract has a column `ACTION` and so judges them itself.
"""

from __future__ import annotations

from pathlib import Path

from citizenstats.contracts.load import Dataset, load_mappings
from citizenstats.engine import Engine, name, quoted
from citizenstats.errors import MessageError, StructureError
from citizenstats.receive.header import aliases_of, folded
from citizenstats.receive.outcome import RefusalError
from citizenstats.receive.source import Source
from citizenstats.sdmx.model import Component, Reference, Structures
from citizenstats.sdmx.read import MessageFacts, read_message

ACTION = "ACTION"
"""Header of the column with each row's action, for contracts that ask for it."""

_MISSING = ("NaN", "#N/A")
"""What says in a message that a number is missing."""


def from_message(engine: Engine, content: Path, dataset: Dataset, work: Path) -> Source:
    """Return the table of an SDMX message, whichever format it has.

    Args:
        engine: can reach `work`.
        content: the bytes as they came.
        dataset: says which dataflow is expected, and which columns.
        work: an empty folder for what is made on the way.

    Raises:
        RefusalError: it is no message, its structure is not known, or it deletes.
    """
    structures = load_mappings(dataset.document.path.parents[2]).structures
    table = work / "table.parquet"
    try:
        expected = _expected(dataset, structures)
        facts = read_message(content, structures, table, expected)
    except (MessageError, StructureError) as error:
        raise RefusalError("NOT_A_MESSAGE", reason=error.code, place=error.where) from None
    structure = structures.data_structures[facts.structure]
    asked = {folded(alias) for c in dataset.contract.columns for alias in aliases_of(dataset.contract, c)}
    if folded(ACTION) not in asked:
        _check_deletes(engine, table)
    components = [c for c in structure.components if c.id in facts.columns or folded(c.id) in asked]
    return _source(table, components, facts, with_action=folded(ACTION) in asked)


def _expected(dataset: Dataset, structures: Structures) -> Reference | None:
    said = dataset.contract.read.dataflow
    return structures.dataflow(said).reference if said else None


def _check_deletes(engine: Engine, table: Path) -> None:
    where = f"FROM read_parquet({quoted(str(table))}) WHERE _action = 'Delete'"
    count, first = engine.rows(f"SELECT count(*), min(_row) {where}")[0]
    if count:
        raise RefusalError("MESSAGE_DELETES", rows=f"{count:,}", row=first)


def _source(table: Path, components: list[Component], facts: MessageFacts, *, with_action: bool) -> Source:
    headers = [c.id for c in components]
    cells = [_cell(component) for component in components]
    if with_action:
        headers.append(ACTION)
        cells.append("_action")
    # What the structure does not have was not read; the receipt names it with the columns that nobody agreed on.
    headers += facts.unknown
    cells += ["CAST(NULL AS VARCHAR)"] * len(facts.unknown)
    listed = ", ".join(f"{cell} AS c{n}" for n, cell in enumerate(cells))
    sql = f"SELECT {listed}, _row, FALSE AS _ragged FROM read_parquet({quoted(str(table))})"
    return Source(tuple(headers), sql, {"format": "sdmx", "message": facts.format})


def _cell(component: Component) -> str:
    column = name(component.id)
    if component.role != "measure" and component.type == "String":
        return column
    listed = ", ".join(quoted(one) for one in _MISSING)
    return f"CASE WHEN {column} NOT IN ({listed}) THEN {column} END"
