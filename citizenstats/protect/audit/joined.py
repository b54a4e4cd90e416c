"""Those with a characteristic, those without and those whom a condition leaves out, as one table.

By themselves each of these has its sums. Where another figure shows how many units a cell has, those with and those without
are so many together: one more of the one is one less of the other. What belongs here: the table with both kinds of sums. What
does not: what is known of it (`figure.py`), and solving it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from citizenstats.protect.audit.attack import Attacker, Bools, Floats, Ints, Sum
from citizenstats.protect.audit.insider import narrowest
from citizenstats.protect.audit.table import with_rests


class Joined:
    """An attacker who knows, besides what adds up in each count, the units of some cells.

    He knows of no withheld cell that it is empty.

    Args:
        counts: of each layer its values: ``k``, ``m`` and, where a condition leaves out some, ``o``.
        known: of each layer the cells that are known.
        sums: what adds up in every layer.
        asked: the cells of which ``k`` and ``m`` together are known.
        everybody: the cells of which all layers together are known.
    """

    def __init__(
        self,
        counts: Mapping[str, Floats],
        known: Mapping[str, Bools],
        sums: Sequence[Sum],
        asked: Bools,
        everybody: Bools,
    ) -> None:
        values: list[float] = []
        every: list[Sum] = []
        hidden: list[int] = []
        self._first: dict[str, int] = {}
        for layer, of in counts.items():
            first = self._first[layer] = len(values)
            whole, told, _ = with_rests(sums, of, signed=False)
            values += whole
            every += [(first + parent, [first + child for child in children]) for parent, children in told]
            hidden += [first + i for i in np.flatnonzero(~known[layer]).tolist()]
            hidden += range(first + len(of), len(values))
        for cells, layers in ((asked, ("k", "m")), (everybody, tuple(counts))):
            for cell in np.flatnonzero(cells).tolist():
                every.append((len(values), [self._first[layer] + cell for layer in layers]))
                values.append(sum(float(counts[layer][cell]) for layer in layers))
        self._hidden = set(hidden)
        self._attacker = Attacker(np.array(values), np.array(hidden, dtype=np.int64), every)

    def widths(self, layer: str, cells: Ints, asked: Floats) -> Floats:
        """Return how far apart the bounds of cells lie in a layer; a lower figure than the truth once it is what is `asked`."""
        return self._attacker.widths((self._first[layer] + cells).tolist(), asked)

    def narrowest(self, layer: str, insiders: Sequence[Sequence[int]], cells: Ints, asked: Floats) -> Floats:
        """Return for each cell the narrowest interval that an insider is left with, who knows his own cells in every layer."""
        every = [[first + cell for first in self._first.values() for cell in own] for own in insiders]
        known = [[cell for cell in own if cell in self._hidden] for own in every]
        return narrowest(self._attacker, known, (self._first[layer] + cells).tolist(), asked)
