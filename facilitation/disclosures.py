"""Disclosures: what of somebody's record was handed out, to whom, when and why (45 CFR 164.528, 42 CFR 2.25)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from hashlib import sha256
from typing import Final

from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.sentences import Sentence
from facilitation.timebase import MINUTE_MS, Instant

PART_2_NOTICE: Final = "42 CFR part 2 prohibits unauthorized use or disclosure of these records."
"""The short form of the statement that goes with every disclosure (42 CFR 2.32)."""
REASON_CHARS_MAX: Final = 300
RECEIVER_CHARS_MAX: Final = 120
PEOPLE_MAX: Final = 2_000
SAME_WITHIN_MS: Final = 10 * MINUTE_MS
"""The same form sent again within these, on the clock, is the same disclosure: a second click, not a second time."""


class Purpose(StrEnum):
    """Why. `TREATMENT`: by this program itself; `CARE`: by somebody else. `OWN`: the person took a copy of their own
    record, and need not say why."""

    TREATMENT = "treatment"
    CARE = "care"
    EMERGENCY = "emergency"
    PAYMENT = "payment"
    OPERATIONS = "operations"
    REQUEST = "request"
    OTHER = "other"
    OWN = "own"


REASON_NEEDED: Final = frozenset({Purpose.EMERGENCY, Purpose.OTHER})
"""What a word alone does not explain. Of an emergency it must be written down what it was (42 CFR 2.51)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """One thing handed out. `by`: who took it. `what`: its kind ('hours': entries of the ledger, as a CSV file).

    `first` and `last`: the days of the sessions in it, both included; None: from the beginning, to the end.
    `about`: everybody of whom something is in it. `reason`: the purpose in words, where it needs any. `to`: who gets
    it, where that was said.
    """

    disclosure: str
    at: Instant
    by: PersonId
    what: str
    first: date | None
    last: date | None
    about: tuple[PersonId, ...]
    purpose: Purpose
    reason: str
    to: str = ""


def disclose(
    *,
    clinic: str,
    by: PersonId,
    at: Instant,
    what: str,
    first: date | None,
    last: date | None,
    about: Sequence[PersonId],
    purpose: Purpose,
    reason: str,
    form: str,
    to: str = "",
) -> Disclosure:
    """A disclosure under the name by which it is logged once. `form`: which copy of a form asked for it, by any mark.

    Raises `Refusal` that says what is missing.
    """
    reason = " ".join(reason.split())
    if len(reason) > REASON_CHARS_MAX:
        raise Refusal("bad_reason", Sentence("The reason is too long: at most {n} characters.", n=REASON_CHARS_MAX))
    if purpose in REASON_NEEDED and not reason:
        raise Refusal("bad_reason", "Say in a few words what it is for.")
    if first is not None and last is not None and last < first:
        raise Refusal("bad_days", "The last day is before the first one.")
    to = " ".join(to.split())
    if len(to) > RECEIVER_CHARS_MAX:
        raise Refusal(
            "bad_receiver", Sentence("Who gets it is too long: at most {n} characters.", n=RECEIVER_CHARS_MAX)
        )
    people = tuple(sorted(set(about)))
    if len(people) > PEOPLE_MAX:
        raise Refusal("too_much", Sentence("That is about {n} people; choose fewer days.", n=f"{len(people):,}"))
    if purpose is Purpose.OWN and people != (by,):
        raise Refusal("bad_reason", "Somebody else's record needs a reason.")
    said = [clinic, by, what, str(first), str(last), people, purpose, reason, form, at // SAME_WITHIN_MS]
    said += [to] if to else []
    return Disclosure(
        disclosure=sha256(json.dumps(said).encode()).hexdigest()[:32],
        at=at,
        by=by,
        what=what,
        first=first,
        last=last,
        about=people,
        purpose=purpose,
        reason=reason,
        to=to,
    )
