"""The notice: files in a watched folder that no delivery is made of, told to the partner who dropped them.

``not_taken.html`` and ``not_taken.json`` in the outbox are there as long as there is something to tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from citizenstats.receive import words
from citizenstats.receive.arrivals import passed_over
from citizenstats.receive.receipt import page_of
from citizenstats.store import as_json, read_json

if TYPE_CHECKING:
    from citizenstats.house import House

SCHEMA = "urn:citizenstats:schema:not_taken:1.0.0"
MOST = 200


def notify(house: House, dataset_name: str) -> None:
    """Tell the partner of ``partner/dataset`` what lies in the inbox and is not taken; take an old notice away.

    Raises:
        DeliveryError: the inbox cannot be listed.
    """
    contract = house.mappings.dataset(dataset_name).contract
    outbox = house.store.outbox(dataset_name)
    passed = passed_over(house.store, dataset_name, contract.delivery.files)
    page, facts_file = outbox / "not_taken.html", outbox / "not_taken.json"
    if not passed:
        page.unlink(missing_ok=True)
        facts_file.unlink(missing_ok=True)
        return
    language = words.language_of(contract.language)
    facts = {
        "schema": SCHEMA,
        "language": language,
        "dataset": dataset_name,
        "files": [_file(name, code, contract.delivery.files, language) for name, code in passed[:MOST]],
        "contact": house.mappings.agency.contact,
    }
    if read_json(facts_file) != facts:
        house.store.commit_file(page, page_of("notice.html", facts))
        house.store.commit_file(facts_file, as_json(facts))


def _file(name: str, code: str, pattern: str, language: str) -> dict[str, Any]:
    said = words.WORDS[language][code]
    detail = words.detail(code, {"pattern": pattern}, language)
    return {"name": name, "code": code, "what": said.what, "detail": detail, "mend": said.mend}
