"""Pages for people, from the templates that lie beside the module that fills them.

What belongs here: how a template is read. What a page says belongs to its module. A template is compiled once a process:
compiling takes longer than filling.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import jinja2


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
