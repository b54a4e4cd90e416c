"""The house: one office's data root together with what its mappings say.

Every step takes a `House`. What belongs here: putting the two together. What does not: any step.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from citizenstats.contracts.load import Mappings, load_mappings
from citizenstats.store import Store


@dataclass(frozen=True)
class House:
    """Where everything lies, and what everything means."""

    store: Store
    mappings: Mappings


def open_house(home: Path, mappings: Path) -> House:
    """Return the house of a data root and a mappings folder; the folders of the root are made when missing.

    Raises:
        MappingError: the first file under `mappings` that is wrong and no contract; such a contract is set aside.
    """
    loaded = load_mappings(mappings)
    store = Store(home.absolute())
    store.prepare()
    return House(store, loaded)
