"""Counts with noise by cell keys: the same records have the same noise everywhere, and it does not average out."""

from __future__ import annotations

import random
from collections.abc import Mapping
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

import duckdb
import pytest

from citizenstats.contracts.lint import lint
from citizenstats.errors import ReleaseError
from citizenstats.house import House, open_house
from citizenstats.metadata.report import confidentiality
from citizenstats.protect.audit.choose import audited
from citizenstats.protect.audit.perturbed import PerturbedAudit, variances
from citizenstats.protect.audit.report import told as told_of_audit
from citizenstats.release.candidate import candidates
from citizenstats.release.release import release
from tests.protect import office

Cell = tuple[str, ...]
SIZES = (3, 4)
CHOICE = "protection: {cell_key: {deviation: 6, variance: 3}}\n"


def _mappings(folder: Path, choice: str = CHOICE, *, key: bool = True) -> Path:
    said = office.mappings(folder, SIZES)
    with (said / "dataflows/OFFICE/ANSWERS.yaml").open("a", encoding="utf-8") as file:
        file.write(choice)
    contract = said / "partners/asker/answers.yaml"
    text = contract.read_text("utf-8").replace("columns:\n", "columns:\n  id: {required: true}\n", 1)
    contract.write_text(text.replace("columns:\n", "key: [id]\ncolumns:\n", 1) if key else text, "utf-8")
    return said


def _taken(house: House, cube: Mapping[Cell, tuple[int, int]]) -> Path:
    """Deliver people who are the same in each delivery; return the publishable file."""
    lines = [",".join(["id", "year", "consent", "answer", "ga", "gb"])]
    for cell, (n, k) in cube.items():
        lines += [
            ",".join([f"{'-'.join(cell)}-{i}", "2020", "yes", "yes" if i < k else "no", *cell])
            for i in range(n)
        ]
    inbox = house.store.inbox(office.DATASET)
    inbox.mkdir(parents=True, exist_ok=True)
    (inbox / "answers.csv").write_text("\n".join(lines) + "\n", "utf-8")
    return office.protected(house)


def _account(file: Path) -> list[dict[str, Any]]:
    cursor = duckdb.sql(f"SELECT * FROM '{file.parent / 'altered.parquet'}'")
    return [dict(zip(cursor.columns, row, strict=True)) for row in cursor.fetchall()]


def _cube(scale: int = 14) -> dict[Cell, tuple[int, int]]:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    cube = dict(office.random_cube(random.Random(seed), SIZES, scale))
    cube["A0", "B0"], cube["A1", "B1"] = (3, 1), (30, 12)
    return cube


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[House, Path]:
    """With one decimal, as contracts have it unless they say so: of 3,000 people a share stands for several counts."""
    folder = tmp_path_factory.mktemp("office")
    said = _mappings(folder / "mappings")
    contract = said / "partners/asker/answers.yaml"
    contract.write_text(contract.read_text("utf-8").replace("decimals: 8", "decimals: 1"), "utf-8")
    house = open_house(folder / "home", said)
    return house, _taken(house, _cube() | {(f"A{i}", "B1"): (3000, 1207 + i) for i in range(3)})


def test_no_small_count_comes_out_and_zeros_stay(made: tuple[House, Path]) -> None:
    _, file = made
    for row in _account(file):
        for true, told in ((row["n"], row["n_out"]), (row["k"], row["k_out"])):
            assert told == 0 or told >= office.MINIMUM
            assert abs(told - true) <= 6
            assert told == 0 or true > 0
    assert any(row["n"] != row["n_out"] for row in _account(file))


