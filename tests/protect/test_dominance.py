"""Totals in which one unit stands out: the second largest, who knows his own part, does not come near the largest."""

from __future__ import annotations

import random
from itertools import product
from pathlib import Path

import duckdb
import pytest

from citizenstats.contracts.model import Dominance, Protection
from citizenstats.house import House, open_house
from citizenstats.protect.unsafe import dominated
from tests.protect import attacker, office

P = 20.0
SIZES = (3, 4)
Amounts = dict[tuple[str, ...], list[int]]


@pytest.mark.parametrize("seed", range(3))
def test_an_insider_does_not_come_within_p_percent_of_the_largest(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    amounts = _amounts(chance)
    house = open_house(tmp_path / "home", _mappings(tmp_path / "mappings", f"p_percent: {P}"))
    shown = _shown(house, amounts)
    full = _full(amounts)
    unsafe = {cell for cell, parts in full.items() if _stands_out(parts)}
    assert unsafe, "nobody stands out, so nothing is tried"
    assert not unsafe & set(shown)
    assert shown, "everything is withheld, so nothing is tried"
    categories = [sorted({cell[d] for cell in amounts}) for d in range(len(SIZES))]
    for cell, (_, high) in attacker.intervals(shown, categories).items():
        if cell in unsafe:
            largest, *others = sorted(full[cell], reverse=True)
            second = others[0] if others else 0
            assert high - second >= largest * (1 + P / 100) - 1e-4, (cell, high, largest, second)


def test_without_the_rule_he_is_told(tmp_path: Path) -> None:
    """The same people with the minimum frequency alone: there is something to protect them from."""
    chance = random.Random(0)
    amounts = _amounts(chance)
    house = open_house(tmp_path / "home", _mappings(tmp_path / "mappings", ""))
    shown = _shown(house, amounts)
    assert any(_stands_out(_full(amounts)[cell]) for cell in shown)


@pytest.mark.parametrize(
    ("rules", "contributions", "expected"),
    [
        ({"p_percent": 10}, [100, 50, 10], False),  # 10 are left beside the two, and 10 % of 100 is 10
        ({"p_percent": 10}, [100, 50, 9], True),
        ({"p_percent": 10}, [100], True),
        ({"dominance": {"units": 1, "share": 0.75}}, [75, 25], False),
        ({"dominance": {"units": 1, "share": 0.75}}, [76, 24], True),
        ({"dominance": {"units": 2, "share": 0.85}}, [60, 25, 15], False),
        ({"dominance": {"units": 2, "share": 0.85}}, [60, 26, 14], True),
        ({}, [1000, 1], False),
    ],
)
def test_who_stands_out(rules: dict[str, object], contributions: list[int], expected: bool) -> None:
    said = Protection.model_validate(rules)
    first, second = (*contributions, 0)[:2]
    row = f"SELECT {float(sum(contributions))} AS v, {float(first)} AS _x1, {float(second)} AS _x2"
    assert duckdb.sql(f"SELECT {dominated('v', said)} FROM ({row})").fetchall() == [(expected,)]


def test_a_share_of_dominance_lies_between_nothing_and_all() -> None:
    with pytest.raises(ValueError, match="less than 1"):
        Dominance.model_validate({"units": 1, "share": 75})


def _stands_out(parts: list[int]) -> bool:
    if len(parts) < office.MINIMUM:
        return bool(parts)
    largest, _, *others = sorted(parts, reverse=True)
    return sum(others) < P / 100 * largest


def _amounts(chance: random.Random) -> Amounts:
    """Return what each unit of a cell spends: mostly alike, here and there one above all others."""
    found: Amounts = {}
    for cell in product(
        *([f"{group[1]}{i}" for i in range(size)] for group, size in zip(office.GROUPS, SIZES, strict=False))
    ):
        found[cell] = [chance.randint(5, 15) for _ in range(chance.randint(6, 40))]
        if chance.random() < 0.2:
            found[cell][0] = 1500
    return found


def _full(amounts: Amounts) -> Amounts:
    full: Amounts = {}
    for cell, parts in amounts.items():
        for mask in product((False, True), repeat=len(cell)):
            key = tuple(attacker.TOTAL if hidden else code for hidden, code in zip(mask, cell, strict=True))
            full.setdefault(key, []).extend(parts)
    return full


def _mappings(folder: Path, rule: str) -> Path:
    made = office.mappings(folder, SIZES)
    contract = made / "partners" / "asker" / "answers.yaml"
    text = contract.read_text("utf-8")
    told = text[: text.index("        SHARE:")] + "        SHARE: {total: spent}\n"
    told += f"protection: {{minimum: {office.MINIMUM}{', ' + rule if rule else ''}}}\n"
    contract.write_text(told.replace("  answer: {type: boolean", "  spent: {type: number"), "utf-8")
    return made


def _shown(house: House, amounts: Amounts) -> dict[tuple[str, ...], float]:
    inbox = house.store.inbox(office.DATASET)
    inbox.mkdir(parents=True)
    lines = ["year,consent,spent,ga,gb"]
    lines += [f"2020,yes,{part},{','.join(cell)}" for cell, parts in amounts.items() for part in parts]
    (inbox / "answers.csv").write_text("\n".join(lines) + "\n", "utf-8")
    file = office.protected(house)
    rows = duckdb.sql(f"SELECT GA, GB, OBS_VALUE FROM read_parquet('{file}') WHERE OBS_VALUE IS NOT NULL")
    return {(row[0], row[1]): row[2] for row in rows.fetchall()}
