"""Who answers for a teen, from when until when, and what they may do in the teen's stead.

It is a record of the clinic, not a place in a group: in a family session a guardian is a participant like everybody
there, and nowhere do they see more of the group than their teen's own name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, time
from enum import StrEnum
from typing import Final

from facilitation.errors import Refusal
from facilitation.facts import zone_of
from facilitation.ids import PersonId
from facilitation.schedule import instant_of
from facilitation.sentences import Sentence
from facilitation.text import REASON_MAX, line
from facilitation.timebase import HOUR_MS, Instant
from facilitation.weeks import day_of

AHEAD_DAYS_MAX: Final = 366
TOLD_FOR_MS: Final = 60 * 24 * HOUR_MS
"""So long after the end a guardian's own page says that it is over."""


class Care(StrEnum):
    """What a guardian may be allowed, each by itself. A note or an answer of the teen's is never among it."""

    SCHEDULE = "schedule"
    """See when the teen's sessions are."""
    ABSENCES = "absences"
    """Tell the clinic that the teen will be away."""
    HOURS = "hours"
    """Read the teen's statement of hours."""
    CONSENTS = "consents"
    """Read and sign consents that are theirs to sign."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guardianship:
    """One guardian and one teen. It holds while `since` <= now, and now < `until` if that is set.

    From the day on which the teen is of age it holds only if they agreed to it then (`agreed`). `why` it ended is said
    in the clinic's words, for staff and for nobody else.
    """

    guardian: PersonId
    teen: PersonId
    since: Instant
    until: Instant | None = None
    may: frozenset[Care] = frozenset()
    agreed: Instant | None = None
    why: str = ""

    @property
    def id(self) -> str:
        return f"{self.guardian} {self.teen}"

    def holds(self, now: Instant, of_age: Instant | None = None) -> bool:
        """`of_age`: since when the teen is, or from when on they will be; None: nobody knows, or not yet."""
        own = of_age is None or now < of_age or (self.agreed is not None and self.agreed >= of_age)
        return own and self.since <= now and (self.until is None or now < self.until)

    def ended_by_age(self, now: Instant, of_age: Instant | None) -> bool:
        """Whether it would hold, were the teen not of age."""
        return self.holds(now) and not self.holds(now, of_age)

    def allows(self, care: Care, now: Instant) -> bool:
        return care in self.may and self.holds(now)

    def over(self, now: Instant) -> bool:
        """Whether the clinic has ended it."""
        return self.until is not None and self.until <= now

    def over_lately(self, now: Instant) -> bool:
        return self.until is not None and self.until <= now < self.until + TOLD_FOR_MS


def ended(care: Guardianship, day: date, why: str, *, zone: str, now: Instant) -> Guardianship:
    """Over from the beginning of `day` on, where the teen lives; from this moment on where that is today.

    Raises `Refusal`: no reason, or a day on which nothing can end.
    """
    why = line(why, "why it ends", REASON_MAX)
    today = day_of(now, zone_of(zone))
    if day < day_of(care.since, zone_of(zone)):
        raise Refusal("bad_day", "They have been noted as a guardian only since a later day.")
    if (day - today).days > AHEAD_DAYS_MAX:
        raise Refusal("bad_day", Sentence("Choose a day within the next {n} days.", n=AHEAD_DAYS_MAX))
    until = now if day == today else max(care.since, instant_of(day, time(), zone_of(zone)))
    return replace(care, until=until, why=why)


def resumed(care: Guardianship) -> Guardianship:
    """As it was before it was ended."""
    return replace(care, until=None, why="")


def left_out(guardian: PersonId, teens: Collection[PersonId], cares: Iterable[Guardianship], at: Instant) -> bool:
    """Whether somebody comes to a meeting only as the guardian of `teens` that they are no more at that time.

    Whoever never was anybody's guardian there comes as something else.
    """
    theirs = [each for each in cares if each.guardian == guardian and each.teen in teens]
    return bool(theirs) and all(each.over(at) for each in theirs)
