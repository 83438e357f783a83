"""Consents as the pages show them: what stands, in words; what waits for whom; the texts and their versions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import quote

from facilitation import releases
from facilitation.consents import (
    FOLLOWS,
    GOVERNS,
    Consent,
    ConsentForm,
    ConsentKind,
    Lack,
    SignedAs,
    Subject,
    current,
    form_of,
    needed,
    part_of,
)
from facilitation.disclosures import RECEIVER_CHARS_MAX, Purpose
from facilitation.doorfacts import TITLES
from facilitation.errors import Refusal
from facilitation.guardianship import Care
from facilitation.ids import PersonId
from facilitation.languages import ENGLISH
from facilitation.policy import Action
from facilitation.releases import LASTS_DAYS_MAX, Release
from facilitation.text import NAME_MAX, REASON_MAX, TITLE_MAX, line
from facilitation.timebase import Instant
from server.clock import Clock
from server.door.consents import Asked, Consents
from server.door.gate import blocks
from server.door.guardians import Guardians
from server.door.named import WHATS, NamedReleases
from server.letters.consents import ConsentLetters
from server.store.clinic import Person
from server.store.ports import Store
from server.web import lists as listed
from server.web.auth import Visitor
from server.web.words import Words, local, marked

LACKS: Final = {
    SignedAs.SELF: marked("Their own signature: {why}"),
    SignedAs.GUARDIAN: marked("A guardian’s signature: {why}"),
}
LACKS_YOURS: Final = marked("Your signature: {why}")
WHY: Final = {
    Lack.MISSING: marked("not signed yet"),
    Lack.REVOKED: marked("taken back"),
    Lack.ENDED: marked("ended; it has to be signed again"),
    Lack.OLDER_TEXT: marked("signed under an older text; the new one has to be signed"),
    Lack.OF_AGE: marked("signed before coming of age; it has to be signed anew"),
    Lack.NO_TEXT: marked("there is no text to sign yet"),
}


PURPOSES: Final = (Purpose.REQUEST, Purpose.OTHER)


TellRooms = Callable[[PersonId, ConsentKind], Awaitable[None]]
"""Let the rooms in which somebody is now know that they took this back."""


class ConsentBook:
    """The port `ConsentPages` of the pages. Every method may raise StoreUnavailable or CorruptLog."""

    def __init__(
        self,
        store: Store,
        *,
        consents: Consents,
        named: NamedReleases,
        guardians: Guardians,
        letters: ConsentLetters,
        tell_rooms: TellRooms,
        clock: Clock,
    ) -> None:
        self._store = store
        self._consents = consents
        self._named = named
        self._guardians = guardians
        self._letters = letters
        self._tell_rooms = tell_rooms
        self._clock = clock

    # ------------------------------------------------------------------ who may look

    async def may_open(self, person: PersonId, reader: Visitor) -> bool:
        """Oneself, who answers for them, and who works for the clinic."""
        if person == reader.person or reader.may(Action.READ_CONSENTS):
            return True
        care = await self._guardians.between(reader.person, person)
        return care is not None and care.allows(Care.CONSENTS, self._clock.now())

    async def wards(self, reader: Visitor) -> list[dict[str, str]]:
        """Whose consents a guardian may read and sign."""
        now = self._clock.now()
        found = []
        for care in await self._guardians.by(reader.person):
            teen = await self._store.clinic.get_person(care.teen)
            if teen is not None and care.allows(Care.CONSENTS, now):
                found.append({"name": teen.name, "url": f"/consents/{quote(teen.person, safe='')}{reader.choice}"})
        return sorted(found, key=lambda each: each["name"])

    # ------------------------------------------------------------------ one person

    async def page(self, person: PersonId, words: Words, *, reader: Visitor) -> dict[str, Any] | None:
        """None: nobody of that id."""
        who = await self._store.clinic.get_person(person)
        if who is None:
            return None
        asked = await self._consents.of(who, language=words.language)
        subject = await self._consents.subject(who, await self._consents.programmes_of(person))
        forms = await self._consents.forms()
        part = part_of(subject, reader.person)
        return {
            "name": who.name,
            "person": person,
            "own": person == reader.person,
            "guardian": part is SignedAs.GUARDIAN,
            "name_max": NAME_MAX,
            "words_max": REASON_MAX,
            "signer_name": reader.name,
            "consents": [
                self._kind(each, subject, part, forms, who, words)
                for each in asked
                if each.required or any(signed.kind is each.standing.kind for signed in each.file.consents)
            ],
            "paper": await self._paper_signers(subject, who, words) if reader.may(Action.KEEP_PAPER_CONSENT) else [],
            "releases": [self._release(each, subject, part, who, words) for each in await self._named.of(person)],
            "may_draw": await self._may_draw(who, part, reader),
            "draw": {
                "whats": [(each.value, words(text)) for each, text in WHATS.items()],
                "purposes": [(each.value, words.purpose(each)) for each in PURPOSES],
                "receiver_max": RECEIVER_CHARS_MAX,
                "first": self._named.day(who).isoformat(),
                "last": (self._named.day(who) + timedelta(days=LASTS_DAYS_MAX)).isoformat(),
            },
        }

    async def _may_draw(self, who: Person, part: SignedAs | None, reader: Visitor) -> bool:
        """Who signs, and who works here, where there are Part 2 records at all."""
        if part is None and not reader.may(Action.KEEP_PAPER_CONSENT):
            return False
        return any(each.part2 for each in await self._consents.programmes_of(who.person))

    def _release(
        self, release: Release, subject: Subject, part: SignedAs | None, who: Person, words: Words
    ) -> dict[str, Any]:
        day = self._named.day(who)
        found = releases.standing(release, subject, day)
        mine = part is not None and part in needed(ConsentKind.RELEASE, subject)
        over = Lack.ENDED in found.lacking.values() or Lack.REVOKED in found.lacking.values()
        return {
            "id": release.release,
            "receiver": release.receiver,
            "title": release.title,
            "text": blocks(release.text),
            "fingerprint": release.fingerprint,
            "until": words.calendar(release.until),
            "stands": found.stands,
            "over": over,
            "lacking": _lacking(found.lacking, part, words),
            "to_sign": mine and not over and part in found.lacking,
            "revocable": mine and any(each.signed_as is part and each.holds_on(day) for each in release.signatures),
            "droppable": not release.signatures,
            "follows": words(FOLLOWS[ConsentKind.RELEASE]),
            "signatures": [
                _signature(each, (), who.zone, words) | {"text": []} for each in reversed(release.signatures)
            ],
        }

    async def draw(self, person: PersonId, given: Mapping[str, str], words: Words, *, reader: Visitor) -> None:
        """A consent that names who gets something, to be read and signed. Raises Refusal."""
        who = await self._who(person)
        subject = await self._named.subject(who)
        if not await self._may_draw(who, part_of(subject, reader.person), reader):
            raise Refusal("not_yours_to_sign", "This is not yours to draw up.")
        try:
            until = date.fromisoformat(given.get("until", ""))
        except ValueError:
            raise Refusal("bad_release", "Choose the last day on which it holds.") from None
        said = releases.terms(
            receiver=given.get("receiver", ""),
            what=given.get("what", ""),
            purpose=given.get("purpose", ""),
            why=given.get("why", ""),
            until=until,
            today=self._named.day(who),
        )
        await self._named.draw(who, said, words, by=reader.person)

    async def change_release(self, person: PersonId, given: Mapping[str, str], *, reader: Visitor) -> None:
        """Sign it, take it back, or put away what nobody has signed, as `do` says. Raises Refusal."""
        who, release, paper_of = await self._who(person), given.get("release", ""), given.get("paper_of", "")
        match given.get("do"):
            case "sign":
                if paper_of and not reader.may(Action.KEEP_PAPER_CONSENT):
                    raise Refusal("not_yours_to_sign", "This is not yours to sign.")
                await self._named.sign(
                    who,
                    release,
                    fingerprint=given.get("fingerprint", ""),
                    signer=PersonId(paper_of) if paper_of else reader.person,
                    name=given.get("name", ""),
                    on_paper=reader.person if paper_of else None,
                )
            case "revoke":
                await self._named.revoke(who, release, signer=reader.person, words=given.get("words", ""))
            case "drop":
                part = part_of(await self._named.subject(who), reader.person)
                if part is None and not reader.may(Action.KEEP_PAPER_CONSENT):
                    raise Refusal("not_yours_to_sign", "This is not yours to put away.")
                await self._named.drop(person, release, by=reader.person)
            case _:
                raise Refusal("bad_release", "Please choose what to do.")

    def _kind(
        self,
        asked: Asked,
        subject: Subject,
        part: SignedAs | None,
        forms: Sequence[ConsentForm],
        who: Person,
        words: Words,
    ) -> dict[str, Any]:
        kind, form = asked.standing.kind, asked.form
        mine = part is not None and part in needed(kind, subject)
        signed = [each for each in asked.file.consents if each.kind is kind]
        return {
            "kind": kind.value,
            "title": words(TITLES[kind]) if form is None else form.title,
            "governs": words(GOVERNS[kind]),
            "follows": words(FOLLOWS[kind]),
            "example": form is not None and form.example,
            "version": "" if form is None else form.version,
            "fingerprint": "" if form is None else form.fingerprint,
            "text": [] if form is None else blocks(form.text),
            "stands": asked.standing.stands,
            "lacking": _lacking(asked.standing.lacking, part, words),
            "to_sign": mine and form is not None and part in asked.standing.lacking,
            "revocable": mine and any(each.signed_as is part and self._holds(each, who) for each in signed),
            "signatures": [_signature(each, forms, who.zone, words) for each in reversed(signed)],
        }

    def _holds(self, consent: Consent, who: Person) -> bool:
        return consent.holds_on(local(self._clock.now(), who.zone).date())

    async def _paper_signers(self, subject: Subject, who: Person, words: Words) -> list[dict[str, str]]:
        """Who may have signed on paper: the person, and each guardian."""
        found = [{"signer": str(who.person), "name": who.name}]
        for guardian in sorted(subject.guardians):
            known = await self._store.clinic.get_person(guardian)
            if known is not None:
                found.append({"signer": str(guardian), "name": words("{name} (guardian)", name=known.name)})
        return found

    async def sign(
        self, person: PersonId, kind: str, *, reader: Visitor, fingerprint: str, name: str, paper_of: str
    ) -> None:
        """Sign, or, with `paper_of`, write down that one of them signed on paper. Raises Refusal."""
        who = await self._who(person)
        if paper_of and not reader.may(Action.KEEP_PAPER_CONSENT):
            raise Refusal("not_yours_to_sign", "This is not yours to sign.")
        await self._consents.sign(
            who,
            _kind_of(kind),
            fingerprint=fingerprint,
            signer=PersonId(paper_of) if paper_of else reader.person,
            name=name,
            on_paper=reader.person if paper_of else None,
        )

    async def revoke(self, person: PersonId, kind: str, *, reader: Visitor, words: str) -> None:
        """Raises Refusal."""
        taken_back = _kind_of(kind)
        await self._consents.revoke(await self._who(person), taken_back, signer=reader.person, words=words)
        await self._tell_rooms(person, taken_back)

    async def _who(self, person: PersonId) -> Person:
        who = await self._store.clinic.get_person(person)
        if who is None:
            raise Refusal("unknown_person", "There is nobody of that name.")
        return who

    # ------------------------------------------------------------------ everybody

    async def missing(self, words: Words, *, reader: Visitor, asked: listed.Asked) -> dict[str, Any]:
        """Whose way in waits for a signature, a page of them."""
        rows = []
        every = await self._consents.missing()
        shown = listed.leaf([each for each in every if asked.fits(each.person.name.casefold())], asked.page)
        all_signers = await self._letters.signers(shown.rows)
        reached, last = await self._letters.reached(), await self._letters.last()
        guardians = await self._store.clinic.get_people(
            sorted({id for each in shown.rows for id in each.subject.guardians})
        )
        for each, signers in zip(shown.rows, all_signers, strict=True):
            written = [last[one.person] for one in signers if one.person in last]
            rows.append(
                {
                    "name": each.person.name,
                    "url": f"/consents/{quote(each.person.person, safe='')}{reader.choice}",
                    "unreached": [one.name for one in signers if one.person not in reached],
                    "reminded": words.moment(max(written), reader.zone or "UTC") if written else "",
                    "minor": each.subject.minor,
                    "guardians": [guardians[id].name for id in sorted(each.subject.guardians) if id in guardians],
                    "lacking": [
                        {
                            "title": words(TITLES[asked.standing.kind]),
                            "stops": words(GOVERNS[asked.standing.kind]),
                            "whose": [
                                words(LACKS[part], why=words(WHY[lack]))
                                for part, lack in asked.standing.lacking.items()
                            ],
                        }
                        for asked in each.asked
                    ],
                }
            )
        return {
            "rows": rows,
            "total": shown.total,
            "many": len(every) > listed.SHOWN,
            "ways": listed.ways("/consents/missing", shown, reader, q=asked.text),
            "may_remind": reader.may(Action.REMIND_TO_SIGN),
        }

    async def remind(self, *, by: Visitor) -> int:
        """Write to everybody whose signature is missing; how many letters."""
        return await self._letters.remind(by=by)

    # ------------------------------------------------------------------ texts

    async def texts(self, words: Words) -> dict[str, Any]:
        forms = await self._consents.forms()
        today = local(self._clock.now(), "UTC").date()
        return {
            "title_max": TITLE_MAX,
            "kinds": [
                {
                    "kind": kind.value,
                    "name": words(TITLES[kind]),
                    "governs": words(GOVERNS[kind]),
                    "versions": [_version(form, forms, today, words) for form in _newest_first(forms, kind)],
                    "given": _begin(current(forms, kind, today)),
                }
                for kind in ConsentKind
            ],
        }

    async def publish(self, given: dict[str, str], *, by: Visitor) -> None:
        """A new version, as a form gives it. Raises Refusal."""
        kind = _kind_of(given.get("kind", ""))
        try:
            begins = date.fromisoformat(given.get("effective_from", ""))
        except ValueError:
            raise Refusal("bad_consent", "Choose the day on which the new text begins.") from None
        lasts = given.get("lasts_days", "").strip()
        if lasts and not (lasts.isascii() and lasts.isdigit() and len(lasts) <= 5):
            raise Refusal("bad_consent", "For how many days a signature holds is a whole number, or nothing.")
        await self._consents.publish(
            ConsentForm(
                kind=kind,
                version=line(given.get("version", ""), "the version", 40),
                language=given.get("language", ENGLISH).strip().lower(),
                title=line(given.get("title", ""), "the title", TITLE_MAX),
                text=given.get("text", "").replace("\r\n", "\n").strip(),
                effective_from=begins,
                asks_again=given.get("asks_again") == "yes",
                lasts_days=int(lasts) if lasts else None,
            ),
            by=by.person,
        )


def _kind_of(text: str) -> ConsentKind:
    try:
        return ConsentKind(text)
    except ValueError:
        raise Refusal("bad_consent", "There is no such consent.") from None


def _signature(consent: Consent, forms: Sequence[ConsentForm], zone: str, words: Words) -> dict[str, Any]:
    read = form_of(forms, consent)
    guardian = consent.signed_as is SignedAs.GUARDIAN
    return {
        "by": words("{name}, as guardian", name=consent.name) if guardian else consent.name,
        "at": words.calendar(consent.day),
        "version": consent.version,
        "on_paper": consent.on_paper is not None,
        "until": words.calendar(consent.until) if consent.until else "",
        "revoked": "" if consent.revoked is None else words.moment(Instant(consent.revoked.at), zone),
        "words": "" if consent.revoked is None else consent.revoked.words,
        "fingerprint": consent.fingerprint,
        "title": "" if read is None else read.title,
        "text": [] if read is None else blocks(read.text),
    }


def _newest_first(forms: Sequence[ConsentForm], kind: ConsentKind) -> list[ConsentForm]:
    mine = (form for form in forms if form.kind is kind)
    return sorted(mine, key=lambda form: (form.effective_from, form.language == ENGLISH), reverse=True)


def _version(form: ConsentForm, forms: Sequence[ConsentForm], today: date, words: Words) -> dict[str, Any]:
    now = current(forms, form.kind, today, form.language)
    return {
        "version": form.version,
        "language": form.language,
        "title": form.title,
        "text": blocks(form.text),
        "from": words.calendar(form.effective_from),
        "state": "comes" if form.effective_from > today else "used" if now == form else "older",
        "asks_again": form.asks_again,
        "lasts_days": form.lasts_days,
        "example": form.example,
    }


def _begin(form: ConsentForm | None) -> dict[str, str]:
    """What a new version's form begins with: the text of now."""
    return {
        "title": "" if form is None else form.title,
        "text": "" if form is None else form.text,
        "language": ENGLISH if form is None else form.language,
        "lasts_days": "" if form is None or form.lasts_days is None else str(form.lasts_days),
    }


def _lacking(lacking: Mapping[SignedAs, Lack], part: SignedAs | None, words: Words) -> list[str]:
    """Whose signature is missing, and why; `part`: which of them is the reader's own."""
    return [words(LACKS_YOURS if each is part else LACKS[each], why=words(WHY[lack])) for each, lack in lacking.items()]
