"""Who answers for a teen, from when until when, and what they may do in the teen's stead.

It is a record of the clinic, not a place in a group: in a family session a guardian is a participant like everybody
there, and nowhere do they see more of the group than their teen's own name.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from facilitation.ids import PersonId
from facilitation.timebase import Instant


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

    From the day on which the teen is of age it holds only if they agreed to it then (`agreed`).
    """

    guardian: PersonId
    teen: PersonId
    since: Instant
    until: Instant | None = None
    may: frozenset[Care] = frozenset()
    agreed: Instant | None = None

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
