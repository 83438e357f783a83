"""Rows as a CSV file (RFC 4180) that every reader takes, and that no spreadsheet runs. Pure.

It begins with a byte order mark: without one, the most used spreadsheet takes a file it is handed for its own old
8-bit code and spoils names; other readers pass over the mark. The first row names the columns, and nothing stands
before it, for most readers take the first row for that. Every field is quoted, so that a reader that splits at
semicolons cannot cut one open.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

BOM: Final = "\ufeff"
ROWS_A_CHUNK: Final = 200
FORMULA: Final = frozenset("=+-@＝＋－＠﹦﹢﹣﹫−")
"""What a spreadsheet, or its import, may take for the beginning of a formula."""

NUMBER: Final = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?")

Cell = str | int


def encode(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """The file in UTF-8, a bounded piece at a time."""
    yield (BOM + _lines([columns])).encode()
    left = iter(rows)
    while some := list(islice(left, ROWS_A_CHUNK)):
        yield _lines(some).encode("utf-8", "replace")


def safe(text: str) -> str:
    """`text` on one line; with an apostrophe before it where it could be taken for a formula. A number is none."""
    if NUMBER.fullmatch(text):
        return text
    line = "".join(" " if unicodedata.category(char) in ("Cc", "Zl", "Zp") else char for char in text)
    seen = (char for char in line if not char.isspace() and unicodedata.category(char) != "Cf")
    return f"'{line}" if next(seen, "") in FORMULA else line


def _lines(rows: Iterable[Sequence[Cell]]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, quoting=csv.QUOTE_ALL)
    writer.writerows([safe(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return file.getvalue()
