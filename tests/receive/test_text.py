"""What is seen while a file is cleaned does not depend on where it is cut into blocks."""

from __future__ import annotations

from pathlib import Path

import pytest

from citizenstats.receive import text
from citizenstats.receive.text import Cleaned, Encoding

NOTHING = Cleaned(blank_lines=False, forbidden=False, garbled=False)
SEEN = [
    (b"a;b\n1;2\n", NOTHING),
    (b"a;b\r\n1;2\r\n\r\n\r\n", NOTHING),
    ("a;â\n1;Ç\n".encode(), NOTHING),
    (b"\na;b\n", Cleaned(blank_lines=True, forbidden=False, garbled=False)),
    (b"a;b\n\n1;2\n", Cleaned(blank_lines=True, forbidden=False, garbled=False)),
    (b"a;b\r\n\r\n1;2\r\n", Cleaned(blank_lines=True, forbidden=False, garbled=False)),
    (b"a;b\r\r1;2\r", Cleaned(blank_lines=True, forbidden=False, garbled=False)),
    (b"a;b\n1;\x0b\n", Cleaned(blank_lines=False, forbidden=True, garbled=False)),
    (b"a;b\n1;\x00\n", Cleaned(blank_lines=False, forbidden=True, garbled=False)),
    ("a;b\n1;\uffff\n".encode(), Cleaned(blank_lines=False, forbidden=True, garbled=False)),
    ("a;b\n1;KÃ¸ge\n".encode(), Cleaned(blank_lines=False, forbidden=False, garbled=True)),
    ("a;b\n1;â€“\n".encode(), Cleaned(blank_lines=False, forbidden=False, garbled=True)),
    ("a;b\n1;\ufffd\n".encode(), Cleaned(blank_lines=False, forbidden=False, garbled=True)),
]


@pytest.mark.parametrize("block", [1, 2, 3, 1 << 20])
@pytest.mark.parametrize(("content", "seen"), SEEN)
def test_what_is_seen_is_seen_wherever_a_block_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, seen: Cleaned, block: int
) -> None:
    monkeypatch.setattr(text, "_BLOCK", block)
    (tmp_path / "came").write_bytes(content)
    assert text.clean(tmp_path / "came", Encoding("utf-8", "declared"), tmp_path / "clean") == seen
    end = b"\r\n" if content.endswith(b"\r\n") else content[-1:]
    assert (tmp_path / "clean").read_bytes() == content.rstrip(b"\r\n").replace(b"\0", b"\1") + end
