"""Who takes part, and as what."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from facilitation.ids import PersonId, SourceId


class Role(StrEnum):
    """What a person is in one session. Rights follow from `policy`."""

    PARTICIPANT = "participant"
    FACILITATOR = "facilitator"
    COFACILITATOR = "cofacilitator"
    OBSERVER = "observer"
    """A trainee or visitor who watches with the facilitators' eyes and changes nothing."""
    SUPERVISOR = "supervisor"
    """Reads what facilitators read, and co-signs their notes or returns them."""


STAFF = frozenset({Role.FACILITATOR, Role.COFACILITATOR, Role.OBSERVER, Role.SUPERVISOR})


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """A person on the session's list: `name` as the group may see it."""

    person: PersonId
    role: Role
    name: str
    teen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who asks. `person` and `role` come from the ticket or the cookie, never from a message.

    `None` for both: the server itself.
    """

    person: PersonId | None = None
    role: Role | None = None
    connection: SourceId | None = None


SERVER = Actor()
