"""The cells of SDMX-CSV: values, names beside them, several values in one cell, keys.

A value of several parts (field guide of 2.1): its parts stand between sub-field separators; each text in a language is
``en:text``; a part is quoted where a cell would be, with the sub-field separator for the separator, and so is each set
of languages where there are several. Quoting the cell as RFC 4180 has it comes after that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from citizenstats.engine import Engine, name, quoted
from citizenstats.sdmx.model import Component, Item
from citizenstats.sdmx.write.csv_time import normalized
from citizenstats.sdmx.write.fragments import Sql, concat, escaping, in_language, otherwise, text_of, value
from citizenstats.sdmx.write.message import DataMessage, Layout
from citizenstats.sdmx.write.options import Options

NOTHING = Sql("NULL")


@dataclass(frozen=True)
class Cells:
    """The cells of a data set's rows.

    Attributes:
        engine: looks for the codes that occur, where names are asked for.
        message: the data set.
        found: where its components stand.
        options: what is asked for.
    """

    engine: Engine
    message: DataMessage
    found: Layout
    options: Options

    def of(self, component: Component) -> list[Sql]:
        """Return the cell of a component, and the one of its name where names have columns of their own."""
        labels = self.options.labels
        there = component.id in self.found.types
        coded = component.codelist is not None and labels != "id"
        if component.several:
            cell = self._several(component, "both" if labels == "both" else "id") if there else NOTHING
            word = self.found.missing(component)
            cell = otherwise(cell, word) if word and there else cell
            named = self._several(component, "name") if there and coded else NOTHING
        else:
            cell = self._single(component, both=coded and labels == "both") if there else NOTHING
            named = self._named(component, lambda _, told: told) if there and coded else NOTHING
        return [cell, named] if labels == "name" else [cell]

    def key(self, dimensions: Iterable[str]) -> Sql:
        """Return the values of dimensions with dots between; one that is open is nothing."""
        parts = [part for d in dimensions for part in (".", Sql(name(d)))]
        return concat(parts[1:])

    def _single(self, component: Component, *, both: bool) -> Sql:
        if both:
            return self._named(component, lambda code, told: f"{code}: {told}")
        if component.role == "time" and self.options.time_format == "normalized":
            return Sql(normalized(self.engine, component.id, self.found.source))
        text = value(component, self.found.types[component.id], quoting(self.options.separator))
        word = self.found.missing(component)
        return otherwise(text, word) if word else text

    def _named(self, component: Component, how: Callable[[str, str], str]) -> Sql:
        told = {
            code: quoted_cell(how(code, n), self.options.separator)
            for code, n in self._names(component).items()
        }
        return Sql(_looked_up(name(component.id), told))

    def _several(self, component: Component, labels: str) -> Sql:
        """Return the cell of several values, or of one in several languages."""
        column, between = name(component.id), self.options.between
        if component.array:
            part = self._in_languages(component, "part") if component.multilingual else "part"
            if component.multilingual:
                part = f"""concat('"', replace({part}, '"', '""'), '"')"""
            elif component.codelist is None:
                part = text_of(
                    component, "part", self.found.types[component.id].removesuffix("[]"), quoting(between)
                )
            elif labels != "id":
                names = self._names(component).items()
                told = {code: n if labels == "name" else f"{code}: {n}" for code, n in names}
                part = _looked_up(
                    "part",
                    {code: quoted_cell(text, between) for code, text in told.items()},
                )
            listed = f"array_to_string(list_transform({column}, lambda part: {part}), {quoted(between)})"
            whole = f"nullif({listed}, '')"
        else:
            whole = self._in_languages(component, column)
        return Sql(quoting(self.options.separator)(f"({whole})"))

    def _in_languages(self, component: Component, held: str) -> str:
        told = []
        for language in component.languages:
            text = in_language(held, language)
            part = quoting(self.options.between)(f"concat({quoted(language + ':')}, {text})")
            told.append(f"CASE WHEN {text} <> '' THEN {part} END")
        return f"concat_ws({quoted(self.options.between)}, {', '.join(told)})"

    def _names(self, component: Component) -> Mapping[str, str]:
        """Return code → name of the codes that occur."""
        column = f"unnest({name(component.id)})" if component.array else name(component.id)
        distinct = f"SELECT DISTINCT {column} AS code FROM ({self.found.source})"
        occurring = self.engine.rows(f"SELECT code FROM ({distinct}) WHERE code <> '' ORDER BY 1")
        items: Mapping[str, Item] = {}
        if component.codelist is not None and self.message.structures is not None:
            items = self.message.structures.scheme(component.codelist).by_id
        return {
            code: name_in(items[code].names, self.options.language, code) if code in items else code
            for (code,) in occurring
        }


def name_in(names: Mapping[str, str], language: str, otherwise: str) -> str:
    """Return a name in a language, else in English, else in any, else what stands for it."""
    return names.get(language) or names.get("en") or next(iter(names.values()), otherwise)


def quoting(separator: str) -> Callable[[str], str]:
    """Return the escape of a cell: SQL of a text → SQL of it as RFC 4180 has it."""
    return escaping(f'"{separator}\n\r', lambda text: f"""concat('"', replace({text}, '"', '""'), '"')""")


def quoted_cell(text: str, separator: str) -> str:
    """Return a text as a cell."""
    held = any(character in text for character in f'"{separator}\n\r')
    return '"' + text.replace('"', '""') + '"' if held else text


def _looked_up(code: str, told: Mapping[str, str]) -> str:
    """Return SQL of what is told of a code; NULL where there is none."""
    if not told:
        return "NULL"
    codes, texts = (", ".join(quoted(one) for one in listed) for listed in (told, told.values()))
    return f"[{texts}][list_position([{codes}], {code})]"


def header_of(components: Sequence[Component], message: DataMessage, options: Options) -> list[str]:
    """Return the header's fields of components: ids, with languages and names where they are asked for."""
    fields: list[str] = []
    for component in components:
        identifier = component.id
        if component.several:
            identifier += f"[{options.between.join(component.languages)}]"
        scheme = message.structures.schemes.get(component.concept_scheme) if message.structures else None
        concept = scheme.by_id.get(component.concept) if scheme else None
        told = name_in(concept.names if concept else {}, options.language, component.id)
        fields += {
            "id": [identifier],
            "both": [f"{identifier}: {told}"],
            "name": [identifier, told],
        }[options.labels]
    return [quoted_cell(field, options.separator) for field in fields]
