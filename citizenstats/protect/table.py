"""One table of counts with everything that adds up in it: what an attacker can subtract.

A table is all published cells of one figure: each combination of categories, totals included. In each dimension a category lies
under its nearest published parent. What a parent has and its categories have not (units whose category is not known, or
categories that nobody compiled) is a cell too, for a subtraction gives it away: it is added here and is hidden by nature.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from citizenstats.protect.suppress import Relation

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_LARGEST = 1 << 62
"""More combinations than this cannot be numbered."""


@dataclass(frozen=True)
class Table:
    """Cells, those given first and then the rests, with what each layer counts in them.

    Attributes:
        given: number of cells that were given; those behind are rests, which nobody publishes.
        layers: layer → value of each cell; a change may be negative.
        relations: what adds up, in each dimension.
    """

    given: int
    layers: Mapping[str, Floats]
    relations: tuple[Relation, ...]

    @property
    def cells(self) -> int:
        """The number of cells with the rests."""
        return len(next(iter(self.layers.values())))


def parents_of(codes: Sequence[str], total: str, parent: Mapping[str, str | None]) -> list[int]:
    """Return for each code the position of its nearest ancestor among the codes; -1 for the top.

    Args:
        codes: the codes that stand in the table.
        total: the code of the total; what has no other parent lies under it.
        parent: code → parent in the code list.
    """
    position = {code: i for i, code in enumerate(codes)}
    found = []
    for code in codes:
        at, seen = parent.get(code), {code}
        while at is not None and at not in position and at not in seen:
            seen.add(at)
            at = parent.get(at)
        nearest = at if at is not None and at not in seen else total
        found.append(position.get(nearest, -1) if nearest != code and code != total else -1)
    return found


def table_of(
    at: Sequence[tuple[str, ...]],
    parents: Mapping[str, tuple[str, Mapping[str, str | None]]],
    layers: Mapping[str, Floats],
    signed: Collection[str] = (),
) -> Table:
    """Return everything that adds up among cells given by their categories.

    Args:
        at: of each cell its categories that are not at their total, as ``VARIABLE=code``.
        parents: variable → code of its total, and code → parent of its code list.
        layers: what is counted in each cell; what is not known counts as 0.
        signed: as for `table`.
    """
    named = [dict(entry.split("=", 1) for entry in categories) for categories in at]
    used = sorted({variable for categories in named for variable in categories})
    columns: list[Ints] = []
    ups: list[list[int]] = []
    for variable in used:
        total, parent = parents[variable]
        codes = [total, *sorted({c[variable] for c in named if variable in c} - {total})]
        position = {code: i for i, code in enumerate(codes)}
        columns.append(np.array([position[c.get(variable, total)] for c in named], dtype=np.int64))
        ups.append(parents_of(codes, total, parent))
    coordinates = np.stack(columns, axis=1) if columns else np.zeros((len(named), 0), dtype=np.int64)
    return table(coordinates, ups, {name: np.nan_to_num(of) for name, of in layers.items()}, signed)


def table(
    coordinates: Ints,
    parents: Sequence[Sequence[int]],
    layers: Mapping[str, Floats],
    signed: Collection[str] = (),
) -> Table:
    """Return the table of the given cells with its rests and relations.

    Args:
        coordinates: cells × dimensions, the position of each cell's code in its dimension.
        parents: of each dimension, code position → position of its parent, -1 for none.
        layers: what is counted in each cell.
        signed: the layers that may be negative, such as changes.

    Where categories overlap, so that they hold more than their parent, nothing adds up and no relation is made.
    """
    # In each dimension the rest of a parent is a code of its own, behind the real ones.
    sizes = [2 * len(of_dimension) for of_dimension in parents]
    if np.prod([float(size) for size in sizes]) > _LARGEST:
        raise ValueError("the table has too many dimensions to be numbered")
    ups = [
        np.array([*up, *(i for i in range(len(up)))], dtype=np.int64)
        for up in ([int(p) for p in of_dimension] for of_dimension in parents)
    ]
    cells, values = coordinates.astype(np.int64), {name: of.astype(np.float64) for name, of in layers.items()}
    for _ in range(len(sizes)):
        added = False
        for dimension in range(len(sizes)):
            rests, rest_values = _rests(cells, values, dimension, ups, sizes, signed)
            if len(rests):
                cells = np.concatenate([cells, rests])
                values = {name: np.concatenate([values[name], rest_values[name]]) for name in values}
                added = True
        if not added:
            break
    relations = [
        r for dimension in range(len(sizes)) for r in _relations(cells, values, dimension, ups, sizes)
    ]
    return Table(len(coordinates), values, tuple(relations))


def _families(
    cells: Ints, dimension: int, ups: Sequence[Ints], sizes: Sequence[int]
) -> tuple[Ints, Ints, Ints, Ints]:
    """Return children, their parents' positions, and the groups: children that share a parent, in order."""
    ids = np.ravel_multi_index(tuple(cells.T), tuple(sizes)) if cells.size else np.zeros(0, np.int64)
    stride = int(np.prod(sizes[dimension + 1 :], dtype=np.int64))
    codes = cells[:, dimension]
    up = ups[dimension][codes]
    children = np.flatnonzero(up >= 0)
    parent_ids = ids[children] + (up[children] - codes[children]) * stride
    order = np.argsort(ids, kind="stable")
    at = np.searchsorted(ids[order], parent_ids)
    at = np.minimum(at, len(ids) - 1)
    there = ids[order][at] == parent_ids if len(ids) else np.zeros(0, bool)
    children, parents = children[there], order[at[there]]
    by_parent = np.lexsort((children, parents))
    children, parents = children[by_parent], parents[by_parent]
    starts = (
        np.flatnonzero(np.r_[True, parents[1:] != parents[:-1]]) if len(parents) else np.zeros(0, np.int64)
    )
    return children, parents, starts, np.r_[starts[1:], len(parents)] if len(parents) else starts


def _rests(
    cells: Ints,
    values: Mapping[str, Floats],
    dimension: int,
    ups: Sequence[Ints],
    sizes: Sequence[int],
    signed: Collection[str],
) -> tuple[Ints, dict[str, Floats]]:
    """Return the rests of a dimension that are not there yet, and their values."""
    children, parents, starts, _ = _families(cells, dimension, ups, sizes)
    if not len(parents):
        return cells[:0], {}
    heads = parents[starts]
    left = {name: of[heads] - np.add.reduceat(of[children], starts) for name, of in values.items()}
    has_rest = np.zeros(len(heads), bool)
    overlaps = np.zeros(len(heads), bool)
    for layer, of in left.items():
        has_rest |= np.abs(of) > _TINY
        if layer not in signed:
            overlaps |= of < -_TINY
    made = has_rest & ~overlaps
    rests = cells[heads[made]].copy()
    rests[:, dimension] += sizes[dimension] // 2
    return rests, {name: of[made] for name, of in left.items()}


def _relations(
    cells: Ints, values: Mapping[str, Floats], dimension: int, ups: Sequence[Ints], sizes: Sequence[int]
) -> list[Relation]:
    children, parents, starts, ends = _families(cells, dimension, ups, sizes)
    found = []
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        inside = children[start:end]
        parent = int(parents[start])
        if all(abs(of[parent] - of[inside].sum()) <= _TINY for of in values.values()):
            found.append(Relation(parent, tuple(inside.tolist())))
    return found


_TINY = 1e-6
"""Counts are whole; what is smaller than this is no difference."""
