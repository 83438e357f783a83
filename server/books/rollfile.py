"""A list of people as a file or as pasted from a spreadsheet: whatever wrote it, rows of words come out. Pure."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Final

from facilitation.errors import Refusal
from facilitation.roll import ROWS_MAX
from facilitation.sentences import Sentence, marked

BYTES_MAX: Final = 4 * 1024 * 1024
CELL_CHARS_MAX: Final = 2_000
SEPARATORS: Final = ",;\t"


@dataclass(frozen=True, slots=True, kw_only=True)
class RollFile:
    """`remark`: what was guessed, in words, so that somebody who knows better can say so; "": nothing."""

    heading: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    remark: str = ""


def decode(data: bytes) -> tuple[str, str]:
    """The file's text, and a remark where its letters had to be guessed. Raises Refusal."""
    if len(data) > BYTES_MAX:
        raise Refusal("too_much", "The file is larger than 4 MB. Split it, or leave out columns that are not needed.")
    if data[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):
        raise Refusal("bad_file", "This is a workbook, not a list. In your spreadsheet choose “Save as”, then CSV.")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            return data.decode("utf-16"), ""
        except UnicodeDecodeError:
            raise Refusal("bad_file", "The file is cut off, or is no list of people.") from None
    try:
        return data.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        pass
    if b"\x00" in data:
        raise Refusal("bad_file", "This is no list of people: it holds bytes that are no letters.")
    text = data.decode("cp1252", errors="replace")
    if "\ufffd" in text:
        raise Refusal("bad_file", "Some letters of this file cannot be read. Save it as CSV in UTF-8, then try again.")
    return text, marked(
        "The file does not say how its letters are written. Look at names with accents before you go on."
    )


def parse(text: str, *, remark: str = "") -> RollFile:
    """Heading and rows. Commas, semicolons or tabs part the cells: what the heading has most of. Raises Refusal."""
    text = text.lstrip("\ufeff")
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(SEPARATORS, key=first.count)
    reader = csv.reader(io.StringIO(text.replace("\x00", ""), newline=""), delimiter=separator)
    rows: list[tuple[str, ...]] = []
    try:
        for cells in reader:
            if not rows and not any(cell.strip() for cell in cells):
                continue  # empty lines above the heading
            if len(rows) > ROWS_MAX:
                raise Refusal("too_much", Sentence("That is more than {n} rows. Split the list.", n=f"{ROWS_MAX:,}"))
            if any(len(cell) > CELL_CHARS_MAX for cell in cells):
                raise Refusal(
                    "bad_file",
                    Sentence(
                        "Row {row} has a cell of more than {n} characters. A quotation mark that is opened and never "
                        "closed looks like this.",
                        row=len(rows) + 1,
                        n=f"{CELL_CHARS_MAX:,}",
                    ),
                )
            rows.append(tuple(cells))
    except csv.Error:
        raise Refusal("bad_file", Sentence("Row {row} cannot be read.", row=len(rows) + 1)) from None
    if not rows:
        raise Refusal("empty_text", "There is nothing in it yet. The first row names the columns: name, email, …")
    return RollFile(heading=rows[0], rows=tuple(rows[1:]), remark=remark)
