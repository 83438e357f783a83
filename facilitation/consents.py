"""Consents: dated, versioned texts, who has to sign them, and whether somebody's signature stands on a day.

Each kind governs one thing (`GOVERNS`), and a consent that is missing or revoked stops that and nothing else. A signed
consent keeps the version and the fingerprint of the text that was read; texts never change, a new wording is a new
version. Who signs for a minor differs by state, so the programme says it (`Signers`); for 42 CFR Part 2 that rule is
read by §2.14: where a minor may consent alone, only the minor authorises a disclosure, to a parent and for payment too;
where a guardian's consent is required, both sign.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final

from facilitation.disclosures import Purpose
from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.languages import ENGLISH
from facilitation.sentences import Sentence, marked
from facilitation.text import NAME_MAX, REASON_MAX, TITLE_MAX, body, line
from facilitation.timebase import Instant

TEXT_MAX: Final = 20_000
VERSION_MAX: Final = 40
LASTS_DAYS_MAX: Final = 10 * 366
CONSENTS_MAX: Final = 200
"""Of one person, those that do not stand any more included."""


class ConsentKind(StrEnum):
    TELEHEALTH = "telehealth"
    GROUP = "group"
    PART2 = "part2"
    RELEASE = "release"
    """One for each receiver and purpose that is named (`releases`)."""


class Signers(StrEnum):
    """Who signs for a minor. An adult always signs alone."""

    MINOR = "minor"
    GUARDIAN = "guardian"
    BOTH = "both"


class SignedAs(StrEnum):
    SELF = "self"
    GUARDIAN = "guardian"


ENTRY: Final = (ConsentKind.TELEHEALTH, ConsentKind.GROUP)
"""Those that govern coming into a room."""
GENERAL: Final = (ConsentKind.TELEHEALTH, ConsentKind.GROUP, ConsentKind.PART2)
"""Those of which one signature holds for all that comes."""
FREE_OF_CONSENT: Final = frozenset({Purpose.TREATMENT, Purpose.EMERGENCY, Purpose.OWN})
"""What a Part 2 record may be used for without one: within the program (42 CFR 2.12), a medical emergency (§2.51), and
the person's own copy (§2.23)."""

