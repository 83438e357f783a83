"""Papers and files about one person that leave the house: gathered, checked, logged as handed out, and only then given.

Everything is made of what was signed and posted: the frozen note, the session's log, the ledger.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final, Protocol

import msgspec

from facilitation import crediting, explain
from facilitation.disclosures import PART_2_NOTICE, disclose
from facilitation.errors import Refusal
from facilitation.ids import ClinicId, PersonId, SessionId
from facilitation.releases import What
from facilitation.sentences import Sentence
from facilitation.state import RoomState
from facilitation.timebase import Instant
from server.books import packet
from server.clock import Clock
from server.commands.ledger import in_words
from server.documents.note import Letterhead, note_data
from server.documents.paper import made, moment
from server.documents.statement import statement_data
from server.door.releases import Releases
from server.fhir.bundle import bundle
from server.projections.fold import Room
from server.projections.verify import verify
from server.rooms.ports import CorruptLog
from server.store import hours
from server.store.hours import HoursEntry, day_of
from server.store.ports import Store
from server.web.auth import Visitor
from server.web.exports import Asked, Handout
from server.web.papers import Kind
from server.web.words import Words, words_in

SESSIONS_MAX: Final = 60
"""Sessions in one handout: a quarter of a year of them."""
BREATH: Final = 50
CONSENT: Final = "part-2-consent.txt"
WHATS: Final = {Kind.STATEMENT: What.HOURS, Kind.NOTES: What.NOTES, Kind.PACKET: What.RECORD, Kind.FHIR: What.RECORD}
"""What a consent has to cover for each."""
PDF, ZIP, FHIR = "application/pdf", "application/zip", "application/fhir+json"


class Statements(Protocol):
    async def statement(self, person: PersonId, words: Words, *, reader: Visitor) -> dict[str, Any] | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Evening:
    """One session of the person, after its last record."""

    day: date
    session: SessionId
    state: RoomState

    @property
    def name(self) -> str:
        return f"{self.day}-{self.session}"


class ClinicPapers:
    """The port `Papers` of the pages, over the store. Every method may raise StoreUnavailable or CorruptLog."""

    def __init__(self, store: Store, *, books: Statements, releases: Releases, clock: Clock, clinic: str) -> None:
        self._store = store
        self._releases = releases
        self._books = books
        self._clock = clock
        self._clinic = clinic
        self._turns = asyncio.Semaphore(1)

    async def name(self, person: PersonId) -> str | None:
        found = await self._store.clinic.get_person(person)
        return None if found is None else found.name

    async def receivers(self) -> list[str]:
        return await self._releases.receivers()

    async def hand_out(self, person: PersonId, kind: Kind, *, by: Visitor, asked: Asked) -> Handout:
        async with self._turns:
            now = self._clock.now()
            sessions = {person: await self._sessions(person, asked)}
            release = await self._releases.check(sessions, asked.purpose, what=WHATS[kind], receiver=asked.receiver)
            files = await self._files(person, kind, by, asked, now, release.paper(person))
        await self._store.disclosures.record(
            disclose(
                clinic=self._store.keys.clinic,
                by=by.person,
                at=now,
                what=kind.value,
                first=asked.first,
                last=asked.last,
                about=[person],
                purpose=asked.purpose,
                reason=asked.reason,
                form=asked.form,
                to=asked.receiver,
            )
        )
        day = datetime.fromtimestamp(now / 1_000, UTC).date()
        if len(files) > 1:
            return Handout(filename=f"{kind}-{day}.zip", chunks=[packet.zipped(files)], media_type=ZIP)
        ((name, data),) = files.items()
        ending, media_type = {"pdf": ("pdf", PDF), "zip": ("zip", ZIP), "json": ("json", FHIR)}[name.rsplit(".")[-1]]
        return Handout(filename=f"{kind}-{day}.{ending}", chunks=[data], media_type=media_type)

    async def _sessions(self, person: PersonId, asked: Asked) -> list[str]:
        """Those of the days asked for that hours rest on."""
        entries = (await self._store.ledger.account(person)).entries()
        return sorted(
            {
                each.facts.session
                for each in entries
                if (asked.first or date.min) <= day_of(each.facts.started, each.facts.zone) <= (asked.last or date.max)
            }
        )

    async def _files(
        self, person: PersonId, kind: Kind, by: Visitor, asked: Asked, now: Instant, paper: bytes | None
    ) -> Mapping[str, bytes]:
        """`paper`: the statement and the consent that go with a Part 2 record, as a file beside the others."""
        beside = {} if paper is None else {CONSENT: paper}
        if kind is Kind.STATEMENT:
            return {"statement.pdf": await self._statement(person, by, asked, now)} | beside
        evenings = await self._evenings(person, asked)
        names = {each.person: each.name for each in await self._store.clinic.list_people()}
        head = Letterhead(clinic=self._clinic, names=names, words=words_in(asked.language))
        match kind:
            case Kind.NOTES:
                return {f"{each.name}.pdf": await self._note(each, person, head) for each in evenings} | beside
            case Kind.FHIR:
                return {f"{each.name}.json": self._bundle(each, person, head) for each in evenings} | beside
            case Kind.PACKET:
                return {"packet.zip": await self._packet(person, evenings, head, by, asked, now, beside)}

    # ------------------------------------------------------------------ parts

    async def _evenings(self, person: PersonId, asked: Asked) -> list[Evening]:
        """The person's sessions of these days that were signed, in order of time."""
        entries = (await self._store.ledger.account(person)).entries()
        days = {SessionId(each.facts.session): day_of(each.facts.started, each.facts.zone) for each in entries}
        chosen = sorted(
            (day, session)
            for session, day in days.items()
            if (asked.first or date.min) <= day <= (asked.last or date.max)
        )
        if not chosen:
            raise Refusal("nothing", "There is nothing signed of these days, so there is nothing to download.")
        if len(chosen) > SESSIONS_MAX:
            raise Refusal(
                "too_much", Sentence("That is more than {most} sessions; choose fewer days.", most=SESSIONS_MAX)
            )
        found = []
        for day, session in chosen:
            state = await self._after(session)
            if person not in state.notes.signed:
                raise CorruptLog(f"log of session {session}: hours of {person} rest on a note that is not there")
            found.append(Evening(day=day, session=session, state=state))
        return found

    async def _after(self, session: str) -> RoomState:
        room = Room()
        async for linked in self._store.log.linked(session):
            room.add(linked.record)
            if linked.record.seq % BREATH == 0:
                await asyncio.sleep(0)
        return room.state

    async def _statement(self, person: PersonId, by: Visitor, asked: Asked, now: Instant) -> bytes:
        words = words_in(asked.language)
        told = await self._books.statement(person, words, reader=by)
        if told is None:
            raise Refusal("nothing", "There is nobody of that name.")
        zone = told["person"]["zone"]
        data = statement_data(
            words,
            told,
            clinic=self._clinic,
            made=moment(now, zone, words),
            first=asked.first,
            last=asked.last,
        )
        return await made("statement", data, at=now)

    async def _note(self, evening: Evening, person: PersonId, head: Letterhead) -> bytes:
        signed = evening.state.notes.signed[person]
        return await made("note", note_data(evening.state, person, head), at=signed.at)

    async def _entries(self, person: PersonId, evenings: Sequence[Evening]) -> bytes:
        """The ledger's own entries of these sessions, reversals too."""
        chosen = {evening.session for evening in evenings}
        entries = (await self._store.ledger.account(person)).entries()
        return _json([_entry_json(entry) for entry in entries if entry.facts.session in chosen])

    def _bundle(self, evening: Evening, person: PersonId, head: Letterhead) -> bytes:
        return bundle(evening.state, person, clinic=ClinicId(self._store.keys.clinic), clinic_name=head.clinic)

    async def _packet(
        self,
        person: PersonId,
        evenings: Sequence[Evening],
        head: Letterhead,
        by: Visitor,
        asked: Asked,
        now: Instant,
        beside: Mapping[str, bytes],
    ) -> bytes:
        report = await verify(self._store)
        mine = [finding.text for finding in report.findings if finding.person in (None, person)]
        files = {
            "README.txt": packet.read_me(head.words, PART_2_NOTICE).encode(),
            "statement.pdf": await self._statement(person, by, asked, now),
            packet.ENTRIES: await self._entries(person, evenings),
            "verification.txt": "\n".join(
                [*in_words(report), *(["", "Of this person:", *mine] if mine else [])]
            ).encode()
            if not report.findings or mine
            else _others_only(report.sessions),
            **beside,
        }
        for evening in evenings:
            folder = f"sessions/{evening.name}"
            files[f"{folder}/note.pdf"] = await self._note(evening, person, head)
            files[f"{folder}/note.json"] = _note_json(evening.state, person)
            files[f"{folder}/attendance.json"] = _attendance_json(evening.state, person)
            files[f"{folder}/rules.json"] = _rules_json(evening.state)
            files[f"{folder}/fhir.json"] = self._bundle(evening, person, head)
            await asyncio.sleep(0)
        about = {
            "clinic": head.clinic,
            "person": person,
            "first": asked.first and asked.first.isoformat(),
            "last": asked.last and asked.last.isoformat(),
            "made_at": now,
            "made_by": by.person,
            "notice": PART_2_NOTICE,
        }
        return packet.pack(files, about)


