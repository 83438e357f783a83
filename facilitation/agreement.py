"""The group's own agreement: lines that a group makes together, one cohort's from session to session.

It is no consent and nobody signs it (that is `consents`): it says how these people want to be with each other. Anybody
proposes a line; those who lead take it up, in other words where it helps, or set it aside. What was taken up is a draft
that each may say yes to; a change of the draft asks anew. Then the group keeps it, and it stands until the next one.

Who proposed a line is told to staff alone, and who said yes to nobody; the group sees lines and a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from facilitation.errors import Refusal
from facilitation.events import (
    AgreementKept,
    AgreementTold,
    DraftAgreed,
    Event,
    LineDropped,
    LineProposed,
    ProposalAnswered,
    Recorded,
)
from facilitation.ids import CohortId, PersonId, ProposalId
from facilitation.sentences import Sentence
from facilitation.text import line
from facilitation.timebase import Instant

LINE_MAX = 200
LINES_MAX = 20
PROPOSALS_MAX = 60
NEVER = Instant(0)
OWN_OPEN_MAX = 5
"""Proposals of one person that wait for an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortAgreement:
    """What a cohort agreed on last. `agreed`: how many said yes; 0: staff wrote it between sessions."""

    cohort: CohortId
    version: int
    lines: tuple[str, ...]
    agreed: int
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The agreement that stands. `version` 0: there is none yet. `here`: it was agreed on in this session."""

    version: int = 0
    lines: tuple[str, ...] = ()
    agreed: int = 0
    at: Instant = NEVER
    here: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """`taken` None: nobody who leads has answered yet."""

    proposal: ProposalId
    person: PersonId
    text: str
    taken: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """`draft` None: nothing was changed. `revision` counts its changes; `yes`: who agrees to it as it is."""

    stands: Kept = field(default_factory=Kept)
    draft: tuple[str, ...] | None = None
    revision: int = 0
    yes: frozenset[PersonId] = frozenset()
    proposals: tuple[Proposal, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """The draft or, without one, what stands."""
        return self.stands.lines if self.draft is None else self.draft

    def open_of(self, person: PersonId) -> int:
        return sum(each.person == person and each.taken is None for each in self.proposals)


# --------------------------------------------------------------- fold


def evolve(agreement: Agreement, recorded: Recorded) -> Agreement:
    match recorded.event:
        case AgreementTold(version=version, lines=lines, agreed=agreed, at=at):
            return replace(agreement, stands=Kept(version=version, lines=lines, agreed=agreed, at=at))
        case LineProposed(proposal=name, person=person, text=text):
            new = Proposal(proposal=name, person=person, text=text)
            return replace(agreement, proposals=(*agreement.proposals, new))
        case ProposalAnswered(proposal=name, taken=taken, text=text):
            proposals = tuple(
                replace(each, taken=taken) if each.proposal == name else each for each in agreement.proposals
            )
            answered = replace(agreement, proposals=proposals)
            return _changed(answered, (*answered.lines, text)) if taken else answered
        case LineDropped(number=number):
            return _changed(agreement, agreement.lines[:number] + agreement.lines[number + 1 :])
        case DraftAgreed(person=person):
            return replace(agreement, yes=agreement.yes | {person})
        case AgreementKept(lines=lines, agreed=agreed):
            version = agreement.stands.version + 1
            kept = Kept(version=version, lines=lines, agreed=agreed, at=recorded.at, here=True)
            return replace(agreement, stands=kept, draft=None, yes=frozenset())
        case _:
            return agreement


def _changed(agreement: Agreement, lines: tuple[str, ...]) -> Agreement:
    return replace(agreement, draft=lines, revision=agreement.revision + 1, yes=frozenset())


# --------------------------------------------------------------- rules


def tell(agreement: Agreement, version: int, lines: Sequence[str], agreed: int, at: Instant) -> tuple[Event, ...]:
    """What the cohort has now. Nothing newer is ever overwritten by it."""
    stands = agreement.stands
    if at <= stands.at or (version, tuple(lines)) == (stands.version, stands.lines):
        return ()
    return (AgreementTold(version=version, lines=tuple(lines), agreed=agreed, at=at),)


def propose(agreement: Agreement, person: PersonId, text: str, *, leads: bool) -> tuple[Event, ...]:
    """Those who lead take up what they propose themselves."""
    said = line(text, "a line of the agreement", LINE_MAX)
    if len(agreement.proposals) >= PROPOSALS_MAX or (not leads and agreement.open_of(person) >= OWN_OPEN_MAX):
        raise Refusal("too_many", "Your facilitator reads what you proposed before you can propose more.")
    name = ProposalId(f"proposal-{len(agreement.proposals) + 1}")
    proposed = LineProposed(proposal=name, person=person, text=said)
    if not leads:
        return (proposed,)
    _check_new(agreement, said)
    return proposed, ProposalAnswered(proposal=name, taken=True, text=said)


def answer(agreement: Agreement, name: ProposalId, taken: bool, text: str) -> tuple[Event, ...]:
    """`text`: the line in the words that are taken up; "": as it was proposed."""
    found = next((each for each in agreement.proposals if each.proposal == name), None)
    if found is None:
        raise Refusal("unknown_proposal", "There is no such proposal in this session.")
    if found.taken is not None:
        return ()
    if not taken:
        return (ProposalAnswered(proposal=name, taken=False, text=""),)
    said = line(text, "a line of the agreement", LINE_MAX) if text.strip() else found.text
    _check_new(agreement, said)
    return (ProposalAnswered(proposal=name, taken=True, text=said),)


def drop(agreement: Agreement, revision: int, number: int) -> tuple[Event, ...]:
    """Take a line out. `revision`: of the draft in which it was seen."""
    _check_revision(agreement, revision)
    if not 0 <= number < len(agreement.lines):
        raise Refusal("unknown_line", "There is no such line in the agreement.")
    return (LineDropped(number=number),)


def agree(agreement: Agreement, person: PersonId, revision: int) -> tuple[Event, ...]:
    _check_draft(agreement)
    _check_revision(agreement, revision)
    return () if person in agreement.yes else (DraftAgreed(person=person),)


def keep(agreement: Agreement, revision: int) -> tuple[Event, ...]:
    lines = _check_draft(agreement)
    _check_revision(agreement, revision)
    if not lines:
        raise Refusal("empty_agreement", "An agreement has at least one line.")
    if not agreement.yes:
        raise Refusal("nobody_agreed", "Somebody of the group has to say yes to it first.")
    return (AgreementKept(lines=lines, agreed=len(agreement.yes)),)


def checked(lines: Sequence[str]) -> tuple[str, ...]:
    """The lines of an agreement that somebody wrote down, each once; empty ones are left out."""
    said = [line(each, "a line of the agreement", LINE_MAX) for each in lines if each.strip()]
    if len(said) > LINES_MAX:
        raise Refusal("too_many", Sentence("An agreement has at most {most} lines.", most=LINES_MAX))
    return tuple(dict.fromkeys(said))


def _check_new(agreement: Agreement, said: str) -> None:
    if said.casefold() in {each.casefold() for each in agreement.lines}:
        raise Refusal("line_there", "This line is in the agreement already.")
    if len(agreement.lines) >= LINES_MAX:
        raise Refusal("too_many", Sentence("An agreement has at most {most} lines.", most=LINES_MAX))


def _check_draft(agreement: Agreement) -> tuple[str, ...]:
    if agreement.draft is None:
        raise Refusal("no_draft", "The agreement stands as it is: nothing was changed.")
    return agreement.draft


def _check_revision(agreement: Agreement, revision: int) -> None:
    if revision != agreement.revision:
        raise Refusal("stale_draft", "The agreement was changed meanwhile. Look at it once more.")
