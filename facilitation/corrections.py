"""Disputes and corrections: what people say of minutes beside what was seen, and what was posted of them.

A correction is laid over the evidence and never changes it: the time from `start` to `end` counts as present, or does
not, whatever was seen. Of two that overlap, the later one holds. One that was a mistake is taken back, with a reason.

After a signature a correction changes no entry of the ledger by itself: that is a deliberate act, `AmendHours`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from facilitation.errors import Refusal
from facilitation.events import (
    AttendanceCorrected,
    CorrectionTakenBack,
    DisputeAnswered,
    DisputeTakenBack,
    Event,
    HoursAmended,
    MinutesDisputed,
    NoteSigned,
    Recorded,
)
from facilitation.ids import CorrectionId, DisputeId, PersonId, SessionId
from facilitation.intervals import Intervals, difference, intersection, union
from facilitation.text import REASON_MAX, body, line
from facilitation.timebase import Instant

DISPUTE_MAX = 2_000
DISPUTES_MAX = 20
"""Of one person in one session."""
CORRECTIONS_MAX = 100
AMENDMENTS_MAX = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """A person says that their minutes are not right. `accepted`: None until somebody has answered.

    `taken_back`: when its author did so, who then waits for no answer.
    """

    dispute: DisputeId
    person: PersonId
    at: Instant
    text: str
    accepted: bool | None = None
    answer: str = ""
    by: PersonId | None = None
    answered_at: Instant | None = None
    taken_back: Instant | None = None

    @property
    def open(self) -> bool:
        return self.accepted is None and self.taken_back is None


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    by: PersonId | None
    at: Instant
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """`[start, end)` counts as present, or as not, because somebody said so. `seq` is its line of the log."""

    correction: CorrectionId
    seq: int
    person: PersonId
    start: Instant
    end: Instant
    present: bool
    reason: str
    dispute: DisputeId | None
    by: PersonId | None
    at: Instant
    after_signing: bool = False
    taken_back: TakenBack | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """Figures that were signed for the ledger: with the note, or by an amendment (then with a reason).

    `makes_up`: the missed session that these hours make up for, if that was said before the signature.
    """

    by: PersonId | None
    at: Instant
    content: Mapping[str, object]
    content_hash: str
    reason: str = ""
    makes_up: SessionId | None = None

    def figure(self, name: str) -> int:
        """One of its figures; 0 for one that it does not have."""
        figures = self.content.get("figures")
        value = figures.get(name) if isinstance(figures, Mapping) else None
        return value if isinstance(value, int) else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrections:
    """`postings`: by person, what was signed for the ledger, oldest first; the last one stands."""

    disputes: tuple[Dispute, ...] = ()
    corrections: tuple[Correction, ...] = ()
    postings: Mapping[PersonId, tuple[Posting, ...]] = field(default_factory=dict)

    def disputes_of(self, person: PersonId) -> tuple[Dispute, ...]:
        return tuple(dispute for dispute in self.disputes if dispute.person == person)

    def of(self, person: PersonId) -> tuple[Correction, ...]:
        """All of one person, oldest first, those that were taken back too."""
        return tuple(correction for correction in self.corrections if correction.person == person)

    @property
    def open_disputes(self) -> tuple[Dispute, ...]:
        return tuple(dispute for dispute in self.disputes if dispute.open)

    def posted(self, person: PersonId) -> Posting | None:
        """What stands in the ledger, or will as soon as it is posted; None before the signature."""
        postings = self.postings.get(person, ())
        return postings[-1] if postings else None

    def amendments(self, person: PersonId) -> tuple[Posting, ...]:
        return self.postings.get(person, ())[1:]


# --------------------------------------------------------------- fold


def evolve(known: Corrections, recorded: Recorded, make_ups: Mapping[PersonId, SessionId]) -> Corrections:
    """`make_ups`: whom this session makes up for which missed one, before this record."""
    match recorded.event:
        case MinutesDisputed(dispute=name, person=person, text=text):
            dispute = Dispute(dispute=name, person=person, at=recorded.at, text=text)
            return replace(known, disputes=(*known.disputes, dispute))
        case DisputeTakenBack(dispute=name, person=person):
            return replace(
                known,
                disputes=tuple(
                    replace(one, taken_back=recorded.at) if one.dispute == name and one.person == person else one
                    for one in known.disputes
                ),
            )
        case DisputeAnswered(dispute=name, accepted=accepted, text=text):
            return replace(
                known,
                disputes=tuple(
                    replace(one, accepted=accepted, answer=text, by=recorded.by, answered_at=recorded.at)
                    if one.dispute == name
                    else one
                    for one in known.disputes
                ),
            )
        case AttendanceCorrected() as event:
            correction = Correction(
                correction=event.correction,
                seq=recorded.seq,
                person=event.person,
                start=event.start,
                end=event.end,
                present=event.present,
                reason=event.reason,
                dispute=event.dispute,
                by=recorded.by,
                at=recorded.at,
                after_signing=known.posted(event.person) is not None,
            )
            return replace(known, corrections=(*known.corrections, correction))
        case CorrectionTakenBack(correction=name, reason=reason):
            back = TakenBack(by=recorded.by, at=recorded.at, reason=reason)
            return replace(
                known,
                corrections=tuple(
                    replace(one, taken_back=back) if one.correction == name else one for one in known.corrections
                ),
            )
        case NoteSigned() as signed:
            return _post(known, recorded, signed, make_ups)
        case HoursAmended() as amended:
            return _post(known, recorded, amended, make_ups, amended.reason)
        case _:
            return known


def _post(
    known: Corrections,
    recorded: Recorded,
    event: NoteSigned | HoursAmended,
    make_ups: Mapping[PersonId, SessionId],
    reason: str = "",
) -> Corrections:
    posting = Posting(
        by=recorded.by,
        at=recorded.at,
        content=event.content,
        content_hash=event.content_hash,
        reason=reason,
        makes_up=make_ups.get(event.person),
    )
    before = known.postings.get(event.person, ())
    return replace(known, postings={**known.postings, event.person: (*before, posting)})


# --------------------------------------------------------------- reading


def corrected(times: Intervals, corrections: Iterable[Correction], session: Intervals) -> Intervals:
    """`times` with the corrections laid over them, in the order in which they were made; never beyond `session`."""
    for correction in corrections:
        if correction.taken_back is not None:
            continue
        span = intersection(union([(correction.start, correction.end)]), session)
        times = union((*times, *span)) if correction.present else difference(times, span)
    return times


# --------------------------------------------------------------- rules


def dispute(known: Corrections, person: PersonId, text: str) -> tuple[Event, ...]:
    mine = known.disputes_of(person)
    if any(one.open for one in mine):
        raise Refusal("already_disputed", "You have said so already. Your facilitator will look at it and answer you.")
    if len(mine) >= DISPUTES_MAX:
        raise Refusal("too_many", "This was said many times. Please talk with your facilitator.")
    body(text, "what is not right", DISPUTE_MAX, required=True)
    name = DisputeId(f"dispute-{len(known.disputes) + 1}")
    return (MinutesDisputed(dispute=name, person=person, text=text),)


def take_back_dispute(known: Corrections, person: PersonId, name: DisputeId) -> tuple[Event, ...]:
    """Only its author's, and only before somebody has answered: an answer stays with what it answers."""
    found = _dispute(known, name)
    if found.person != person:
        raise Refusal("unknown_dispute", "There is no such objection of yours in this session.")
    if found.taken_back is not None:
        return ()
    if not found.open:
        raise Refusal("dispute_closed", "Your facilitator has answered already. The answer stands beside it.")
    return (DisputeTakenBack(dispute=name, person=person),)


