"""Structure messages that others wrote, read into the model: SDMX-ML 2.1, 3.0 and 3.1, SDMX-JSON 1.0, 2.0 and 2.1.

What this project has no use for (hierarchies, maps, processes, …) is passed over; `citizenstats.mapping` reads maps. Read
here and not by sdmx1 or pysdmx: the one fails on attributes of groups and data sets in 3.0 and knows no 3.1, the other keeps
names in one language and fails on lists that are in no message.
"""

from __future__ import annotations

from citizenstats.errors import StructureError
from citizenstats.sdmx.registry import message_json, message_ml
from citizenstats.sdmx.registry.artefacts import Artefacts

MOST_BYTES = 512 << 20
"""Bytes of a structure message that are read: the largest code lists known have a few ten thousand codes."""


def read_structures(content: bytes) -> Artefacts:
    """Return the artefacts of a structure message.

    Raises:
        StructureError: ``NOT_STRUCTURES`` when it is no such message, or is damaged.
    """
    if len(content) > MOST_BYTES:
        raise StructureError(
            "NOT_STRUCTURES", "the message is larger than is read", mend="ask for fewer structures"
        )
    # In UTF-16 each of the first characters has a zero beside it.
    start = content[:4096].replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xfe\xff \t\r\n")
    try:
        if start.startswith(b"<"):
            return message_ml.read(content)
        if start.startswith(b"{"):
            return message_json.read(content)
    except (KeyError, ValueError, TypeError, AttributeError, IndexError, RecursionError):
        raise StructureError(
            "NOT_STRUCTURES",
            "an artefact is not in the form that the standard gives it",
            mend="validate the message",
        ) from None
    raise StructureError(
        "NOT_STRUCTURES", "this is no structure message of SDMX", mend="send SDMX-ML or SDMX-JSON"
    )
