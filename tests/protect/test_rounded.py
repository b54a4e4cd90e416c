"""Rounded counts: they add up, say nothing of a small count, and stay as they are while the counts do; seeds are not fixed."""

from __future__ import annotations

import random
import stat
from collections.abc import Mapping
from functools import partial
from itertools import product
from pathlib import Path

import duckdb
import pytest

from citizenstats.contracts.lint import lint
from citizenstats.errors import ReleaseError
from citizenstats.house import House, open_house
from citizenstats.metadata.report import confidentiality
from citizenstats.protect import rounding
from citizenstats.protect.audit.choose import audited
from citizenstats.protect.audit.report import told
from citizenstats.release.candidate import candidates
from citizenstats.release.release import release
from citizenstats.store import read_json
from tests.protect import attacker, office

BASE = 5
CHOICE = f"protection: {{rounding: {{base: {BASE}}}}}\n"
Cell = tuple[str, ...]


def _house(folder: Path, sizes: tuple[int, ...], choice: str = CHOICE) -> House:
    said = office.mappings(folder / "mappings", sizes)
    with (said / "dataflows/OFFICE/ANSWERS.yaml").open("a", encoding="utf-8") as file:
        file.write(choice)
    return open_house(folder / "home", said)


def _published(file: Path, indicator: str, dimensions: int) -> dict[Cell, tuple[float, int | None]]:
    groups = ", ".join(office.GROUPS[:dimensions])
    rows = duckdb.sql(
        f"SELECT {groups}, OBS_VALUE, SAMPLE_SIZE FROM read_parquet('{file}') WHERE INDICATOR = '{indicator}'"
    ).fetchall()
    return {row[:dimensions]: row[dimensions:] for row in rows}


def _true(cube: office.Cube, part: int) -> dict[Cell, int]:
    full: dict[Cell, int] = {}
    for cell, counts in cube.items():
        for mask in product((False, True), repeat=len(cell)):
            key = tuple(attacker.TOTAL if hidden else code for hidden, code in zip(mask, cell, strict=True))
            full[key] = full.get(key, 0) + counts[part]
    return full


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[House, Path, office.Cube, tuple[int, ...]]:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance, sizes = random.Random(seed), (3, 4, 2)
    house = _house(tmp_path_factory.mktemp("office"), sizes)
    # One small count for certain: of all others there may be none.
    cube = {**office.random_cube(chance, sizes, 12), ("A0", "B0", "C0"): (3, 1)}
    return house, office.next_state(house, {"2020": cube}, sizes), cube, sizes


def test_counts_are_multiples_near_the_true_ones_and_add_up(
    made: tuple[House, Path, office.Cube, tuple[int, ...]],
) -> None:
    _, file, cube, sizes = made
    counted = {c: row[0] for c, row in _published(file, "NUMBER_OF", len(sizes)).items()}
    units = {c: row[1] for c, row in _published(file, "SHARE", len(sizes)).items()}
    for part, published in enumerate((units, counted)):
        true = _true(cube, part)
        for cell, value in published.items():
            assert value is not None
            assert value % BASE == 0
            assert abs(value - true[cell]) < BASE * 2
        for position in range(len(sizes)):
            groups: dict[Cell, float] = {}
            for cell, value in published.items():
                if cell[position] != attacker.TOTAL:
                    whole = (*cell[:position], attacker.TOTAL, *cell[position + 1 :])
                    groups[whole] = groups.get(whole, 0) + (value or 0)
            assert groups
            assert all(published[whole] == added for whole, added in groups.items())


def test_a_share_is_made_of_the_rounded_counts_and_nothing_stands_beside_it(
    made: tuple[House, Path, office.Cube, tuple[int, ...]],
) -> None:
    _, file, _, sizes = made
    counted = _published(file, "NUMBER_OF", len(sizes))
    for cell, (share, units) in _published(file, "SHARE", len(sizes)).items():
        assert units
        assert share == pytest.approx(100 * counted[cell][0] / units, abs=1e-7)
        assert counted[cell][1] is None


