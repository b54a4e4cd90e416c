"""Tables as an attacker sees them: cells, sums between them, and what may not be found out.

What belongs here: the problem, its answer, and the checks that a problem is well put. What does not: solving it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from citizenstats.errors import CitizenstatsError
from citizenstats.protect.suppress.graph import Graph

Values = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Cells = npt.NDArray[np.int64]

ADDITIVE = 1e-6
"""How far the children of a relation may be from their parent, relative to the parent: sums of floats are not exact."""


class ProblemError(CitizenstatsError):
    """A problem that contradicts itself; the text names the component and how many cells, never a value."""

    def __init__(self, what: str) -> None:
        super().__init__("SUPPRESSION_PROBLEM", what)


@dataclass(frozen=True)
class Relation:
    """The children add up to the parent.

    Attributes:
        parent: position of the cell that is the sum.
        children: positions of the cells that are added; at least one, none twice.
    """

    parent: int
    children: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Layer:
    """One count or magnitude known of every cell (n, k, n-k, a total): an attacker must not come near any.

    Attributes:
        name: what it is called in failures and intervals.
        values: one a cell, not negative, additive over the relations.
        primary: the cells that are unsafe in this layer.
        lower: protection asked below the value of a primary (lpl); at most the value. Ignored elsewhere.
        upper: protection asked above the value of a primary (upl). Ignored elsewhere.
        contributors: units behind each cell; a single one knows himself and is an insider. Without it nobody is. Where people
            of several kinds stand behind the cells, one row a kind.
        ceiling: the greatest value the attacker thinks possible. By default twice the value, of a primary twice what must stay
            possible; so a zero that is not primary is known to be zero, as a published zero is.
        floor: the least value the attacker thinks possible, by default 0. With it values may be negative, as changes are.
        ceiling_inside: the greatest value that an insider thinks possible, by default `ceiling`. Nobody knows which hidden
            cells are zero. To protect from outsiders as if they knew costs little, from insiders it costs whole tables.
    """

    name: str
    values: Values
    primary: Mask
    lower: Values
    upper: Values
    contributors: Values | None = None
    ceiling: Values | None = None
    floor: Values | None = None
    ceiling_inside: Values | None = None

    @cached_property
    def down(self) -> Values:
        """How far below its value the attacker thinks each cell possible."""
        return self.values if self.floor is None else np.asarray(self.values - self.floor, dtype=np.float64)

    @cached_property
    def up(self) -> Values:
        """How far above its value the attacker thinks each cell possible."""
        if self.ceiling is not None:
            return np.maximum(self.ceiling - self.values, 0.0)
        most = np.where(self.primary, 2 * (self.values + self.upper), 2 * self.values)
        return np.asarray(most - self.values, dtype=np.float64)

    @cached_property
    def up_inside(self) -> Values:
        """How far above its value an insider thinks each cell possible that is not his own."""
        return self.up if self.ceiling_inside is None else np.maximum(self.ceiling_inside - self.values, 0.0)

    @cached_property
    def whole(self) -> bool:
        """Whether all values are whole numbers, as counts are."""
        return bool(np.all(self.values == np.floor(self.values)))

    @cached_property
    def against_insiders(self) -> Values:
        """The width of the interval that must be left to an insider: not exact, and a tenth of what is asked of others."""
        asked = self.lower + self.upper
        return np.minimum(asked, np.maximum(0.1 * asked, 1.0 if self.whole else 0.0))


@dataclass(frozen=True, eq=False)
class Problem:
    """Everything that is published together, as one system of cells and sums.

    Attributes:
        cells: how many cells there are; a cell that stands in two tables is one cell.
        relations: every sum an attacker can form: of each table, dimension, parent code, and between tables.
        layers: what is known of each cell. They share one mask: a suppressed cell is hidden in all of them.
        cost: loss of hiding a cell, above 0.
        fixed: cells that must stay published, because it was declared or because they were shown before.
        hidden: cells that are hidden anyhow, for another reason; they cost nothing.
        mates: a number of each cell; those with the same are hidden together. By default each is by itself.
    """

    cells: int
    relations: Sequence[Relation]
    layers: Sequence[Layer]
    cost: Values
    fixed: Mask
    hidden: Mask
    mates: Cells | None = None

    def with_mates(self, chosen: Mask) -> Mask:
        """Return chosen cells with all that are hidden together with them."""
        if self.mates is None:
            return chosen
        return np.asarray(np.isin(self.mates, self.mates[chosen]), dtype=np.bool_)

    @cached_property
    def graph(self) -> Graph:
        """The relations as sparse rows, and the other way round."""
        return Graph.of(self.cells, [(r.parent, r.children) for r in self.relations])

    @cached_property
    def primary(self) -> Mask:
        """The cells that are unsafe in any layer."""
        found = np.zeros(self.cells, dtype=np.bool_)
        for layer in self.layers:
            found |= layer.primary
        return found

    @cached_property
    def certain(self) -> Mask:
        """The cells that are hidden whatever is chosen: unsafe ones, those hidden anyhow, and their mates."""
        return self.with_mates(self.primary | self.hidden)

    def check(self) -> None:
        """Refuse a problem that is not well put.

        Raises:
            ProblemError: a relation or an array does not fit, values are negative or do not add up, or protection is asked
                that no value could have.
        """
        for array in (self.cost, self.fixed, self.hidden, self.mates):
            if array is not None:
                _fits("problem", array, self.cells)
        if not np.all(np.isfinite(self.cost) & (self.cost > 0)):
            raise ProblemError("the cost of hiding a cell must be a number above 0")
        if bool(np.any(self.fixed & self.hidden)):
            raise ProblemError("a cell is both hidden anyhow and fixed as published: say which")
        for relation in self.relations:
            members = (relation.parent, *relation.children)
            if (
                len(members) < 2
                or len(set(members)) < len(members)
                or not 0 <= min(members) <= max(members) < self.cells
            ):
                raise ProblemError(
                    "a relation needs a parent and children, each a cell of the problem, none of them twice"
                )
        if len({layer.name for layer in self.layers}) < len(self.layers):
            raise ProblemError("two layers have the same name")
        for layer in self.layers:
            self._check_layer(layer)

    def _check_layer(self, layer: Layer) -> None:
        for array in (
            layer.values,
            layer.primary,
            layer.lower,
            layer.upper,
            *(() if layer.contributors is None else np.atleast_2d(layer.contributors)),
            layer.ceiling,
            layer.floor,
            layer.ceiling_inside,
        ):
            if array is not None:
                _fits(f"layer {layer.name}", array, self.cells)
        if not np.all(np.isfinite(layer.values) & (layer.down >= 0)):
            raise ProblemError(f"layer {layer.name}: a value is below its floor, negative or not a number")
        off = np.abs(self.graph.sums(layer.values))
        wrong = int(
            np.count_nonzero(off > ADDITIVE * np.maximum(1.0, np.abs(layer.values[self.graph.parents])))
        )
        if wrong:
            raise ProblemError(
                f"layer {layer.name}: in {wrong} relations the children do not add up to the parent"
            )
        lower, upper = layer.lower[layer.primary], layer.upper[layer.primary]
        if not np.all((lower >= 0) & (upper >= 0) & (lower + upper > 0) & np.isfinite(upper)):
            raise ProblemError(
                f"layer {layer.name}: a primary needs a protection level above 0, below or above its value"
            )
        if bool(np.any(lower > layer.down[layer.primary])):
            raise ProblemError(
                f"layer {layer.name}: protection is asked below what the attacker thinks possible"
            )
        if bool(np.any(upper > layer.up[layer.primary])):
            raise ProblemError(
                f"layer {layer.name}: protection is asked above what the attacker thinks possible"
            )


@dataclass(frozen=True, order=True)
class Failure:
    """Protection that could not be given. A pattern with failures must not be published.

    Attributes:
        cell: position of the primary.
        layer: name of the layer.
        side: ``lower`` or ``upper`` of the interval, or ``insider`` when one contributor can narrow it down.
        reason: ``fixed`` when cells that must stay published prevent it, ``structure`` when no hiding would help.
    """

    cell: int
    layer: str
    side: str
    reason: str


@dataclass(frozen=True)
class Pattern:
    """Which cells to hide.

    Attributes:
        suppressed: primaries, secondaries and what was hidden anyhow. A primary is always in it, even one that is fixed.
        primary: how many are unsafe themselves.
        secondary: how many are hidden only to protect those.
        failures: what could not be protected, in order; empty for a pattern that may be published.
        rounds: how often cells were hidden from insiders.
        cheapest: whether no cheaper pattern exists; proved by the exact method only.
        seconds: wall time; no part of equality.
    """

    suppressed: Mask
    primary: int
    secondary: int
    failures: tuple[Failure, ...]
    rounds: int
    cheapest: bool
    seconds: float = field(compare=False)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pattern) and (
            self.failures == other.failures
            and self.rounds == other.rounds
            and bool(np.array_equal(self.suppressed, other.suppressed))
        )

    __hash__ = None  # type: ignore[assignment]


def _fits(where: str, array: npt.NDArray[np.generic], cells: int) -> None:
    if array.shape != (cells,):
        raise ProblemError(f"{where}: an array has not one entry for each cell")
