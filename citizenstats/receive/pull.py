"""Fetch a source that is not dropped: one HTTP GET whose body becomes a delivery, as it came."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from citizenstats.errors import DeliveryError
from citizenstats.receive.arrivals import take_pulled
from citizenstats.receive.delivery import Delivery

if TYPE_CHECKING:
    from citizenstats.contracts.model import Pull
    from citizenstats.house import House

ATTEMPTS = 4
TIMEOUT_SECONDS = 60


def pull(house: House, dataset_name: str) -> Delivery | None:
    """Fetch a dataset's source and make a delivery of it; None when it has none, or the same content counts already.

    Raises:
        DeliveryError: ``PULL_FAILED`` after several attempts, or when the token is missing.
    """
    contract = house.mappings.dataset(dataset_name).contract
    source = contract.delivery.pull
    if source is None:
        return None
    with tempfile.TemporaryDirectory(dir=house.store.scratch) as folder:
        content = Path(folder) / "body"
        _fetch(source, content, contract.delivery.max_megabytes << 20, dataset_name)
        return take_pulled(house, dataset_name, content, source.file_name)


def _fetch(source: Pull, target: Path, limit: int, dataset_name: str) -> None:
    import httpx
    import tenacity

    headers = {}
    if source.token_env is not None:
        token = os.environ.get(source.token_env)
        if not token:
            raise DeliveryError(
                "PULL_FAILED",
                f"the variable {source.token_env} is not set",
                dataset_name,
                "set it to the partner's token",
            )
        headers["Authorization"] = f"Bearer {token}"
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception(_may_pass),
        stop=tenacity.stop_after_attempt(ATTEMPTS),
        wait=tenacity.wait_exponential(multiplier=0.2, max=10),
        reraise=True,
    )
    try:
        retrying(_get, source.url, headers, target, limit, dataset_name)
    except httpx.HTTPStatusError as error:
        raise DeliveryError(
            "PULL_FAILED",
            f"the source answered {error.response.status_code}",
            dataset_name,
            "look at its address and token",
        ) from None
    except httpx.HTTPError as error:
        raise DeliveryError(
            "PULL_FAILED",
            f"the source did not answer ({type(error).__name__})",
            dataset_name,
            "try again later",
        ) from None


def _may_pass(error: BaseException) -> bool:
    """Whether a failure may be gone at the next attempt."""
    import httpx

    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code in (429, 500, 502, 503, 504)
    return isinstance(error, httpx.TransportError)


def _get(url: str, headers: dict[str, str], target: Path, limit: int, dataset_name: str) -> None:
    import httpx

    size = 0
    with httpx.stream("GET", url, headers=headers, timeout=TIMEOUT_SECONDS, follow_redirects=True) as answer:
        answer.raise_for_status()
        with target.open("wb") as file:
            for chunk in answer.iter_bytes():
                size += len(chunk)
                if size > limit:
                    raise DeliveryError(
                        "TOO_LARGE", "the source sends more than the contract allows", dataset_name
                    )
                file.write(chunk)
