"""The names of all assets and what each needs: those of the steps in `citizenstats.flow`, so that the order stands once."""

from __future__ import annotations

import re
from collections.abc import Mapping

import dagster as dg

from citizenstats.contracts.load import Mappings
from citizenstats.flow import Kind, Step, needs


def key(kind: Kind, of: str) -> dg.AssetKey:
    """Return the key of one step's asset, such as ``observed/dihr/lgbt_barometer``."""
    return dg.AssetKey(str(Step(kind, of)).split("/"))


def needed(kind: Kind, of: str, said: Mappings) -> list[dg.AssetKey]:
    """Return the keys of the assets that a step reads."""
    return [key(need.kind, need.of) for need in needs(Step(kind, of), said)]


def op(kind: Kind, of: str) -> str:
    """Return the name under which run configuration addresses one step's asset."""
    return key(kind, of).to_python_identifier()


def owners(contact: str, team: str) -> list[str]:
    """Return a contact in the form that Dagster takes: its first e-mail address, or else the team's name."""
    found = re.search(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", contact)
    return [found.group()] if found else [f"team:{team}"]


def told(texts: Mapping[str, str]) -> str:
    """Return a text in English, or in the first language that it has."""
    return texts.get("en") or next(iter(texts.values()), "")
