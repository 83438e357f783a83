"""In which language somebody wants to be spoken to, as they chose it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from facilitation.ids import PersonId

ENGLISH: Final = "en"
"""What everything is written in first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """`language`: a tag of BCP 47 ("es")."""

    person: PersonId
    language: str
