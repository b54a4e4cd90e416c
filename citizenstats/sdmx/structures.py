"""Structure messages: everything that a receiver needs to understand a dataflow, in SDMX-ML and SDMX-JSON.

What belongs here: the door to the writers (`structures_ml.py`, `structures_json.py`). They are written here and not by pysdmx
1.21, whose model holds names in one language, and whose writers leave out categorisations, data providers and provision
agreements in 2.1 or write JSON that its own schema refuses.
"""

from __future__ import annotations

from collections.abc import Sequence

from citizenstats.errors import MessageError
from citizenstats.sdmx import structures_json, structures_ml
from citizenstats.sdmx.header import Header
from citizenstats.sdmx.model import Reference, Structures
from citizenstats.sdmx.selected import Selected, select

FORMATS = ("ml-2.1", "ml-3.0", "ml-3.1", "json-1.0", "json-2.0", "json-2.1")


def structure_message(structures: Structures, flows: Sequence[Reference], form: str, header: Header) -> bytes:
    """Return the message with all artefacts that dataflows need.

    Args:
        structures: where they are.
        flows: the dataflows.
        form: one of `FORMATS`.
        header: of the message.

    Raises:
        MessageError: there is no such format.
        StructureError: an artefact is missing.
    """
    return written(select(structures, flows), form, header)


def written(selected: Selected, form: str, header: Header) -> bytes:
    """Return the message with these artefacts.

    Raises:
        MessageError: there is no such format, or it cannot say a structure.
    """
    if form == "ml-2.1":
        return structures_ml.write(selected, header, "2.1")
    if form == "ml-3.0":
        return structures_ml.write(selected, header, "3.0")
    if form == "ml-3.1":
        return structures_ml.write(selected, header, "3.1")
    if form == "json-1.0":
        return structures_json.write(selected, header, "1.0")
    if form == "json-2.0":
        return structures_json.write(selected, header, "2.0")
    if form == "json-2.1":
        return structures_json.write(selected, header, "2.1")
    raise MessageError(
        "NO_SUCH_FORMAT", f"structures are not written as {form}", mend=f"use one of {', '.join(FORMATS)}"
    )
