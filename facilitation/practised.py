"""Skills that somebody used, counted by days and weeks: written down, done with the group, or named in check-in."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from facilitation.ids import SkillId
from facilitation.skills import Skill

WEEKS: Final = 8
DAYS: Final = 7


class Source(StrEnum):
    DIARY = "diary"
    EXERCISE = "exercise"
    """A live exercise in which they took part, for the skill that it practices first."""
    CHECK_IN = "check_in"
    """An answer in check-in that names the skill."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    skill: SkillId
    day: date
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Practised:
    """One skill over some weeks: on how many days of each it was used, the oldest week first."""

    skill: SkillId
    by_week: tuple[int, ...]
    sources: frozenset[Source]
    last: date

    @property
    def days(self) -> int:
        return sum(self.by_week)


def weeks_until(today: date, weeks: int = WEEKS) -> tuple[date, ...]:
    """The first days of the last weeks, the oldest first; the last of them ends today."""
    return tuple(today - timedelta(days=DAYS * back - 1) for back in range(weeks, 0, -1))


def counted(uses: Iterable[Use], today: date, weeks: int = WEEKS) -> tuple[Practised, ...]:
    """Skills used in the last weeks, the most used first. A day counts once, wherever it is known from."""
    first = weeks_until(today, weeks)[0]
    days: dict[SkillId, dict[date, set[Source]]] = defaultdict(lambda: defaultdict(set))
    for use in uses:
        if first <= use.day <= today:
            days[use.skill][use.day].add(use.source)
    found = [_practised(skill, known, first, weeks) for skill, known in days.items()]
    return tuple(sorted(found, key=lambda each: (-each.days, -each.last.toordinal(), each.skill)))


def _practised(skill: SkillId, days: dict[date, set[Source]], first: date, weeks: int) -> Practised:
    by_week = [0] * weeks
    for day in days:
        by_week[(day - first).days // DAYS] += 1
    sources = frozenset(source for known in days.values() for source in known)
    return Practised(skill=skill, by_week=tuple(by_week), sources=sources, last=max(days))


def named(text: str, skills: Iterable[Skill]) -> tuple[SkillId, ...]:
    """The skills that somebody's own words name, by title or by the name they have elsewhere; each once."""
    folded = _folded(text)

    def there(name: str) -> bool:
        return bool(name) and re.search(rf"(?<!\w){re.escape(_folded(name))}(?!\w)", folded) is not None

    found = (skill.id for skill in skills if there(skill.title) or there(skill.known_as))
    return tuple(dict.fromkeys(found))


def _folded(text: str) -> str:
    """Without capitals and accents, white space made single."""
    apart = unicodedata.normalize("NFKD", " ".join(text.casefold().split()))
    return "".join(character for character in apart if not unicodedata.combining(character))
