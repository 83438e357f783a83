"""What the clinic's own are called in the register and in addresses, and how their versions are counted."""

from __future__ import annotations

import re
from collections.abc import Collection

VERSIONS_A_YEAR = 99


def free(title: str, taken: Collection[str], *, longest: int, otherwise: str) -> str:
    """A name made of the title, that none of them has; a clinic's own begin with "own-"."""
    plain = re.sub(r"[^a-z0-9]+", "-", title.casefold()).strip("-")[: longest - 8].strip("-") or otherwise
    names = (f"own-{plain}" if n == 1 else f"own-{plain}-{n}" for n in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)


def next_version(before: str, year: int) -> str:
    """After "2026-01", in 2026, "2026-02"."""
    number = int(before[-2:]) + 1 if before.startswith(str(year)) else 1
    return f"{year}-{min(number, VERSIONS_A_YEAR):02}"


def revision(text: str) -> int:
    """What a form was typed upon; 0 for rubbish."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0
