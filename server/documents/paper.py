"""Data and a template make a PDF that says what is what (PDF/UA-1), the same bytes for the same data.

Templates are Typst files beside this one. They get the data as values, never as markup: nothing that anybody typed
can become a command. Fonts are the compiler's own, so that a paper looks the same wherever it is made.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import typst

from facilitation.timebase import Instant
from server.web.catalogues import ENGLISH
from server.web.words import Words, local

FOLDER: Final = Path(__file__).parent
DATA_BYTES_MAX: Final = 4_000_000


def make(template: str, data: Mapping[str, Any], *, at: Instant) -> bytes:
    """The PDF of `template`.typ for `data` (JSON values); `at` stands in it as when it was made.

    About 20 ms a page of work. Raises ValueError for data beyond all measure.
    """
    text = json.dumps(data, ensure_ascii=False)
    if len(text.encode("utf-8", "replace")) > DATA_BYTES_MAX:
        raise ValueError(f"{len(text):,} characters are too much for one paper")
    return typst.compile(
        FOLDER / f"{template}.typ",
        root=FOLDER,
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"data": text},
        pdf_standards=["ua-1"],
        timestamp=at // 1_000,
    )


async def made(template: str, data: Mapping[str, Any], *, at: Instant) -> bytes:
    """The same, beside the event loop."""
    return await asyncio.to_thread(make, template, data, at=at)


def moment(at: Instant, zone: str, words: Words) -> str:
    """ "24 November 2026, 18:00:05 (America/New_York)"."""
    when = local(at, zone)
    if words.language == ENGLISH:
        return f"{when.day} {when:%B %Y, %H:%M:%S} ({zone})"
    return f"{words.calendar(when.date())}, {when:%H:%M:%S} ({zone})"


def said(words: Words, **more: str | list[str]) -> dict[str, Any]:
    """What a paper says by itself: every one of them the number of its pages."""
    return {"language": words.language, "page": words("Page {page} of {all}"), **more}