def test_a_cell_of_few_is_not_told_from_one_of_nobody(
    made: tuple[House, Path, office.Cube, tuple[int, ...]],
) -> None:
    """No key stands for a cell whose rounded units are none; and small counts go both ways."""
    _, file, cube, sizes = made
    units = _published(file, "SHARE", len(sizes))
    assert all(row[1] for row in units.values())
    few = {cell for cell, n in _true(cube, 0).items() if 0 < n < office.MINIMUM}
    assert few
    assert {cell for cell, n in _true(cube, 0).items() if n >= office.MINIMUM} <= set(units)


def _possible(published: Mapping[Cell, float], reach: float, cell: Cell, inner: list[Cell]) -> float:
    """Return how many whole counts of a cell agree with what is published; an attacker of its own."""
    from scipy.optimize import linprog

    rows, low, high = [], [], []
    for key, value in published.items():
        rows.append(
            [float(all(a in (attacker.TOTAL, b) for a, b in zip(key, i, strict=True))) for i in inner]
        )
        low.append(max(value - reach, 0.0))
        high.append(value + reach)
    aim = [float(all(a in (attacker.TOTAL, b) for a, b in zip(cell, i, strict=True))) for i in inner]
    ends = []
    for sign in (1, -1):
        solved = linprog(
            [sign * a for a in aim],
            A_ub=rows + [[-x for x in row] for row in rows],
            b_ub=high + [-x for x in low],
            bounds=(0, None),
            method="highs",
        )
        assert solved.status in (0, 3), solved.message
        ends.append(sign * solved.fun if solved.status == 0 else sign * float("inf"))
    return float(ends[1] - ends[0] + 1)


