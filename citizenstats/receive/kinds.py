"""Files that are no table, by their first bytes and never by their name: what they are called to the partner.

Add here: a kind that partners send and that would be read as nonsense. Keep out: kinds that are read.
"""

from __future__ import annotations

import re

from citizenstats.receive.outcome import RefusalError

_COMPRESSED = (b"\x1f\x8b", b"BZh9", b"7z\xbc\xaf", b"\xfd7zXZ", b"Rar!")
_KINDS: tuple[tuple[bytes, str], ...] = (
    (rb"%PDF", "pdf"),
    (rb"SQLite format 3|\x00\x01\x00\x00Standard", "database"),
    (rb"PAR1", "parquet"),
    (
        rb"\$FL[23]|<stata_dta>|[\x69-\x73][\x01\x02]\x01\x00|\x00{12}\xc2\xea\x81\x60|HEADER RECORD\*{7}",
        "statistics",
    ),
    # A header may begin with `<5` or the like, and a tag with a letter, `!` or `?`.
    (rb"<[a-zA-Z!?]", "web page"),
    (rb"\{\s*\"|\[\s*[\[{]", "json"),
    (rb"(?:CHARSET|AXIS-VERSION|CODEPAGE)=\"", "px"),
    (rb"\x89PNG|\xff\xd8\xff|GIF8|II\*\x00|MM\x00\*", "picture"),
    (rb"\{\\rtf", "text document"),
)
"""What a file of a kind begins with → the kind."""


def refuse_other_kinds(start: bytes) -> None:
    """Let a file go on whose first bytes may be those of a table.

    Raises:
        RefusalError: ``COMPRESSED``, or ``NOT_A_TABLE`` with what it is.
    """
    if start.startswith(_COMPRESSED):
        raise RefusalError("COMPRESSED")
    for pattern, kind in _KINDS:
        if re.match(pattern, start) or re.match(pattern, start.lstrip()):
            raise RefusalError("NOT_A_TABLE", kind=kind)
