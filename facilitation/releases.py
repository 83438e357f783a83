"""Releases: consents of their own, each naming who gets something of a Part 2 record, what, and what for (42 CFR 2.31).

The one consent for treatment, payment and operations covers neither what the person asks for nor any other purpose. A
release does: it names the person, the discloser, the receiver, how much and what kind of information, the purpose, the
day on which it ends, and the right to take it back. It is read and signed as one text, which never changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from hashlib import sha256
from json import dumps
from typing import Final

from facilitation.consents import Consent, ConsentKind, Lack, Revocation, SignedAs, Standing, Subject, needed, part_of
from facilitation.disclosures import RECEIVER_CHARS_MAX, Purpose
from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.sentences import Sentence
from facilitation.text import NAME_MAX, REASON_MAX, line
from facilitation.timebase import Instant

NAMED: Final = frozenset({Purpose.REQUEST, Purpose.OTHER})
"""Purposes for which a consent has to name the receiver."""
RELEASES_MAX: Final = 50
"""Of one person, those that do not stand any more included."""
LASTS_DAYS_MAX: Final = 366


class What(StrEnum):
    """How much, and what kind of information."""

    HOURS = "hours"
    """When meetings were, and how long somebody was there."""
    NOTES = "notes"
    RECORD = "record"
    """All of it: times, hours, notes, answers in figures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """`why`: the purpose in words, where it needs any. `until`: the last day it stands. `title` and `text`: as they are
    read and signed, of `version` of the clinic's own wording. `drawn_by`: who filled it in, at `drawn_at`."""

    release: str
    person: PersonId
    receiver: str
    what: What
    purpose: Purpose
    why: str
    until: date
    title: str
    text: str
    version: str
    language: str
    drawn_by: PersonId
    drawn_at: Instant
    signatures: tuple[Consent, ...] = ()
    dropped: bool = False

    @property
    def fingerprint(self) -> str:
        return sha256(dumps([self.title, self.text]).encode()).hexdigest()

    def covers(self, what: What) -> bool:
        return self.what in (what, What.RECORD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a form says before there is a text."""

    receiver: str
    what: What
    purpose: Purpose
    why: str
    until: date


def terms(*, receiver: str, what: str, purpose: str, why: str, until: date, today: date) -> Terms:
    """Raises `Refusal` that says what is missing."""
    receiver = line(receiver, "who gets it", RECEIVER_CHARS_MAX)
    if what not in set(What):
        raise Refusal("bad_release", "Choose what is given.")
    if purpose not in NAMED:
        raise Refusal("bad_release", "Choose what it is for.")
    why = line(why, "what it is for", REASON_MAX, required=purpose == Purpose.OTHER)
    if not today <= until <= today + timedelta(days=LASTS_DAYS_MAX):
        raise Refusal("bad_release", "Choose the last day on which it holds: today, or within a year.")
    return Terms(receiver=receiver, what=What(what), purpose=Purpose(purpose), why=why, until=until)


def sign(
    release: Release,
    subject: Subject,
    *,
    signer: PersonId,
    name: str,
    at: Instant,
    day: date,
    on_paper: PersonId | None = None,
) -> Release:
    """With one more signature; again changes nothing. Raises `Refusal`."""
    part = part_of(subject, signer)
    if part is None or part not in needed(ConsentKind.RELEASE, subject) or release.dropped:
        raise Refusal("not_yours_to_sign", "This is not yours to sign.")
    if day > release.until:
        raise Refusal("bad_release", "This one has ended. Draw up another one.")
    if any(each.signer == signer and each.holds_on(day) for each in release.signatures):
        return release
    if any(each.revoked is not None for each in release.signatures):
        raise Refusal("bad_release", "This one was taken back. Draw up another one.")
    signed = Consent(
        kind=ConsentKind.RELEASE,
        version=release.version,
        language=release.language,
        fingerprint=release.fingerprint,
        signer=signer,
        signed_as=part,
        name=line(name, "your name", NAME_MAX),
        at=at,
        day=day,
        until=release.until,
        on_paper=on_paper,
    )
    return replace(release, signatures=(*release.signatures, signed))


def revoke(release: Release, *, signer: PersonId, at: Instant, day: date, words: str = "") -> Release:
    """Raises `Refusal`: there is nothing of theirs to take back."""
    words = line(words, "what you say with it", REASON_MAX, required=False)
    revoked = Revocation(by=signer, at=at, day=day, words=words)
    mine = [each.signer == signer and each.revoked is None and each.holds_on(day) for each in release.signatures]
    if not any(mine):
        raise Refusal("nothing_to_revoke", "There is no signature of yours under this that holds.")
    return replace(
        release,
        signatures=tuple(
            replace(each, revoked=revoked) if taken_back else each
            for each, taken_back in zip(release.signatures, mine, strict=True)
        ),
    )


def drop(release: Release) -> Release:
    """Put away what nobody has signed. Raises `Refusal`."""
    if release.signatures:
        raise Refusal("bad_release", "It is signed already: it can be taken back by who signed, and stays to be read.")
    return replace(release, dropped=True)


def standing(release: Release, subject: Subject, day: date) -> Standing:
    """Whether it stands on `day`, and if not, whose signature is missing and why."""
    lacking: dict[SignedAs, Lack] = {}
    resting_on: list[Consent] = []
    for part in needed(ConsentKind.RELEASE, subject):
        signed = [each for each in release.signatures if each.signed_as is part and each.day <= day]
        holding = [each for each in signed if each.holds_on(day)]
        if holding and not release.dropped:
            resting_on.append(holding[-1])
        else:
            lacking[part] = _lack(signed, day, release)
    return Standing(kind=ConsentKind.RELEASE, lacking=lacking, resting_on=tuple(resting_on))


def _lack(signed: list[Consent], day: date, release: Release) -> Lack:
    if signed and signed[-1].revoked is not None and signed[-1].revoked.day <= day:
        return Lack.REVOKED
    return Lack.ENDED if day > release.until else Lack.MISSING


def same_receiver(a: str, b: str) -> bool:
    return " ".join(a.split()).casefold() == " ".join(b.split()).casefold()


def fitting(
    releases: Iterable[Release], subject: Subject, day: date, *, receiver: str, what: What, purpose: Purpose
) -> Release | None:
    """One that stands on `day` and names this receiver for this purpose, of as little as is enough."""
    found = [
        each
        for each in releases
        if each.purpose is purpose
        and each.covers(what)
        and same_receiver(each.receiver, receiver)
        and standing(each, subject, day).stands
    ]
    return min(found, key=lambda each: (each.what is What.RECORD, each.until, each.release), default=None)


def check_room(count: int) -> None:
    if count >= RELEASES_MAX:
        raise Refusal(
            "too_many", Sentence("More than {most} of these cannot be kept for one person.", most=RELEASES_MAX)
        )