def _entry_json(entry: HoursEntry) -> dict[str, Any]:
    """`line` is the very text that the hash covers."""
    line = hours.text(number=entry.number, posted_at=entry.posted_at, facts=entry.facts)
    return {"number": entry.number, "line": line.decode(), "hash": entry.hash, "previous": entry.previous}


def _others_only(sessions: int) -> bytes:
    """Findings about other people name nobody here."""
    return (
        f"{sessions} session logs were read. Nothing about this person's hours is wrong. The check found something "
        "about somebody else, which the clinic's operator can see.\n"
    ).encode()


def _note_json(state: RoomState, person: PersonId) -> bytes:
    signed = state.notes.signed[person]
    cosigned = state.notes.cosigned.get(person)
    return _json(
        {
            "content": signed.content,
            "content_hash": signed.content_hash,
            "evidence": signed.evidence,
            "signed_by": signed.by,
            "signed_at": signed.at,
            "cosigned": cosigned and {"by": cosigned.by, "at": cosigned.at},
            "addenda": [{"by": each.by, "at": each.at, "text": each.text} for each in state.notes.addenda_of(person)],
            "amendments": [
                {"by": each.by, "at": each.at, "content": each.content, "content_hash": each.content_hash}
                for each in state.corrections.amendments(person)
            ],
        }
    )


def _attendance_json(state: RoomState, person: PersonId) -> bytes:
    """The figures, the pieces they are the sum of, and the person's own lines of the log."""
    hours = crediting.credit(state, person)
    return _json(
        {
            "figures": crediting.figures_part(hours),
            "segments": crediting.segments_part(state, hours),
            "pieces": explain.pieces(state, hours),
            "events": state.attendance.of(person).evidence,
            "corrections": crediting.corrections_part(state, person),
        }
    )


def _rules_json(state: RoomState) -> bytes:
    assert state.session is not None
    return _json({"rules": state.session.rules, "programme": state.session.programme})


def _json(value: Any) -> bytes:
    return json.dumps(msgspec.to_builtins(value, enc_hook=str), indent=1, sort_keys=True, ensure_ascii=False).encode()
