"""Lint: every fault of a mappings folder at once, each with file, line, what, and how to mend it.

What belongs here: what can be known from the YAML and the structures alone. What does not: looking at data;
a delivery that breaks its contract is refused by `receive/`.
"""

from __future__ import annotations

from pathlib import Path

from citizenstats.contracts.binding import unbound
from citizenstats.contracts.lint.common import as_mapping_error
from citizenstats.contracts.lint.contract import contract_faults
from citizenstats.contracts.lint.dataflow import dataflow_faults, method_faults, quality_faults
from citizenstats.contracts.lint.files import file_faults
from citizenstats.contracts.load import load_mappings
from citizenstats.errors import CitizenstatsError, MappingError


def lint(folder: Path) -> list[MappingError]:
    """Return all faults under a mappings folder, in the order of files and lines; empty when there are none."""
    found = list(file_faults(folder))
    if not found:
        try:
            mappings = load_mappings(folder)
        except CitizenstatsError as error:
            return [as_mapping_error(error)]
        for dataset in mappings.datasets.values():
            faulty = list(contract_faults(dataset, mappings))
            # What names no column cannot be bound.
            found += faulty or list(unbound(dataset))
        for name in mappings.dataflows:
            found += dataflow_faults(name, mappings)
        found += quality_faults(mappings)
        found += method_faults(mappings)
    return found
