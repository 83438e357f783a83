"""What was looked up of somebody at the door, as facts; and the sentences that they make, for whoever reads them.

Logs hold the facts, so that each reader has the words in their own language. Older logs hold words, and keep them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from facilitation.consents import ConsentKind, SignedAs
from facilitation.licences import Outcome, state_name
from facilitation.sentences import Sentence, marked

TITLES: Final = {
    ConsentKind.TELEHEALTH: marked("Care by video"),
    ConsentKind.GROUP: marked("Group agreement"),
    ConsentKind.PART2: marked("Sharing of Part 2 records"),
    ConsentKind.RELEASE: marked("Sharing with somebody by name"),
}
WHOSE: Final = {
    SignedAs.SELF: marked("their own signature"),
    SignedAs.GUARDIAN: marked("a guardian’s signature"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsigned:
    """A consent that does not stand, and whose signatures it needs."""

    kind: ConsentKind
    parts: tuple[SignedAs, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A consent that stands: the version, and the day of the last signature."""

    kind: ConsentKind
    version: str
    day: date


def unsigned_words(unsigned: Unsigned) -> Sentence:
    """'Care by video: a guardian’s signature is missing.'"""
    title = Sentence(TITLES[unsigned.kind])
    whose = [Sentence(WHOSE[part]) for part in unsigned.parts]
    if len(whose) == 1:
        return Sentence("{title}: {whose} is missing.", title=title, whose=whose[0])
    return Sentence("{title}: {whose} and {other} are missing.", title=title, whose=whose[0], other=whose[1])


def place_words(licence: Outcome, state: str) -> Sentence | None:
    """None: somebody who leads the group is licensed where they are."""
    where = Sentence(state_name(state) or marked("a place they did not name"))
    match licence:
        case Outcome.IN:
            return None
        case Outcome.WARN:
            return Sentence(
                "In {where} today. No licence is kept here that covers it: check before you go on.", where=where
            )
        case Outcome.BLOCK:
            return Sentence("In {where} today, where nobody who leads this group is licensed.", where=where)


def signed_words(signed: Signed) -> Sentence:
    """'Care by video (version 2026-01, signed 2026-11-30)'."""
    return Sentence(
        "{title} (version {version}, signed {day})",
        title=Sentence(TITLES[signed.kind]),
        version=signed.version,
        day=signed.day.isoformat(),
    )
