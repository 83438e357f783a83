"""From signed notes and amendments to the facts of hours entries. Pure: the log says everything, every time alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from facilitation import crediting
from facilitation import events as v
from facilitation.events import HoursAmended, NoteSigned, Recorded
from facilitation.ids import PersonId
from facilitation.state import RoomState
from server.projections.fold import Room
from server.rooms.ports import CorruptLog
from server.store import hours
from server.store.codec import INSTANT_MAX
from server.store.hours import HoursFacts, SegmentHours, entry_id

BESIDE_HOURS: Final = frozenset(
    {
        v.MediaSet,
        v.ScreenShared,
        v.DoorChecked,
        v.ConsentRevoked,
        v.SharingAllowed,
        v.UnmuteAsked,
        v.HandRaised,
        v.HandLowered,
        v.ChatSent,
        v.Reacted,
        v.Shielded,
        v.LeadTaken,
        v.Spoke,
        v.FormDrafted,
        v.FormSubmitted,
        v.AnswerShared,
        v.FlagRaised,
        v.FlagDisposed,
        v.SkillChosen,
        v.ExerciseOpened,
        v.ExerciseStepped,
        v.ExerciseGrouped,
        v.ExerciseJoined,
        v.ExerciseDrafted,
        v.ExerciseAnswered,
        v.ExerciseShared,
        v.ResultsShown,
        v.ExerciseClosed,
        v.RoundOpened,
        v.TurnBegan,
        v.TurnEnded,
        v.TurnReturned,
        v.TurnExtended,
        v.RoundJoined,
        v.NextChosen,
        v.RoundClosed,
        v.ApartListed,
        v.BreakoutsPlanned,
        v.BreakoutsOpened,
        v.BreakoutsEnding,
        v.BreakoutsClosed,
        v.PersonMoved,
        v.SideRoomOpened,
        v.SideRoomClosed,
        v.HelpCalled,
        v.HelpAnswered,
        v.MilestoneShown,
        v.MilestoneHidden,
        v.GladSaid,
        v.AgreementTold,
        v.LineProposed,
        v.ProposalAnswered,
        v.LineDropped,
        v.DraftAgreed,
        v.AgreementKept,
        v.NoteDrafted,
        v.SectionDrafted,
        v.GoalsListed,
        v.GoalsAddressed,
        v.SkillsNamed,
        v.LocationSaid,
        v.CounsellingNoteKept,
        v.DiaryShown,
        v.DiaryTakenBack,
        v.AddendumAdded,
        v.NoteCosigned,
        v.NoteReturned,
        v.MissingNoticed,
        v.ReachedOut,
    }
)
"""Most of a log is words, hands and drafts, of which no figure is made: attendance, agenda, corrections, absences and
what was agreed at the opening are the same before and after them (a test holds that of every kind)."""


class SessionHours:
    """One session's log, told record by record: which hours each signature and each amendment posts.

    Ask `posts` of a record before it is added. `whole`: fold also what bears on nobody's hours.
    """

    def __init__(self, *, whole: bool = False) -> None:
        self._room = Room(beside=frozenset() if whole else BESIDE_HOURS)
        self._hashes = [""]
        self._standing: dict[PersonId, HoursFacts] = {}

    @property
    def state(self) -> RoomState:
        return self._room.state

    @property
    def seq(self) -> int:
        return self._room.seq

    def posts(self, record: Recorded) -> tuple[HoursFacts, ...]:
        """What belongs into the ledger together because of `record`, in this order; mostly nothing.

        Raises CorruptLog where what was signed is not what the log gives.
        """
        match record.event:
            case NoteSigned() as note:
                facts = facts_of(self.state, record, evidence_hash=self._hash_at(note.evidence[1]))
                made: tuple[HoursFacts, ...] = (facts,)
                self._standing.setdefault(note.person, facts)
            case HoursAmended() as amended:
                made = self._amend(record, amended)
                self._standing[amended.person] = made[-1]
            case _:
                made = ()
        return made

    def add(self, record: Recorded, record_hash: str) -> None:
        """Raises CorruptLog where the record cannot follow what was before it."""
        self._room.add(record)
        self._hashes.append(record_hash)

    def _amend(self, record: Recorded, amended: HoursAmended) -> tuple[HoursFacts, ...]:
        before = self._standing.get(amended.person)
        if before is None:
            raise CorruptLog(f"hours of {amended.person}, record {record.seq}: amended, though nothing was posted")
        facts = facts_of(self.state, record, evidence_hash=self._hash_at(amended.evidence[1]))
        back = hours.reversal(
            before,
            entry=_name(facts, hours.REVERSAL, record.seq),
            note_hash=facts.note_hash,
            signer=facts.signer,
            at=facts.signed_at,
            reason=amended.reason,
        )
        instead = msgspec.structs.replace(
            facts, entry=_name(facts, hours.SESSION, record.seq), corrects=before.entry, reason=amended.reason
        )
        return back, instead

    def _hash_at(self, seq: int) -> str:
        return self._hashes[seq] if 0 < seq < len(self._hashes) else ""


def _name(facts: HoursFacts, kind: str, seq: int) -> str:
    return entry_id(clinic=facts.clinic, session=facts.session, person=facts.person, kind=kind, amendment=seq)


def facts_of(before: RoomState, signed: Recorded, *, evidence_hash: str) -> HoursFacts:
    """Somebody's figures as a record that signs or amends them puts them; `before` is the room just before it.

    `evidence_hash` is the log's hash up to the last `seq` of the note's evidence. Raises CorruptLog where the note's
    figures are not those that the log gives.
    """
    note = signed.event
    assert isinstance(note, NoteSigned | HoursAmended)
    session, agenda = before.session, before.agenda
    where = f"note of {note.person}, record {signed.seq}"
    if session is None or agenda.ended_at is None:
        raise CorruptLog(f"{where}: signed before the session ended")
    if signed.by is None:
        raise CorruptLog(f"{where}: signed by nobody")
    if not 1 <= note.evidence[0] <= note.evidence[1] < signed.seq:
        raise CorruptLog(f"{where}: its evidence, records {note.evidence[0]} to {note.evidence[1]}, is not before it")
    started = agenda.started_at or session.starts_at
    if not 0 <= started <= INSTANT_MAX:
        raise CorruptLog(f"{where}: the session starts at no time of any calendar")
    figures = crediting.credit(before, note.person)
    _agree(where, note.content, figures)
    makes_up = before.absences.makes_up.get(note.person)
    if note.content.get("makes_up", makes_up) != makes_up:
        raise CorruptLog(f"{where}: it says that it makes up for another session than the log does")
    return HoursFacts(
        entry=entry_id(clinic=session.clinic, session=session.session, person=note.person),
        kind=hours.SESSION,
        clinic=session.clinic,
        session=session.session,
        person=note.person,
        started=started,
        ended=agenda.ended_at,
        zone=session.zone,
        present_ms=figures.present_ms,
        counted_ms=figures.counted_ms,
        gap_credit_ms=figures.gap_credit_ms,
        countable_min=figures.countable_min,
        by_segment=tuple(
            SegmentHours(
                segment=segment.id,
                kind=segment.kind.value,
                present_ms=figures.by_segment[segment.id],
                counted_ms=figures.by_segment[segment.id] if crediting.counts(session.rules, segment.kind) else 0,
            )
            for segment in agenda.plan.segments
            if segment.id in figures.by_segment
        ),
        rules_id=figures.rules_id,
        rules_version=figures.rules_version,
        evidence=note.evidence,
        evidence_hash=evidence_hash,
        note_hash=note.content_hash,
        signer=signed.by,
        signed_at=signed.at,
        makes_up=makes_up or "",
        corrected_ms=figures.corrected_ms,
    )


def _agree(where: str, content: Mapping[str, object], derived: crediting.Hours) -> None:
    """What was signed, where it says so at all, and what is posted must be the same."""
    figures = content.get("figures", {})
    if not isinstance(figures, Mapping):
        raise CorruptLog(f"{where}: its figures are none")
    for name in ("present_ms", "gap_credit_ms", "counted_ms", "countable_min"):
        right = getattr(derived, name)
        if figures.get(name, right) != right:
            raise CorruptLog(f"{where}: it says {name} {figures[name]!r}, and the log gives {right}")
