"""Synthetic tables with a seed: counts of persons by hierarchical and linked breakdowns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from citizenstats.protect.suppress import Layer, Problem, Relation

Tree = Mapping[str, Sequence[str]]
"""Parent code → its children; the root is `_T`."""


def tree(name: str, *branches: int) -> Tree:
    """Return a hierarchy with so many branches at each level."""
    children: dict[str, list[str]] = {}
    level = ["_T"]
    for branch in branches:
        lower = []
        for parent in level:
            children[parent] = [f"{name if parent == '_T' else parent}.{i}" for i in range(branch)]
            lower += children[parent]
        level = lower
    return children


@dataclass(frozen=True)
class Tables:
    """Linked tables: the cells, their sums, and the count of each."""

    keys: list[tuple[str, ...]]
    relations: list[Relation]
    counts: np.ndarray


def linked(
    trees: Sequence[Tree],
    tables: Sequence[Sequence[int]],
    persons: int,
    seed: int,
    skew: Sequence[float] = (1.5,) * 4,
) -> Tables:
    """Return linked tables of random persons; each table names the dimensions it has, others are totals."""
    rng = np.random.default_rng(seed)
    codes = [["_T", *(code for children in t.values() for code in children)] for t in trees]
    leaves = [
        [code for code in all_codes if code not in t] for all_codes, t in zip(codes, trees, strict=True)
    ]
    above = [{child: parent for parent, children in t.items() for child in children} for t in trees]
    drawn = []
    for leaf, shape in zip(leaves, skew, strict=False):
        weight = rng.gamma(shape, size=len(leaf)) + 0.02
        drawn.append(rng.choice(len(leaf), size=persons, p=weight / weight.sum()))
    keys: dict[tuple[str, ...], int] = {}
    for table in tables:
        for key in product(*[codes[d] if d in table else ["_T"] for d in range(len(trees))]):
            keys.setdefault(key, len(keys))
    relations: dict[tuple[int, int], Relation] = {}
    for table in tables:
        for d in table:
            others = [codes[o] if o in table and o != d else ["_T"] for o in range(len(trees))]
            for parent, children in trees[d].items():
                for rest in product(*others):
                    at = [keys[(*rest[:d], code, *rest[d + 1 :])] for code in (parent, *children)]
                    relations.setdefault((at[0], d), Relation(at[0], tuple(at[1:])))
    counts = np.zeros(len(keys))
    for table in tables:
        counts_shape = [len(leaves[d]) for d in table]
        block = np.bincount(
            np.ravel_multi_index([drawn[d] for d in table], counts_shape),
            minlength=int(np.prod(counts_shape)),
        ).reshape(counts_shape)
        for axis, d in enumerate(table):
            block = np.moveaxis(
                np.tensordot(_within(codes[d], leaves[d], above[d]), block, axes=(1, axis)), 0, axis
            )
        at = [keys[key] for key in product(*[codes[d] if d in table else ["_T"] for d in range(len(trees))])]
        counts[at] = block.reshape(-1)
    return Tables(list(keys), list(relations.values()), counts)


def frequency(tables: Tables, threshold: int, **changes: object) -> Problem:
    """Return the problem of counts with a minimum frequency: the threshold itself must stay possible, and one below."""
    values, size = tables.counts, len(tables.keys)
    primary = (values > 0) & (values < threshold)
    layer = Layer(
        "n",
        values,
        primary,
        np.where(primary, 1.0, 0.0),
        np.where(primary, threshold - values, 0.0),
        contributors=values,
    )
    nothing = np.zeros(size, dtype=bool)
    problem = Problem(size, tables.relations, [layer], 1 + np.log1p(values), nothing, nothing)
    return replace(problem, **changes)


def of_size(
    regions: tuple[int, ...], ages: tuple[int, ...], disabilities: int, persons: int, seed: int
) -> Tables:
    """Return region x sex x age linked with region x sex x disability; small regions are small throughout."""
    trees = [tree("r", *regions), tree("s", 2), tree("a", *ages), tree("d", disabilities)]
    return linked(trees, [(0, 1, 2), (0, 1, 3)], persons, seed, (1.2, 50.0, 3.5, 3.5))


def _within(codes: Sequence[str], leaves: Sequence[str], above: Mapping[str, str]) -> np.ndarray:
    """Return which leaf lies in which code."""
    inside = np.zeros((len(codes), len(leaves)))
    for column, leaf in enumerate(leaves):
        code: str | None = leaf
        while code is not None:
            inside[codes.index(code), column] = 1
            code = above.get(code)
    return inside
