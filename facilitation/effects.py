"""What the shell must do after a live event. Data only; replay never yields one.

Views need no effect: after every turn each viewer's view is due.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from facilitation.ids import PersonId, SmallRoomId


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """Open or shut a person's gates in the media plane."""

    person: PersonId
    microphone: bool
    camera: bool
    screen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """Who is in which small room; who is not named is in the main one. Nothing is forwarded from one to another."""

    rooms: Mapping[PersonId, SmallRoomId]


@dataclass(frozen=True, slots=True, kw_only=True)
class DropMedia:
    """The person is not in the room any more: take their peers out of the media plane."""

    person: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class Nudge:
    """A word to one person's browsers. `kind`: 'unmute_asked', 'muted', 'admitted', 'moved_to_waiting'."""

    person: PersonId
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dismiss:
    """Close a person's connections. `reason`: 'left', 'quick_exit', 'consent', 'removed', 'ended'."""

    person: PersonId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseMedia:
    """The session is over: close its room in the media plane."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostHours:
    """A note was signed: the hours projection has work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepAgreement:
    """The group agreed on something that its next sessions begin with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """Somebody came on the list after the room opened: what the clinic has to say to a room is said again."""


Effect = Forward | Partition | DropMedia | Nudge | Dismiss | CloseMedia | PostHours | KeepAgreement | Brief