def answer(known: Corrections, name: DisputeId, accepted: bool, text: str) -> tuple[Event, ...]:
    _open_dispute(known, name)
    body(text, "your answer", DISPUTE_MAX, required=not accepted)
    return (DisputeAnswered(dispute=name, accepted=accepted, text=text),)


def correct(
    known: Corrections,
    person: PersonId,
    start: Instant,
    end: Instant,
    *,
    present: bool,
    reason: str,
    dispute: DisputeId | None,
    session: Intervals,
) -> tuple[Event, ...]:
    """`session`: when it ran, as far as it has. A dispute that is named is thereby accepted."""
    if start >= end:
        raise Refusal("bad_times", "The time should end after it begins.")
    if not any(begin <= start and end <= until for begin, until in session):
        raise Refusal("bad_times", "Only time between the start and the end of the session can be corrected.")
    if len(known.of(person)) >= CORRECTIONS_MAX:
        raise Refusal("too_many", "This person's attendance was corrected too often.")
    reason = line(reason, "the reason", REASON_MAX)
    event = AttendanceCorrected(
        correction=CorrectionId(f"correction-{len(known.corrections) + 1}"),
        person=person,
        start=start,
        end=end,
        present=present,
        reason=reason,
        dispute=dispute,
    )
    if dispute is None:
        return (event,)
    if _dispute(known, dispute).person != person:
        raise Refusal("unknown_dispute", "Somebody else said that.")
    if not _dispute(known, dispute).open:
        return (event,)
    return event, DisputeAnswered(dispute=dispute, accepted=True, text=reason)


def take_back(known: Corrections, name: CorrectionId, reason: str) -> tuple[Event, ...]:
    found = next((one for one in known.corrections if one.correction == name), None)
    if found is None:
        raise Refusal("unknown_correction", "There is no such correction in this session.")
    if found.taken_back is not None:
        return ()
    return (CorrectionTakenBack(correction=name, reason=line(reason, "the reason", REASON_MAX)),)


def check_amendable(known: Corrections, person: PersonId) -> Posting:
    """What stands now. Refuses where nothing was posted that could be amended."""
    posting = known.posted(person)
    if posting is None:
        raise Refusal("not_signed", "Nothing is posted yet: the note's signature will post the figures of then.")
    if len(known.amendments(person)) >= AMENDMENTS_MAX:
        raise Refusal("too_many", "These hours were amended too often.")
    return posting


def _dispute(known: Corrections, name: DisputeId) -> Dispute:
    for candidate in known.disputes:
        if candidate.dispute == name:
            return candidate
    raise Refusal("unknown_dispute", "There is no such objection in this session.")


def _open_dispute(known: Corrections, name: DisputeId) -> Dispute:
    found = _dispute(known, name)
    if found.taken_back is not None:
        raise Refusal("dispute_closed", "They have taken this back, and wait for no answer any more.")
    if not found.open:
        raise Refusal("dispute_closed", "This was answered already.")
    return found