def test_what_is_shown_is_made_of_these_counts(made: tuple[House, Path]) -> None:
    _, file = made
    account = {row["key"]: row for row in _account(file)}
    key = ", ".join(f"{d}: {d}" for d in ("FREQ", "INDICATOR", "GA", "GB", "TIME_PERIOD"))
    shown = duckdb.sql(
        f"SELECT CAST({{{key}}} AS JSON)::VARCHAR, INDICATOR, OBS_VALUE, SAMPLE_SIZE FROM '{file}'"
    ).fetchall()
    assert shown
    for identity, indicator, value, size in shown:
        row = account[identity]
        if indicator == "SHARE":
            assert size == row["n_out"] > 0
            assert value == pytest.approx(100 * min(row["k_out"], size) / size, abs=0.05 + 1e-7)
        else:
            assert (value, size) == (row["k_out"], None)


def test_the_same_people_have_the_same_noise_and_differencing_fails(tmp_path: Path) -> None:
    """Of many who come one by one, a difference of releases is right no more often than noise lets it be."""
    house = open_house(tmp_path / "home", _mappings(tmp_path / "mappings"))
    cube = _cube(40)
    before: dict[str, dict[str, Any]] = {}
    right = changed = 0
    for _ in range(4):
        account = {row["key"]: row for row in _account(_taken(house, cube))}
        for key in before.keys() & account.keys():
            was, now = before[key], account[key]
            if was["n"] == now["n"]:
                assert was["n_out"] == now["n_out"]
            elif was["n"] > 20:
                changed += 1
                right += now["n_out"] - was["n_out"] == now["n"] - was["n"]
        before = account
        cell = random.choice(list(cube))
        cube[cell] = (cube[cell][0] + 1, cube[cell][1])
    assert changed
    assert right < changed or changed < 8


def test_fresh_noise_averages_out_and_this_does_not(tmp_path: Path) -> None:
    """An office that draws anew in each release gives the count away; ours says the same as often as it is asked."""
    cube: dict[Cell, tuple[int, int]] = {(f"A{i}", f"B{j}"): (40 + i, 20) for i in range(3) for j in range(4)}
    said = _mappings(tmp_path / "mappings")
    fresh = []
    for number in range(8):
        house = open_house(tmp_path / f"home{number}", said)
        account = _account(_taken(house, cube))
        fresh.append({row["key"]: row["n_out"] for row in account})
    true = {row["key"]: row["n"] for row in account}
    came = cube | {("A0", "B0"): (41, 20)}
    again = {row["key"]: row for row in _account(_taken(house, came))}
    assert all(row["n_out"] == fresh[-1][key] for key, row in again.items() if row["n"] == true[key])
    off = [abs(sum(f[key] for f in fresh) / len(fresh) - n) for key, n in true.items()]
    single = [abs(f[key] - n) for f in fresh for key, n in true.items()]
    assert sum(off) / len(off) < 0.75 * sum(single) / len(single)


def test_the_secret_stands_in_no_select(made: tuple[House, Path]) -> None:
    house, _ = made
    secret = house.store.secret.read_text("ascii").strip()
    selects = list(house.store.restricted.rglob("*.sql"))
    assert selects
    assert any("office_secret" in path.read_text("utf-8") for path in selects)
    others = [p for p in house.store.home.rglob("*") if p.is_file() and p != house.store.secret]
    assert not any(secret.encode() in p.read_bytes() for p in others)


def _message(file: Path, folder: Path, change: str = "*") -> Path:
    duckdb.sql(f"COPY (SELECT {change} FROM '{file}') TO '{folder / 'data.csv'}' (HEADER)")
    return folder


def test_the_audit_lets_pass_what_protection_made(made: tuple[House, Path], tmp_path: Path) -> None:
    house, file = made
    found = audited(house, office.FLOW, file.parent.name, _message(file, tmp_path))
    assert found.as_facts()["attacked"] > 0
    found.require(office.FLOW)


