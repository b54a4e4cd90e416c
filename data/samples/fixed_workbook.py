"""Workbooks with the same bytes each time they are made."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import datetime

from openpyxl import Workbook


def workbook_bytes(book: Workbook, stamp: datetime) -> bytes:
    """Return a workbook's bytes with `stamp` in place of the times that openpyxl takes from the clock.

    The parts are not compressed, because how tightly bytes are packed differs from one zlib to the next.
    """
    book.properties.created = book.properties.modified = stamp
    saved, fixed = io.BytesIO(), io.BytesIO()
    book.save(saved)
    modified = stamp.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    with zipfile.ZipFile(saved) as source, zipfile.ZipFile(fixed, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + modified, content)
            target.writestr(zipfile.ZipInfo(name, stamp.timetuple()[:6]), content)
    return fixed.getvalue()
