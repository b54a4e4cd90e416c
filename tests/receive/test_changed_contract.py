"""A contract that somebody saves while its deliveries are read: no file is blamed for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from citizenstats.errors import DeliveryError
from tests.receive.office import Office, contract, file, row

OFFICE = Callable[..., Office]


@pytest.mark.parametrize(
    "change", [{"key": ["region"]}, {"nothing": "of that name"}], ids=["another", "broken"]
)
def test_the_delivery_waits_and_no_receipt_is_sent(office_of: OFFICE, change: dict[str, Any]) -> None:
    here = office_of()
    here.write_contract(contract() | change)
    here.drop(file(row("a1")))
    with pytest.raises(DeliveryError, match="CONTRACT_CHANGED"):
        here.receive()
    assert not list(here.outbox.glob("*"))
    here.agree()
    assert [outcome.status for outcome in here.receive()] == ["accepted"]
