"""The house as a Dagster resource: which data root, which mappings.

The mappings are read once when the definitions are built, and every step of a run sees that same reading: a
contract that somebody saves while a run goes on changes nothing in it. Reloading the code location, or the next
run, reads them anew.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

import dagster as dg

from citizenstats.contracts.load import Mappings, fingerprint, load_mappings
from citizenstats.house import House
from citizenstats.store import Store

ROOT = Path(__file__).resolve().parents[1]
HOME, MAPPINGS = "CITIZENSTATS_HOME", "CITIZENSTATS_MAPPINGS"


class HouseResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The data root and the mappings folder that this code location works with."""

    home: str
    mappings: str
    fingerprint: str
    """What the mappings folder held when the definitions were built."""

    @classmethod
    def at(cls, home: Path | None = None, mappings: Path | None = None) -> HouseResource:
        """Return the house at the places given, or named by the environment, or beside the code.

        Raises:
            MappingError: the first file under the mappings folder that is wrong and no contract.
        """
        folder = _place(mappings, MAPPINGS, "sdmx_mappings")
        resource = cls(
            home=str(_place(home, HOME, "data")), mappings=str(folder), fingerprint=fingerprint(folder)
        )
        _read(resource.mappings, resource.fingerprint)
        return resource

    def contents(self) -> Mappings:
        """Return what the mappings said when the definitions were built; nothing is made on disk."""
        return _read(self.mappings, self.fingerprint)

    def open(self) -> House:
        """Return the house, its folders made when they are missing."""
        return House(_prepared(self.home), self.contents())


def _place(given: Path | None, variable: str, beside: str) -> Path:
    return Path(given or os.environ.get(variable) or ROOT / beside).absolute()


@lru_cache(maxsize=2)
def _prepared(home: str) -> Store:
    """Return the store, made ready once a process: what a crash left behind is from before it started."""
    store = Store(Path(home))
    store.prepare()
    return store


@lru_cache(maxsize=2)
def _read(folder: str, _fingerprint: str) -> Mappings:
    return load_mappings(Path(folder))