def test_rounding_each_count_by_itself_is_unpicked_and_this_is_not(
    made: tuple[House, Path, office.Cube, tuple[int, ...]],
) -> None:
    """The same attacker, once against the nearest multiples and once against ours."""
    _, file, _, sizes = made
    ours = _published(file, "SHARE", len(sizes))
    chance = random.Random()
    categories = [
        [f"{group[1]}{i}" for i in range(size)] for group, size in zip(office.GROUPS, sizes, strict=False)
    ]
    inner = list(product(*categories))
    true = _true({cell: (chance.choice((0, 1, 2, 2, 3)), 0) for cell in inner}, 0)
    nearest = {cell: float(BASE * ((n + BASE // 2) // BASE)) for cell, n in true.items()}
    broken = sum(_possible(nearest, BASE // 2, cell, inner) < BASE for cell in inner if 0 < true[cell] < BASE)
    assert broken > 6, "the attacker finds nothing at all"
    shown = {cell: float(row[1] or 0) for cell, row in ours.items()}
    hidden = set(product(*[[*codes, attacker.TOTAL] for codes in categories])) - set(shown)
    told = shown | dict.fromkeys(hidden, 0.0)
    assert all(_possible(told, BASE - 1, cell, inner) >= BASE for cell in inner)


def test_what_does_not_change_stays_and_what_grows_does_not_shrink(tmp_path: Path) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance, sizes = random.Random(seed), (3, 4)
    house = _house(tmp_path, sizes)
    cube = dict(office.random_cube(chance, sizes, 9))
    last = None
    told: dict[Cell, dict[int, float]] = {}
    for _ in range(5):
        file = office.next_state(house, {"2020": cube}, sizes)
        found = release(house, office.FLOW)
        assert found.release is not None
        n, k = cube[cell := chance.choice(list(cube))]
        counts = dict(cube)
        cube[cell] = (n + chance.choice((1, 1, 2)), k)
        if found.release == last:
            # Nothing else is shown, so that nobody saw these counts.
            continue
        last = found.release
        published = {c: float(row[1] or 0) for c, row in _published(file, "SHARE", len(sizes)).items()}
        true = _true(counts, 0)
        for place, count in true.items():
            values = told.setdefault(place, {})
            shown = published.get(place, 0.0)
            assert values.setdefault(count, shown) == shown, "one count, two roundings"
            assert sorted(values.values()) == [values[c] for c in sorted(values)], "it grew and looks smaller"


def test_two_fresh_roundings_of_one_count_would_tell_it(tmp_path: Path) -> None:
    """What the test before keeps from: rounded with another secret the same people come within reach."""
    sizes, cube = (3, 4), {
        (f"A{i}", f"B{j}"): (2 + (i + j) % 3, 1) for i in range(3) for j in range(4)
    }  # fmt: skip
    seen: dict[Cell, set[float]] = {}
    for number in range(6):
        house = _house(tmp_path / str(number), sizes)
        file = office.next_state(house, {"2020": cube}, sizes)
        published = {c: float(row[1] or 0) for c, row in _published(file, "SHARE", len(sizes)).items()}
        for cell in cube:
            seen.setdefault(cell, set()).add(published.get(cell, 0.0))
    assert any(len(values) > 1 for values in seen.values())


def test_the_secret_is_made_once_and_for_nobody_else(
    made: tuple[House, Path, office.Cube, tuple[int, ...]],
) -> None:
    house, file, _, _ = made
    assert stat.S_IMODE(house.store.secret.stat().st_mode) == 0o600
    secret = house.store.secret.read_text("ascii").strip()
    assert len(secret) == 64
    others = [p for p in house.store.home.rglob("*") if p.is_file() and p != house.store.secret]
    assert others
    assert not any(secret.encode() in p.read_bytes() for p in others)
    assert file.exists()


def _message(file: Path, folder: Path, change: str = "*") -> Path:
    target = folder / "data.csv"
    duckdb.sql(f"COPY (SELECT {change} FROM '{file}') TO '{target}' (HEADER)")
    return target


def test_the_audit_lets_pass_what_protection_made(
    made: tuple[House, Path, office.Cube, tuple[int, ...]], tmp_path: Path
) -> None:
    house, file, _, _ = made
    found = audited(house, office.FLOW, file.parent.name, _message(file, tmp_path).parent)
    assert found.attacked > 0
    found.require(office.FLOW)


@pytest.mark.parametrize(
    "change",
    {
        "a sample size as it is": "* REPLACE (CASE WHEN SAMPLE_SIZE > 0 THEN SAMPLE_SIZE - 1 END AS SAMPLE_SIZE)",
        "a count as it is": "* REPLACE (CASE WHEN INDICATOR = 'NUMBER_OF' THEN OBS_VALUE + 1 ELSE OBS_VALUE END AS OBS_VALUE)",
        "a share of others": "* REPLACE (CASE WHEN INDICATOR = 'SHARE' THEN OBS_VALUE + 0.7 ELSE OBS_VALUE END AS OBS_VALUE)",
    }.values(),
)
def test_the_audit_stops_what_is_not_made_of_rounded_counts(
    made: tuple[House, Path, office.Cube, tuple[int, ...]], tmp_path: Path, change: str
) -> None:
    house, file, _, _ = made
    with pytest.raises(ReleaseError, match="DISCLOSIVE"):
        audited(house, office.FLOW, file.parent.name, _message(file, tmp_path, change).parent).require(
            office.FLOW
        )


def test_the_audit_stops_multiples_that_do_not_add_up(tmp_path: Path) -> None:
    """Each count rounded by itself, in message and account alike: the sums give it away."""
    sizes = (3, 4)
    house = _house(tmp_path, sizes)
    cube = {(f"A{i}", f"B{j}"): (4, 2) for i in range(3) for j in range(4)}
    file = office.next_state(house, {"2020": cube}, sizes)
    account = file.parent / "altered.parquet"
    near = "n_out // 1 * 0 + CAST(round(n / 5.0) * 5 AS BIGINT) AS n_out, CAST(round(k / 5.0) * 5 AS BIGINT) AS k_out"
    duckdb.sql(f"CREATE OR REPLACE TEMP TABLE naive AS SELECT * REPLACE ({near}) FROM '{account}'")
    duckdb.sql(f"COPY naive TO '{account}' (FORMAT parquet)")
    key = ", ".join(f"{d}: {d}" for d in ("FREQ", "INDICATOR", *office.GROUPS[:2], "TIME_PERIOD"))
    joined = (
        "(SELECT f.* REPLACE (CASE WHEN f.INDICATOR = 'SHARE' THEN 100.0 * a.k_out / nullif(a.n_out, 0) ELSE a.k_out END AS "
        "OBS_VALUE, CASE WHEN f.INDICATOR = 'SHARE' THEN a.n_out END AS SAMPLE_SIZE) "
        f"FROM '{file}' AS f JOIN naive AS a ON a.key = CAST({{{key}}} AS JSON)::VARCHAR)"
    )
    target = tmp_path / "out/data.csv"
    target.parent.mkdir()
    duckdb.sql(f"COPY {joined} TO '{target}' (HEADER)")
    found = audited(house, office.FLOW, file.parent.name, tmp_path / "out")
    assert found.shown == 0
    assert found.torn > 0  # type: ignore[union-attr]
    with pytest.raises(ReleaseError, match="DISCLOSIVE"):
        found.require(office.FLOW)


def test_a_family_too_large_to_be_rounded_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounding, "Limits", partial(rounding.Limits, seconds=0.0))
    cube = office.random_cube(random.Random(3), (3, 4, 2), 12)
    with pytest.raises(rounding.TooLargeError, match=f"{office.FLOW}: TOO_LARGE"):
        office.next_state(_house(tmp_path, (3, 4, 2)), {"2020": cube}, (3, 4, 2))


def test_everybody_is_told_how(made: tuple[House, Path, office.Cube, tuple[int, ...]]) -> None:
    house, _, _, _ = made
    assert release(house, office.FLOW).release is not None
    (candidate,) = candidates(house, office.FLOW)
    assert "multiples of 5" in confidentiality(house, candidate.facts)
    said = told(read_json(candidate.folder / "audit.json") or {})
    assert said["within reach"] == "none"
    assert said["sums that do not hold"] == "none"
    assert int(said["fewest counts that are possible behind a small one"]) >= office.MINIMUM
    page = (candidate.folder / "review.html").read_text("utf-8")
    assert all(what in page for what in said)
    for name in ("structures.ml-3.0.xml", "structures.ml-2.1.xml", "structures.json-2.0.json", "review.html"):
        assert "multiples of 5" in (candidate.folder / name).read_text("utf-8"), name
    assert list(candidate.folder.glob("*metadata*"))
    assert any("multiples of 5" in p.read_text("utf-8") for p in candidate.folder.glob("*metadata*"))


@pytest.mark.parametrize(
    ("choice", "estimate", "code"),
    [
        ("protection: {rounding: {base: 4}}\n", "", "UNSAFE_BASE"),
        (CHOICE, "      weight: year\n", "WEIGHTED"),
        (CHOICE, "mean", "NOT_OF_COUNTS"),
    ],
)
def test_a_method_that_would_not_protect_is_refused_by_name(
    tmp_path: Path, choice: str, estimate: str, code: str
) -> None:
    folder = office.mappings(tmp_path / "mappings", (3, 4))
    flow, contract = folder / "dataflows/OFFICE/ANSWERS.yaml", folder / "partners/asker/answers.yaml"
    flow.write_text(flow.read_text("utf-8") + choice, "utf-8")
    text = contract.read_text("utf-8")
    if estimate == "mean":
        text = text.replace("{proportion: answer}", "{mean: CAST(answer AS INTEGER)}")
    else:
        text = text.replace("      decimals: 8\n", f"      decimals: 8\n{estimate}")
    contract.write_text(text, "utf-8")
    found = [fault for fault in lint(folder) if fault.code == code]
    assert found
    line = 1 + flow.read_text("utf-8").splitlines().index(choice.strip())
    assert all(fault.where == f"{flow}:{line}" for fault in found)
