"""Pages for people, from the templates that lie beside the module that fills them.

What belongs here: how a template is read. What a page says belongs to its module. A template is compiled once a process:
compiling takes longer than filling.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import jinja2


_JOINERS = "\u200c\u200d"
_JOINED_FROM = "\u0600"
"""Arabic is the first script that is written with joiners."""


def visible(text: str) -> str:
    """Return a text with what nobody sees in it spelt out, such as ``⟨U+200B⟩``.

    A text that looks right and is refused cannot be mended, and some of these characters turn round what stands beside
    them. Joiners stay where scripts need them.
    """
    shown = []
    for before, character in zip(f" {text}", text, strict=False):
        is_hidden = unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
        is_lawful = character in _JOINERS and before >= _JOINED_FROM
        shown.append(f"⟨U+{ord(character):04X}⟩" if is_hidden and not is_lawful else character)
    return "".join(shown)


def filled(template: Path, filters: Mapping[str, Callable[..., str]] | None = None, **content: Any) -> bytes:
    """Return a page of HTML that needs nothing else.

    Args:
        template: its file.
        filters: what the templates of that folder know besides what Jinja has.
        content: what the template says; a word of it that is missing is an error.
    """
    environment = _environment(template.parent)
    environment.filters |= filters or {}
    return environment.get_template(template.name).render(**content).encode()


@cache
def _environment(folder: Path) -> jinja2.Environment:
    # Only here: most commands fill no page.
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