GOVERNS: Final = {
    ConsentKind.TELEHEALTH: marked("coming into meetings by video"),
    ConsentKind.GROUP: marked("coming into group meetings"),
    ConsentKind.PART2: marked("giving parts of the record to anybody outside the clinic"),
    ConsentKind.RELEASE: marked("giving parts of the record to one receiver who is named, for one purpose"),
}
FOLLOWS: Final = {
    ConsentKind.TELEHEALTH: marked(
        "Meetings by video stop from now on. The record, the hours and the papers stay as they are, and the clinic "
        "will talk about other ways to get care."
    ),
    ConsentKind.GROUP: marked(
        "Group meetings stop from now on. Meetings without other participants go on, and so does everything else."
    ),
    ConsentKind.PART2: marked(
        "From now on nothing of the record goes to anybody outside the clinic, such as an insurer, but in a medical "
        "emergency or where the law demands it. What was handed out before stays handed out. All meetings go on."
    ),
    ConsentKind.RELEASE: marked(
        "From now on this receiver gets nothing more under it. What was handed out before stays handed out. Everything "
        "else goes on."
    ),
}
"""What a revocation brings, said before it is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentForm:
    """One text of one version in one language. `text`: paragraphs between empty lines; lines that begin with "- " list.

    `effective_from`: the first day it is offered. `asks_again`: whether those who signed a version before must sign
    this one too. `lasts_days`: days that a signature stands, None: until it is revoked. `example`: written by us, to
    be read by the clinic's lawyer before anybody relies on it.
    """

    kind: ConsentKind
    version: str
    language: str
    title: str
    text: str
    effective_from: date
    asks_again: bool = True
    lasts_days: int | None = None
    example: bool = False

    @property
    def fingerprint(self) -> str:
        """SHA-256 over what somebody reads: title and text."""
        return sha256(json.dumps([self.title, self.text]).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """`words`: what the person said with it, if anything."""

    by: PersonId
    at: Instant
    day: date
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """One signature. `name`: as it was typed under the text. `day`: of `at`, by the signer's calendar.

    `until`: the last day it stands, None: it does not end by itself. `on_paper`: the one of the staff who saw it
    signed on paper; None: signed here.
    """

    kind: ConsentKind
    version: str
    language: str
    fingerprint: str
    signer: PersonId
    signed_as: SignedAs
    name: str
    at: Instant
    day: date
    until: date | None = None
    on_paper: PersonId | None = None
    revoked: Revocation | None = None

    def holds_on(self, day: date) -> bool:
        """Whether it was given, has not ended and is not revoked on `day`; a revocation counts from its own day."""
        revoked = self.revoked is not None and self.revoked.day <= day
        return self.day <= day <= (self.until or date.max) and not revoked


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentFile:
    """All that was ever signed for one person, in the order signed."""

    person: PersonId
    consents: tuple[Consent, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """For whom is signed. `signers`: the rule for minors that holds for them; `guardians`: who may sign as such.

    `of_age`: the day on which they came of age, if that is known.
    """

    person: PersonId
    minor: bool = False
    signers: Signers = Signers.BOTH
    guardians: frozenset[PersonId] = field(default_factory=frozenset)
    of_age: date | None = None


class Lack(StrEnum):
    """Why a signature that is needed does not stand."""

    MISSING = "missing"
    REVOKED = "revoked"
    ENDED = "ended"
    OLDER_TEXT = "older_text"
    """Signed under a version before the one that has to be signed again."""
    OF_AGE = "of_age"
    """Signed while they were a minor, when it was not theirs alone to sign."""
    NO_TEXT = "no_text"
    """There is nothing that could be signed: the clinic has no text of this kind in force."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Whether a consent of one kind stands on a day. `lacking`: whose signature does not, and why."""

    kind: ConsentKind
    lacking: dict[SignedAs, Lack] = field(default_factory=dict)
    resting_on: tuple[Consent, ...] = ()
    """The signatures that hold, one of each who must sign."""

    @property
    def stands(self) -> bool:
        return not self.lacking


# --------------------------------------------------------------- texts


def current(forms: Iterable[ConsentForm], kind: ConsentKind, day: date, language: str = ENGLISH) -> ConsentForm | None:
    """The text to be read and signed on `day`: the newest version in force, in `language` where there is one."""
    in_force = [form for form in forms if form.kind is kind and form.effective_from <= day]
    if not in_force:
        return None
    newest = max(form.effective_from for form in in_force)
    wordings = {form.language: form for form in in_force if form.effective_from == newest}
    return wordings.get(language) or wordings.get(ENGLISH) or wordings[min(wordings)]


def form_of(forms: Iterable[ConsentForm], consent: Consent) -> ConsentForm | None:
    """The very text that was signed, if it is still here word for word."""
    return next((form for form in forms if form.kind is consent.kind and form.fingerprint == consent.fingerprint), None)


def check_form(form: ConsentForm) -> None:
    """Raises `Refusal` that says what is no text to be signed."""
    line(form.title, "the title", TITLE_MAX)
    body(form.text.strip(), "the text", TEXT_MAX, required=True)
    line(form.version, "the version", VERSION_MAX)
    if not (2 <= len(form.language) <= 3 and form.language.isascii() and form.language.isalpha()):
        raise Refusal(
            "bad_consent", Sentence("{language} is no language; write 'en' or 'es'.", language=repr(form.language))
        )
    if form.lasts_days is not None and not 1 <= form.lasts_days <= LASTS_DAYS_MAX:
        raise Refusal(
            "bad_consent",
            Sentence("A consent lasts from one day to {most} days, or has no end.", most=f"{LASTS_DAYS_MAX:,}"),
        )


