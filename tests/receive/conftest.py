"""Offices that a test makes with a contract of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.receive.office import Office


@pytest.fixture
def office_of(tmp_path: Path) -> Callable[..., Office]:
    """Make an office whose contract is changed as told."""
    return lambda change=None: Office(tmp_path, change)