@pytest.mark.parametrize(
    "change",
    [
        "* REPLACE (CASE WHEN SAMPLE_SIZE > 0 THEN 3 END AS SAMPLE_SIZE)",
        "* REPLACE (CASE WHEN INDICATOR = 'SHARE' THEN OBS_VALUE + 0.1 ELSE OBS_VALUE END AS OBS_VALUE)",
        "* REPLACE (CASE WHEN INDICATOR = 'NUMBER_OF' THEN OBS_VALUE + 1 ELSE OBS_VALUE END AS OBS_VALUE)",
    ],
)
def test_the_audit_stops_counts_and_shares_of_others(
    made: tuple[House, Path], tmp_path: Path, change: str
) -> None:
    house, file = made
    with pytest.raises(ReleaseError, match="DISCLOSIVE"):
        audited(house, office.FLOW, file.parent.name, _message(file, tmp_path, change)).require(office.FLOW)


def test_the_audit_stops_a_release_without_noise(tmp_path: Path) -> None:
    """Message and account agree that nothing was changed: too many counts are as they are."""
    house = open_house(tmp_path / "home", _mappings(tmp_path / "mappings"))
    cube: dict[Cell, tuple[int, int]] = {
        (f"A{i}", f"B{j}"): (40 + 7 * i + 3 * j, 20 + 5 * i + j) for i in range(3) for j in range(4)
    }
    file = _taken(house, cube)
    account = file.parent / "altered.parquet"
    duckdb.sql(
        f"CREATE OR REPLACE TEMP TABLE bare AS SELECT * REPLACE (n AS n_out, k AS k_out) FROM '{account}'"
    )
    duckdb.sql(f"COPY bare TO '{account}' (FORMAT parquet)")
    key = ", ".join(f"{d}: {d}" for d in ("FREQ", "INDICATOR", "GA", "GB", "TIME_PERIOD"))
    (tmp_path / "out").mkdir()
    duckdb.sql(
        "COPY (SELECT f.* REPLACE (CASE WHEN f.INDICATOR = 'SHARE' THEN 100.0 * a.k / a.n ELSE a.k END AS OBS_VALUE, "
        f"CASE WHEN f.INDICATOR = 'SHARE' THEN a.n END AS SAMPLE_SIZE) FROM '{file}' AS f "
        f"JOIN bare AS a ON a.key = CAST({{{key}}} AS JSON)::VARCHAR) TO '{tmp_path / 'out/data.csv'}' (HEADER)"
    )
    found = audited(house, office.FLOW, file.parent.name, tmp_path / "out")
    assert found.as_facts()["bare"] > 0
    with pytest.raises(ReleaseError, match="DISCLOSIVE"):
        found.require(office.FLOW)


@pytest.mark.parametrize("sizes", [(3, 4), (2, 2, 2), (5, 2, 3)])
def test_what_is_left_of_the_noise_is_what_least_squares_leave(sizes: tuple[int, ...]) -> None:
    """In a cube with all its totals each count is left with the product of J / (J + 1) of the variance, whatever it is."""
    codes = [[*range(size), "_T"] for size in sizes]
    places = {cell: i for i, cell in enumerate(product(*codes))}
    sums = [
        (at, tuple(places[(*cell[:d], code, *cell[d + 1 :])] for code in range(sizes[d])))
        for cell, at in places.items()
        for d in range(len(sizes))
        if cell[d] == "_T"
    ]
    counts = {
        i: 50 * prod(sizes[d] if c == "_T" else 1 for d, c in enumerate(cell)) for cell, i in places.items()
    }
    left = variances(counts, sums, dict.fromkeys(counts, 5), 3.0)
    expected = 3.0 * prod(size / (size + 1) for size in sizes)
    assert list(left.values()) == pytest.approx([expected] * len(counts), rel=1e-3)


def test_a_second_look_at_the_same_people_tells_nothing() -> None:
    """A total with one category in it has its noise: the two are one count."""
    left = variances({0: 40, 1: 40}, [(0, (1,))], {0: 5, 1: 5}, 3.0)
    assert left[1] == pytest.approx(3.0, rel=1e-3)