def check_forms(forms: Sequence[ConsentForm]) -> None:
    """Raises `Refusal`: these texts cannot stand beside each other."""
    for form in forms:
        check_form(form)
    names = [(form.kind, form.version, form.language) for form in forms]
    if len(set(names)) != len(names):
        raise Refusal("bad_consent", "A version of a consent stands there twice in one language.")
    for kind in ConsentKind:
        days = {form.version: form.effective_from for form in forms if form.kind is kind}
        if len(set(days.values())) != len(days) or any(
            form.effective_from != days[form.version] for form in forms if form.kind is kind
        ):
            raise Refusal(
                "bad_consent",
                Sentence(
                    "Each version of {kind} needs a first day of its own, in all languages.", kind=repr(kind.value)
                ),
            )


# --------------------------------------------------------------- whose signature


def signers(programme_rule: str, by_state: dict[str, str], state: str) -> Signers:
    """Who signs for a minor who lives in `state` ('': not known)."""
    return Signers(by_state.get(state, programme_rule))


def needed(kind: ConsentKind, subject: Subject) -> tuple[SignedAs, ...]:
    """Whose signatures it takes.

    A promise to peers is the participant's own, whoever else signs; so is, by 42 CFR 2.14, what a minor's Part 2
    record may be used for.
    """
    if not subject.minor or subject.signers is Signers.MINOR:
        return (SignedAs.SELF,)
    if subject.signers is Signers.GUARDIAN and kind is ConsentKind.TELEHEALTH:
        return (SignedAs.GUARDIAN,)
    return SignedAs.SELF, SignedAs.GUARDIAN


def part_of(subject: Subject, signer: PersonId) -> SignedAs | None:
    """As what `signer` could sign for this person; None: not at all."""
    if signer == subject.person:
        return SignedAs.SELF
    return SignedAs.GUARDIAN if subject.minor and signer in subject.guardians else None


# --------------------------------------------------------------- standing


def standing(
    kind: ConsentKind, subject: Subject, day: date, consents: Iterable[Consent], forms: Sequence[ConsentForm]
) -> Standing:
    """Whether a consent of this kind stands on `day`, and if not, whose signature is missing and why."""
    if current(forms, kind, day) is None:
        return Standing(kind=kind, lacking=dict.fromkeys(needed(kind, subject), Lack.NO_TEXT))
    accepted = _accepted(forms, kind, day)
    mine = [each for each in consents if each.kind is kind and each.day <= day]
    lacking: dict[SignedAs, Lack] = {}
    resting_on: list[Consent] = []
    for part in needed(kind, subject):
        signed = [each for each in mine if each.signed_as is part]
        holding = [
            each for each in signed if each.holds_on(day) and each.version in accepted and _as_it_is_now(each, subject)
        ]
        if holding:
            resting_on.append(holding[-1])
        else:
            lacking[part] = _lack(signed, day, subject)
    return Standing(kind=kind, lacking=lacking, resting_on=tuple(resting_on))


def _accepted(forms: Sequence[ConsentForm], kind: ConsentKind, day: date) -> frozenset[str]:
    """Versions whose signatures still count: those since the last one that had to be signed again."""
    in_force = [form for form in forms if form.kind is kind and form.effective_from <= day]
    since = max((form.effective_from for form in in_force if form.asks_again), default=date.min)
    return frozenset(form.version for form in in_force if form.effective_from >= since)


def _as_it_is_now(consent: Consent, subject: Subject) -> bool:
    """Whoever has come of age signs anew what took somebody else's signature before."""
    return subject.of_age is None or consent.day >= subject.of_age or subject.signers is Signers.MINOR


