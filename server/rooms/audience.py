"""Who watches a room: its viewers, what they are told, and whose view changes when something happens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, Literal

import structlog

from facilitation.events import (
    AbsenceExplained,
    AbsenceTold,
    AddendumAdded,
    ApartListed,
    AttendanceCorrected,
    BreakoutsPlanned,
    ConsentRevoked,
    CounsellingNoteKept,
    DisputeTakenBack,
    DoorChecked,
    Event,
    ExerciseDrafted,
    ExerciseJoined,
    FlagTaken,
    FormDrafted,
    GoalsAddressed,
    GoalsListed,
    Heard,
    HelpAnswered,
    HelpCalled,
    HoursAmended,
    ItemAnswered,
    LineProposed,
    LocationSaid,
    MakeUpLinked,
    MeasureHandedIn,
    MeasurePutOff,
    MeasuresOffered,
    MinutesDisputed,
    MissingNoticed,
    MoveUndone,
    NoteCosigned,
    NoteDrafted,
    NoteReturned,
    PlanWritten,
    ReachedOut,
    Recorded,
    SafetyStepTicked,
    ScreenerAnswered,
    SectionDrafted,
    SegmentEntered,
    SessionStarted,
    SkillsNamed,
    Spoke,
    StillHereAnswered,
    StillHereAsked,
    StillHereMissed,
    UnmuteAsked,
)
from facilitation.ids import PersonId, SourceId
from facilitation.people import STAFF
from facilitation.state import RoomState
from facilitation.timebase import Instant
from facilitation.views import OUTSIDE, audience_of
from server.rooms.ports import Agenda, Close, Told, View, Viewer
from server.rooms.sight import Sight

log = structlog.get_logger(__name__)

VIEWERS_MAX: Final = 256
VIEWERS_PER_PERSON_MAX: Final = 6
STAFF_REFRESH_MS: Final = 10_000
"""What staff see depends on the time too (advice, lateness): they get a view at least this often."""

Watchers = Literal["nobody", "staff", "everyone"]

AGED_MS: Final = 2_000
"""Running times in a view are at most this old."""
FORESEEN_EVERY_MS: Final = 100
"""More changes than this are not all shown (a viewer gets ten views a second), and need not all be prepared."""


_MOVES: Final = (SessionStarted, SegmentEntered, MoveUndone)


def watchers(event: Event) -> tuple[Watchers, PersonId | None]:
    """Who sees something else after an event: a whole kind of viewers, and one person besides."""
    match event:
        case Heard() | Spoke() | CounsellingNoteKept():
            return "nobody", None
        case (
            StillHereAsked()
            | StillHereAnswered()
            | StillHereMissed()
            | MinutesDisputed()
            | DisputeTakenBack()
            | AttendanceCorrected()
            | HoursAmended()
            | ExerciseJoined()
            | MeasuresOffered()
            | MeasureHandedIn()
            | MeasurePutOff()
            | HelpCalled()
            | HelpAnswered()
        ):
            return "staff", event.person
        case LineProposed():
            return "staff", event.person
        case FormDrafted() | ExerciseDrafted() | ItemAnswered() | UnmuteAsked():
            return "nobody", event.person
        case (
            ApartListed()
            | BreakoutsPlanned()
            | DoorChecked()
            | ConsentRevoked()
            | NoteDrafted()
            | SectionDrafted()
            | GoalsListed()
            | GoalsAddressed()
            | SkillsNamed()
            | LocationSaid()
            | AddendumAdded()
            | NoteCosigned()
            | NoteReturned()
            | AbsenceExplained()
            | MakeUpLinked()
            | AbsenceTold()
            | MissingNoticed()
            | ReachedOut()
            | FlagTaken()
            | SafetyStepTicked()
            | ScreenerAnswered()
            | PlanWritten()
        ):
            return "staff", None
        case _:
            return "everyone", None


def moves(records: Sequence[Recorded]) -> bool:
    """Whether the group is elsewhere in its plan after these records, which everybody should see at once."""
    return any(isinstance(record.event, _MOVES) for record in records)


class Audience:
    """The viewers of one room, and `state`, which their views show."""

    def __init__(self, state: RoomState) -> None:
        self._sight = Sight(state)
        self._foreseen = self._sight
        self._viewers: dict[SourceId, Viewer] = {}
        self._shown: set[SourceId] = set()
        self._staff_seen_at = Instant(0)

    # ------------------------------------------------------------------ who is there

    def __iter__(self) -> Iterator[Viewer]:
        return iter(list(self._viewers.values()))

    def __len__(self) -> int:
        return len(self._viewers)

    def has_room_for(self, person: PersonId) -> bool:
        return len(self._viewers) < VIEWERS_MAX and len(list(self.of(person))) < VIEWERS_PER_PERSON_MAX

    def add(self, viewer: Viewer) -> None:
        """From now on it hears words; it sees nothing before `show`."""
        self._viewers[viewer.connection] = viewer

    def show(self, viewer: Viewer) -> None:
        """From now on it sees, first of all what is now."""
        if viewer.connection in self._viewers:
            self._shown.add(viewer.connection)
            viewer.view_due()

    def discard(self, viewer: Viewer) -> None:
        self._viewers.pop(viewer.connection, None)
        self._shown.discard(viewer.connection)

    def get(self, connection: SourceId) -> Viewer | None:
        return self._viewers.get(connection)

    def of(self, person: PersonId) -> Iterator[Viewer]:
        """Every connection of one person."""
        return (viewer for viewer in self if viewer.expected.person == person)

    def staff(self) -> Iterator[Viewer]:
        return (viewer for viewer in self if viewer.expected.role in STAFF)

    # ------------------------------------------------------------------ telling

    def tell(self, message: Told, viewers: Iterable[Viewer] | None = None) -> None:
        for viewer in self if viewers is None else viewers:
            viewer.tell(message)

    def close(self, code: Close) -> None:
        for viewer in self:
            viewer.close(code)

    # ------------------------------------------------------------------ seeing

    def foresee(self, state: RoomState, records: Sequence[Recorded]) -> Callable[[], None] | None:
        """How to prepare what will be seen if the store takes these records, while it does; None: not worth it.

        After a move the agenda is told first, and whatever else were made now would hold it up.
        """
        concerned = self._concerned(state, records)
        if not concerned or moves(records) or state.at - self._foreseen.state.at < FORESEEN_EVERY_MS:
            return None

        def prepare() -> None:
            self._foreseen = Sight(state, after=self._sight)
            try:
                for viewer in concerned:
                    self._foreseen.view(viewer, state.at)
            except Exception:  # shown to those who look, if it comes to that
                log.exception("a view cannot be made", seq=state.seq)

        return prepare

    def happened(self, state: RoomState, records: Sequence[Recorded]) -> None:
        """Take the new state on, and mark the viewers whose view it changes."""
        self._sight = self._foreseen if self._foreseen.state is state else Sight(state, after=self._sight)
        concerned = self._concerned(state, records)
        if moves(records):
            inside = (each for each in concerned if audience_of(state, each.expected.person) != OUTSIDE)
            told = Agenda(version=state.seq, now=state.at, phase=state.phase, agenda=self._sight.agenda())
            self.tell(told, inside)
        for viewer in concerned:
            if viewer.expected.role in STAFF:
                self._staff_seen_at = state.at
            viewer.view_due()

    def pass_time(self, now: Instant) -> None:
        """Nothing may have happened for a while: staff are shown how the time goes."""
        if now - self._staff_seen_at >= STAFF_REFRESH_MS:
            self._staff_seen_at = now
            for viewer in self.staff():
                if viewer.connection in self._shown:
                    viewer.view_due()

    def view(self, viewer: Viewer, now: Instant) -> View:
        """All that a viewer may see now."""
        if now - self._sight.at >= AGED_MS:
            self._sight = Sight(self._sight.state, after=self._sight, at=now)
        return self._sight.view(viewer, now)

    def _concerned(self, state: RoomState, records: Sequence[Recorded]) -> list[Viewer]:
        """Those who see something else after these records."""
        found = [watchers(record.event) for record in records]
        kinds = {kind for kind, _ in found}
        people = {person for _, person in found}
        staff = "staff" in kinds
        return [
            viewer
            for viewer in self._viewers.values()
            if viewer.connection in self._shown
            and ("everyone" in kinds or (staff and viewer.expected.role in STAFF) or viewer.expected.person in people)
        ]
