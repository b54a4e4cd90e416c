"""The columns of observations as everybody may see them: what a withheld cell still says."""

from __future__ import annotations

from collections.abc import Collection

from citizenstats.engine import name, quoted
from citizenstats.estimate.precision import ATTRIBUTES
from citizenstats.harmonize.frame import DECIMALS, INTEGERS, sql_type
from citizenstats.sdmx.model import Component, DataStructure


def public_columns(structure: DataStructure, comment: str, of_rows: Collection[str] = ()) -> list[str]:
    """Return the components as they may be shown: a withheld cell keeps its key and says only that it is withheld.

    Args:
        structure: of the observations.
        comment: what is said where the structure has no place for the status.
        of_rows: components that a partner's rows fill: a text that no shown cell has may tell why one is withheld.

    A shown one beside which no error may stand (`_bare`) has none, and nothing else that is made of its variance.
    """
    without_place = "CONF_STATUS" not in structure.by_id
    columns = []
    for component in structure.components:
        column = name(component.id)
        withheld = column
        shown = (
            f"CASE WHEN NOT coalesce(_bare, FALSE) THEN {column} END"
            if component.id in ATTRIBUTES
            else column
        )
        if component.role == "measure" or (
            component.role == "attribute" and _is_number(component.type, component.codelist)
        ):
            withheld = "NULL"
        elif component.id == "OBS_STATUS":
            withheld = "'Q'"
        elif component.id == "CONF_STATUS":
            withheld = "'C'"
        elif component.id == "COMMENT_OBS" and without_place:
            withheld = quoted(comment)
        elif component.id in of_rows and _is_note(component):
            withheld = (
                f"CASE WHEN bool_or(_shown OR _retained) OVER (PARTITION BY {column}) THEN {column} END"
            )
        columns.append(
            column
            if withheld == column
            else f"CASE WHEN _shown THEN {shown} WHEN _retained THEN _before.{column} ELSE {withheld} END AS {column}"
        )
    return columns


def nothing(structure: DataStructure) -> str:
    """Return a relation with the columns of published observations and no row."""
    listed = ", ".join(f"CAST(NULL AS {sql_type(c)}) AS {name(c.id)}" for c in structure.components)
    return f"(SELECT {listed} WHERE FALSE)"


def _is_note(component: Component) -> bool:
    """Return whether a component is a text about single observations that may be left out."""
    return (
        component.role == "attribute"
        and component.codelist is None
        and component.type == "String"
        and component.attachment == "observation"
        and not component.mandatory
    )


def _is_number(kind: str, codelist: object) -> bool:
    return codelist is None and kind in INTEGERS | DECIMALS
