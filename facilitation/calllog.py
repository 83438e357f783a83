"""The contact log: who tried to reach somebody or their family, whom, when, and whether they got through.

Beside what a room keeps of its own evening (`noshow`): calls of the days after, and those of whoever keeps the office.
What was said is kept nowhere.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.noshow import Outcome, Whom
from facilitation.text import NAME_MAX, line
from facilitation.timebase import MINUTE_MS, Instant

SAME_WITHIN_MS: Final = MINUTE_MS
"""The same again within these, on the clock, is a second press of the same button."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One try. `whom` and `name`: whom they tried; `by`: who tried."""

    person: PersonId
    whom: Whom
    name: str
    outcome: Outcome
    by: PersonId
    at: Instant

    @property
    def id(self) -> str:
        return f"{self.person} {self.by} {self.whom} {self.outcome} {self.at // SAME_WITHIN_MS}"


def tried(
    person: PersonId,
    *,
    whom: str,
    name: str,
    outcome: str,
    by: PersonId,
    at: Instant,
    known: Collection[tuple[str, str]],
) -> Call:
    """`known`: whom one can call about this person, as (whom, name). Raises `Refusal`."""
    name = line(name, "whom you called", NAME_MAX)
    if whom not in set(Whom) or (whom, name) not in known:
        raise Refusal("unknown_contact", "Choose whom you tried to reach from those who are kept here.")
    if outcome not in set(Outcome):
        raise Refusal("unknown_outcome", "Say how it went: reached, left word or no answer.")
    return Call(person=person, whom=Whom(whom), name=name, outcome=Outcome(outcome), by=by, at=at)
