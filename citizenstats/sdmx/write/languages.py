"""In which languages texts are written, where the structure does not say which: those that occur.

``isMultiLingual`` of SDMX tells no language. What belongs here: finding them before a message is written. What does not: how a
format writes them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from citizenstats.engine import Engine, name
from citizenstats.errors import MessageError
from citizenstats.sdmx.model import Component
from citizenstats.sdmx.write.message import DataMessage

_LANGUAGE = re.compile("[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_ALWAYS = "en"
"""The language of a text that occurs in none, so that its column has a form."""


def with_languages(engine: Engine, messages: Sequence[DataMessage]) -> list[DataMessage]:
    """Return the data sets of a message with the languages that occur in any of them, English first.

    Raises:
        MessageError: ``NO_LANGUAGE`` when what stands for a language is none.
    """
    structure = messages[0].structure
    if not any(component.any_language for component in structure.components):
        return list(messages)
    columns = [{column for column, _ in engine.columns(message.source)} for message in messages]
    components = []
    for component in structure.components:
        found = set(component.languages)
        if component.any_language:
            for message, there in zip(messages, columns, strict=True):
                if component.id in there:
                    found |= _occurring(engine, message, component)
            listed = sorted(found or {_ALWAYS}, key=lambda language: (language != "en", language))
            components.append(replace(component, languages=tuple(listed)))
        else:
            components.append(component)
    return [
        replace(message, structure=replace(structure, components=tuple(components))) for message in messages
    ]


def _occurring(engine: Engine, message: DataMessage, component: Component) -> set[str]:
    column = name(component.id)
    held = f"unnest({column})" if component.array else column
    keys = f"SELECT DISTINCT unnest(map_keys(text)) AS language FROM (SELECT {held} AS text FROM ({message.source}))"
    found = {str(row[0]) for row in engine.rows(keys)}
    if not all(_LANGUAGE.fullmatch(language) for language in found):
        raise MessageError(
            "NO_LANGUAGE",
            "what stands for a language is no tag of one",
            component.id,
            "write it as en or pt-BR",
        )
    return found