def _lack(signed: Sequence[Consent], day: date, subject: Subject) -> Lack:
    if not signed:
        return Lack.MISSING
    last = signed[-1]
    if last.revoked is not None and last.revoked.day <= day:
        return Lack.REVOKED
    if last.holds_on(day) and not _as_it_is_now(last, subject):
        return Lack.OF_AGE
    return Lack.OLDER_TEXT if last.holds_on(day) else Lack.ENDED


def lacking_at_the_door(
    kinds: Collection[str],
    subject: Subject,
    day: date,
    consents: Iterable[Consent],
    forms: Sequence[ConsentForm],
    *,
    group: bool,
) -> tuple[Standing, ...]:
    """Of the `kinds` that a programme asks for, those that keep this person out. `group`: others take part."""
    given = tuple(consents)
    asked = (kind for kind in ENTRY if kind in kinds and (group or kind is not ConsentKind.GROUP))
    found = (standing(kind, subject, day, given, forms) for kind in asked)
    return tuple(each for each in found if not each.stands)


# --------------------------------------------------------------- signing, revoking


def sign(
    file: ConsentFile,
    subject: Subject,
    form: ConsentForm,
    *,
    signer: PersonId,
    name: str,
    at: Instant,
    day: date,
    on_paper: PersonId | None = None,
) -> ConsentFile:
    """The file with one more signature; the same version again, in any language, changes nothing. Raises `Refusal`."""
    part = part_of(subject, signer)
    if part is None or part not in needed(form.kind, subject):
        raise Refusal("not_yours_to_sign", "This is not yours to sign.")
    name = line(name, "your name", NAME_MAX)
    if any(
        each.version == form.version
        and each.signer == signer
        and each.kind is form.kind
        and each.holds_on(day)
        and _as_it_is_now(each, subject)
        for each in file.consents
    ):
        return file
    if len(file.consents) >= CONSENTS_MAX:
        raise Refusal(
            "too_many", Sentence("More than {most} consents cannot be kept for one person.", most=CONSENTS_MAX)
        )
    signed = Consent(
        kind=form.kind,
        version=form.version,
        language=form.language,
        fingerprint=form.fingerprint,
        signer=signer,
        signed_as=part,
        name=name,
        at=at,
        day=day,
        until=None if form.lasts_days is None else day + timedelta(days=form.lasts_days - 1),
        on_paper=on_paper,
    )
    return replace(file, consents=(*file.consents, signed))


def revoke(
    file: ConsentFile, kind: ConsentKind, *, signer: PersonId, at: Instant, day: date, words: str = ""
) -> ConsentFile:
    """The file with every signature of `signer` under this kind taken back. Raises `Refusal`: there is none."""
    words = line(words, "what you say with it", REASON_MAX, required=False)
    revocation = Revocation(by=signer, at=at, day=day, words=words)
    mine = [each.kind is kind and each.signer == signer and each.holds_on(day) for each in file.consents]
    if not any(mine):
        raise Refusal("nothing_to_revoke", "There is no signature of yours under this that holds.")
    return replace(
        file,
        consents=tuple(
            replace(each, revoked=revocation) if taken_back else each
            for each, taken_back in zip(file.consents, mine, strict=True)
        ),
    )


# --------------------------------------------------------------- disclosures


def needed_to_disclose(purpose: Purpose) -> bool:
    """Whether a Part 2 record may be handed out for this only under a consent that stands."""
    return purpose not in FREE_OF_CONSENT


def scope(form: ConsentForm | None, standing: Standing) -> str:
    """What goes with a disclosure beside the notice: under which consent it is made (42 CFR 2.32)."""
    title = "consent to share Part 2 records" if form is None else form.title
    signed = "; ".join(
        f"signed {each.day.isoformat()} by {each.name}{' as guardian' if each.signed_as is SignedAs.GUARDIAN else ''}"
        for each in standing.resting_on
    )
    version = standing.resting_on[-1].version if standing.resting_on else ""
    return f"Disclosed under: {title} (version {version}), {signed}."
