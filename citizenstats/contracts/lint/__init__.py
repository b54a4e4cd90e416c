"""Lint: every fault of a mappings folder at once, each with file, line, what, and how to mend it.

What belongs here: what can be known from the YAML and the structures alone. What does not: looking at data;
a delivery that breaks its contract is refused by `receive/`.
"""

from __future__ import annotations

from pathlib import Path

from citizenstats.contracts.lint.common import as_mapping_error
from citizenstats.contracts.lint.dataflow import dataflow_faults, method_faults, quality_faults
from citizenstats.contracts.lint.files import file_faults
from citizenstats.contracts.lint.notes import notes_of
from citizenstats.contracts.load import load_mappings
from citizenstats.contracts.sound import faults_of
from citizenstats.errors import CitizenstatsError, MappingError


def notes(folder: Path) -> list[MappingError]:
    """Return what should be looked at in the contracts without a fault, and may be meant.

    Raises:
        MappingError: a file that is everybody's is wrong.
    """
    mappings = load_mappings(folder)
    sound = [dataset for name, dataset in mappings.datasets.items() if not faults_of(mappings, name)]
    return [note for dataset in sound for note in notes_of(dataset, mappings)]


def lint(folder: Path) -> list[MappingError]:
    """Return all faults under a mappings folder, in the order of files and lines; empty when there are none."""
    found = list(file_faults(folder))
    try:
        mappings = load_mappings(folder)
    except CitizenstatsError as error:
        return found or [as_mapping_error(error)]
    for dataset in mappings.datasets:
        found += faults_of(mappings, dataset)
    for name in mappings.dataflows:
        found += dataflow_faults(name, mappings)
    found += quality_faults(mappings)
    found += method_faults(mappings)
    return found
