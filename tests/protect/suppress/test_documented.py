"""The example of docs/suppression.md is run as a reader copies it, and prints what stands there."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

DOCS = Path(__file__).resolve().parents[3] / "docs" / "suppression.md"


def test_the_example_prints_what_the_page_says() -> None:
    examples = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    assert len(examples) == 1
    for code, printed in examples:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(code, DOCS.name, "exec"), {})
        assert out.getvalue() == printed
