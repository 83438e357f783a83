"""Traces: who read or did what with whose record, and by what right (45 CFR 164.312(b))."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from facilitation.ids import PersonId, SessionId
from facilitation.people import Role
from facilitation.timebase import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One reading or deed. `trace`: its own name, under which it is kept once; `by`: who (""; the server itself).

    `action`: as in `policy.Action`, or what the server did. `about`: whose record it was (nobody's: empty). `session`:
    of which session ("": of none). `reason`: what was said for it, where a reason is asked for (break-glass).
    """

    trace: str
    at: Instant
    by: PersonId | str
    role: Role | None
    action: str
    about: tuple[PersonId, ...] = ()
    session: SessionId | str = ""
    reason: str = ""


class Deed(StrEnum):
    """What is done to accounts and families, as it stands in the audit log for ever."""

    INVITED = "invited somebody"
    WITHDREW = "withdrew an invitation"
    BEGAN = "chose a way to sign in"
    SIGNED_IN = "signed in"
    SIGNED_OUT = "signed out elsewhere"
    CHANGED = "changed a way to sign in"
    LOCKED = "locked an account"
    UNLOCKED = "unlocked an account"
    GUESSED = "was wrong too often"
    DUTIES = "changed what somebody may do"
    REMINDED = "reminded somebody to sign"
    CARE_ENDED = "ended that somebody is a guardian"
    CARE_RESUMED = "took back that somebody is a guardian no more"
    CARE_CHANGED = "changed what a guardian may"