def audit(**found: Any) -> PerturbedAudit:
    """An audit that found nothing but what is given."""
    return PerturbedAudit(**{"shown": 0, "bare": 0, "unsteady": 0, "unaccounted": 0, "differing": 0, **found})


def test_noise_that_averages_out_stops_the_release() -> None:
    found = audit(cells=10, withheld=0, attacked=3, within_reach=2, narrowest=0.7)
    with pytest.raises(ReleaseError, match="NOISE_AVERAGES_OUT"):
        found.require(office.FLOW)


def test_everybody_is_told_how_and_nobody_how_much(made: tuple[House, Path]) -> None:
    house, _ = made
    assert release(house, office.FLOW).release is not None
    (candidate,) = candidates(house, office.FLOW)
    assert "cell key method" in confidentiality(house, candidate.facts)
    for name in ("structures.ml-3.0.xml", "review.html"):
        text = (candidate.folder / name).read_text("utf-8")
        assert "cell key method" in text
        assert "deviation: 6" not in text


@pytest.mark.parametrize(
    ("choice", "key", "code"),
    [
        ("protection: {cell_key: {deviation: 4, variance: 3}}\n", True, "UNSAFE_NOISE"),
        ("protection: {cell_key: {deviation: 6, variance: 0.01}}\n", True, "UNSAFE_NOISE"),
        (CHOICE, False, "NO_KEY"),
        ("protection: {cell_key: {deviation: 6, variance: 3}, rounding: {base: 5}}\n", True, "BAD_VALUE"),
    ],
)
def test_noise_that_would_not_protect_is_refused_by_name(
    tmp_path: Path, choice: str, key: bool, code: str
) -> None:
    assert code in [fault.code for fault in lint(_mappings(tmp_path / "mappings", choice, key=key))]


def test_people_are_told_sums_of_the_audit_alone() -> None:
    said = told_of_audit(
        audit(cells=1200, withheld=3, attacked=340, within_reach=0, narrowest=1.73).as_facts()
    )
    assert said["attacked"] == "340 small counts"
    assert said["withheld"].startswith("fewer than 10")
    assert said["how far off the best estimate of a small count is at least"] == "1.7 units"
    assert "sums that do not hold" not in said


def test_another_number_in_one_of_the_files_stops_the_release(
    made: tuple[House, Path], tmp_path: Path
) -> None:
    """Two versions of one count beside each other can be compared, in whichever file they stand."""
    house, file = made
    duckdb.sql(f"COPY (FROM '{file}') TO '{tmp_path}/data.csv' (HEADER)")
    for more, stops in ((0, False), (1, True)):
        duckdb.sql(
            f"COPY (SELECT * REPLACE (SAMPLE_SIZE + CASE WHEN GA = 'A1' THEN {more} ELSE 0 END AS SAMPLE_SIZE) FROM '{file}') "
            f"TO '{tmp_path}/observations.parquet'"
        )
        found = audited(house, office.FLOW, file.parent.name, tmp_path)
        if stops:
            with pytest.raises(ReleaseError, match="MESSAGES_DIFFER"):
                found.require(office.FLOW)
        else:
            found.require(office.FLOW)


def test_a_share_of_everybody_may_be_said_again(tmp_path: Path) -> None:
    """Noise may bring a count above its base, and the share says everybody: the same count in the next release is no other."""
    cube: dict[Cell, tuple[int, int]] = {
        (f"A{i}", f"B{j}"): (20 + i, 19 + i) for i in range(3) for j in range(4)
    }
    said = _mappings(tmp_path / "mappings")
    for number in range(20):
        house = open_house(tmp_path / f"home{number}", said)
        file = _taken(house, cube)
        if any(row["made"] == "share" and row["k_out"] > row["n_out"] for row in _account(file)):
            break
    else:
        pytest.fail("in twenty houses no noise brought a count above its base")
    assert release(house, office.FLOW).release is not None
    audited(house, office.FLOW, file.parent.name, _message(file, tmp_path)).require(office.FLOW)
