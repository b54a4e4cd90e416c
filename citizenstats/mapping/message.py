"""Structure maps as messages: the door to the writers."""

from __future__ import annotations

from citizenstats.errors import MessageError
from citizenstats.mapping import write_json, write_ml
from citizenstats.mapping.export import Exported
from citizenstats.mapping.model import MapMessage
from citizenstats.sdmx.header import Header
from citizenstats.sdmx.selected import Selected

FORMATS = ("ml-3.0", "json-2.0")

NOTHING = Selected((), (), (), (), (), ())
"""No structures: those that the maps lead from and to are known to whoever has use for the maps."""


def message(exported: Exported, form: str, header: Header) -> bytes:
    """Return the structure message with a dataset's maps and the structure that they map from.

    Args:
        exported: the maps.
        form: one of `FORMATS`.
        header: of the message.

    Raises:
        MessageError: there is no such format.
    """
    source = Selected(
        schemes=(exported.concepts,),
        data_structures=(exported.source,),
        dataflows=(),
        agreements=(),
        categorisations=(),
        constraints=(),
    )
    return written(exported.maps, source, form, header)


def written(maps: MapMessage, source: Selected, form: str, header: Header) -> bytes:
    """Return the structure message with maps, and the structures that go with them.

    Raises:
        MessageError: there is no such format.
    """
    if form == "ml-3.0":
        return write_ml.write(maps, source, header)
    if form == "json-2.0":
        return write_json.write(maps, source, header)
    raise MessageError(
        "NO_SUCH_FORMAT", f"structure maps are not written as {form}", mend=f"use one of {', '.join(FORMATS)}"
    )
