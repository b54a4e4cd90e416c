from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import pytest

from citizenstats.contracts.document import Document
from citizenstats.contracts.load import Dataset, Mappings
from citizenstats.errors import CitizenstatsError
from citizenstats.house import House
from citizenstats.samples import delivered, drop, rounds
from citizenstats.store import Store, as_json, sha256_of


@pytest.fixture
def house(tmp_path: Path) -> House:
    store = Store(tmp_path / "home")
    store.prepare()
    known = Dataset("kin", "homes", None, Document(tmp_path, {}, {}))  # type: ignore[arg-type]
    mappings = Mappings(tmp_path, None, {}, MappingProxyType({"kin/homes": known}), {}, None, None)  # type: ignore[arg-type]
    return House(store, mappings)


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    for name, text in {
        "1_first/kin/homes/a.csv": "a", "1_first/kin/other/x.csv": "x", "2_corrections/kin/homes/a.csv": "b",
    }.items():  # fmt: skip
        path = tmp_path / "samples" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "samples"


def test_rounds_come_in_order_and_only_for_datasets_with_a_contract(house: House, samples: Path) -> None:
    first, second = rounds(samples)
    inbox = house.store.inbox("kin/homes")
    assert drop(house, first, frozenset()) == [inbox / "a.csv"]
    assert (inbox / "a.csv").read_text() == "a"
    assert drop(house, second, frozenset()) == [inbox / "a.csv"]
    assert (inbox / "a.csv").read_text() == "b"
    assert [p.name for p in inbox.iterdir()] == ["a.csv"]
    assert not house.store.inbox("kin/other").exists()


def test_what_was_delivered_before_is_not_dropped_again(house: House, samples: Path) -> None:
    first, second = rounds(samples)
    folder = house.store.deliveries("kin/homes") / "000001-abc"
    folder.mkdir(parents=True)
    (folder / "delivery.json").write_bytes(as_json({"sha256": sha256_of(first / "kin" / "homes" / "a.csv")}))
    before = delivered(house)
    assert drop(house, first, before) == []
    assert len(drop(house, second, before)) == 1


def test_a_folder_without_samples_is_named(tmp_path: Path) -> None:
    with pytest.raises(CitizenstatsError, match="NO_SAMPLES"):
        rounds(tmp_path / "nowhere")
