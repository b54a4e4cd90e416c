"""Names of the persons who let out, take back or erase."""

from __future__ import annotations

import re
import unicodedata


def plain_name(person: str) -> str:
    """Return a person's name for comparing: without mail address, case, accents of encoding and spare spaces."""
    bare = re.sub(r"<[^>]*>", " ", unicodedata.normalize("NFKC", person))
    return " ".join(bare.split()).casefold()
