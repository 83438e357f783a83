"""Who takes part, and as what."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from facilitation.ids import PersonId, SourceId


class Role(StrEnum):
    """What a person is: in one session (`SESSION_ROLES`), or to the clinic. Rights follow from `policy`."""

    PARTICIPANT = "participant"
    FACILITATOR = "facilitator"
    COFACILITATOR = "cofacilitator"
    OBSERVER = "observer"
    """A trainee or visitor who watches with the facilitators' eyes and changes nothing."""
    SUPERVISOR = "supervisor"
    """Reads what facilitators read, and co-signs their notes or returns them."""
    GUARDIAN = "guardian"
    """Answers for a teen (`guardianship`). In a family session they are a participant like everybody there."""
    ADMINISTRATOR = "administrator"
    """Plans sessions, lets people in and keeps their accounts; reads hours, and no notes."""
    SCHEDULER = "scheduler"
    """Keeps the week: who meets when, who comes, who waits, whom to call; of records reads the week's hours alone."""
    AUDITOR = "auditor"
    """Reads what is kept, and never writes."""


STAFF = frozenset({Role.FACILITATOR, Role.COFACILITATOR, Role.OBSERVER, Role.SUPERVISOR})
"""Who looks after a session."""
SESSION_ROLES = STAFF | {Role.PARTICIPANT}
"""What somebody can be on a session's list; the others are roles of the clinic alone."""
WORKFORCE = STAFF | {Role.ADMINISTRATOR, Role.SCHEDULER, Role.AUDITOR}
"""Who works for the clinic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """A person on the session's list: `name` as the group may see it. `role` is one of `SESSION_ROLES`.

    `guest`: a participant for whom it is no treatment: family who come along, or who comes to the alumni group. They
    earn no hours, and nobody writes a note on them; that family was there stands in the note of who is treated.
    """

    person: PersonId
    role: Role
    name: str
    teen: bool = False
    guest: bool = False

    @property
    def treated(self) -> bool:
        """Whether the session is for them, and gives them hours."""
        return self.role is Role.PARTICIPANT and not self.guest

    def __post_init__(self) -> None:
        if self.role not in SESSION_ROLES:
            raise ValueError(f"nobody is {self.role} in a session")


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who asks. `person` and `role` come from the ticket or the cookie, never from a message.

    `None` for both: the server itself.
    """

    person: PersonId | None = None
    role: Role | None = None
    connection: SourceId | None = None


SERVER = Actor()
