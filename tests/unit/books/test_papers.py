"""Papers leave the house checked, logged, and about one person only."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from facilitation.disclosures import Purpose
from facilitation.errors import Refusal
from facilitation.ids import PersonId, SessionId
from facilitation.people import Role
from server.books import packet
from server.books.papers import ClinicPapers
from server.books.statements import ClinicBooks
from server.catalog import load_catalog
from server.clock import RoomClock
from server.projections.meters import Meters
from server.projections.worker import HoursProjection
from server.store import chain, memory
from server.store.clinic import Person
from server.store.ports import Store
from server.web.auth import Identity
from server.web.exports import Asked, Handout
from server.web.papers import Kind
from tests.support.consents import releases_of
from tests.support.sessions import LEADER, MEMBERS, Scribe, amended_session, signed_session

SAM = PersonId("p-sam")
FAY = Identity(
    session=SessionId("s-1"), person=PersonId("p-ada"), role=Role.FACILITATOR, name="Ada Example", teen=False, number=0
)
STARTED = 1_790_028_000_000


async def a_clinic(*told: Scribe) -> Store:
    """A store in memory with these sessions, their hours posted."""
    store = memory.connect()
    for member in (LEADER, *MEMBERS):
        person = Person(
            person=member.person, name=member.name, role=member.role, track="adult", zone="America/New_York"
        )
        await store.clinic.put_person(person)
    for scribe in told:
        epoch = await store.leases.acquire(scribe.session, node="n")
        await store.log.append(scribe.session, scribe.records, epoch=epoch)
    await HoursProjection(store.log, store.ledger, RoomClock()).catch_up()
    return store


def desk_of(store: Store) -> ClinicPapers:
    clock = RoomClock()
    catalog = load_catalog()
    books = ClinicBooks(store, catalog=catalog, clock=clock, meters=Meters(store, catalog=catalog, clock=clock))
    return ClinicPapers(
        store,
        books=books,
        releases=releases_of(store, clock=clock),
        clock=clock,
        clinic="Example Clinic (made up)",
    )


def asked(first: date | None = None, last: date | None = None) -> Asked:
    return Asked(first=first, last=last, purpose=Purpose.PAYMENT, reason="an audit", form="f-1")


async def taken(store: Store, kind: Kind, wish: Asked | None = None) -> tuple[Handout, bytes]:
    handout = await desk_of(store).hand_out(SAM, kind, by=FAY, asked=wish or asked())
    return handout, b"".join(handout.chunks)


def parts(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


@pytest.mark.parametrize("kind", list(Kind))
async def test_whatever_is_taken_stands_in_the_accounting_of_disclosures_before_a_byte_is_given(kind: Kind) -> None:
    store = await a_clinic(signed_session())
    _, data = await taken(store, kind)
    (logged,) = await store.disclosures.about(SAM)
    assert (logged.what, logged.by, logged.purpose, logged.about) == (kind, FAY.person, Purpose.PAYMENT, (SAM,))
    assert data


async def test_days_without_anything_signed_are_refused_and_nothing_is_logged() -> None:
    store = await a_clinic(signed_session())
    with pytest.raises(Refusal, match="nothing signed"):
        await taken(store, Kind.NOTES, asked(date(2001, 1, 1), date(2001, 1, 2)))
    assert await store.disclosures.about(SAM) == []


async def test_one_session_is_one_paper_and_several_come_in_one_file() -> None:
    evening = signed_session()
    other = signed_session("s-2", started=STARTED + 86_400_000)
    one, data = await taken(await a_clinic(evening), Kind.NOTES)
    assert (one.media_type, data[:5]) == ("application/pdf", b"%PDF-")
    two, data = await taken(await a_clinic(evening, other), Kind.NOTES)
    assert two.media_type == "application/zip"
    assert list(parts(data)) == ["2026-09-21-s-1.pdf", "2026-09-22-s-2.pdf"]


async def test_a_packet_holds_what_proves_the_hours_and_checks_itself() -> None:
    store = await a_clinic(amended_session())
    _, data = await taken(store, Kind.PACKET)
    assert packet.troubles(data) == []
    files = parts(data)
    folder = "sessions/2026-09-21-s-1/"
    assert set(files) == {"README.txt", "statement.pdf", "entries.json", "verification.txt", "manifest.json"} | {
        folder + name for name in ("note.pdf", "note.json", "attendance.json", "rules.json", "fhir.json")
    }
    attendance = json.loads(files[folder + "attendance.json"])
    assert attendance["figures"]["countable_min"] == 20  # after the amendment
    assert (
        sum(each["end"] - each["start"] for each in attendance["pieces"] if each["stands"] and each["counts"])
        == (attendance["figures"]["counted_ms"])
    )
    note = json.loads(files[folder + "note.json"])
    assert len(note["amendments"]) == 1
    assert json.loads(files[folder + "rules.json"])["rules"]["id"] == "exact"
    entries = json.loads(files["entries.json"])
    lines = [json.loads(each["line"])["facts"] for each in entries]
    assert [line["countable_min"] for line in lines] == [19, -19, 20]
    assert b"Sam" not in files["verification.txt"]
    assert files["verification.txt"].strip()


async def test_a_packet_is_in_the_language_of_who_receives_it_and_what_was_signed_stays() -> None:
    store = await a_clinic(amended_session())
    _, english = await taken(store, Kind.PACKET)
    _, data = await taken(store, Kind.PACKET, replace(asked(), language="es"))
    assert packet.troubles(data) == []
    mine, theirs = parts(data), parts(english)
    assert mine["README.txt"].startswith(b"Este paquete") and theirs["README.txt"].startswith(b"This packet holds")
    signed = "sessions/2026-09-21-s-1/note.json"
    assert mine[signed] == theirs[signed]
    assert mine["statement.pdf"] != theirs["statement.pdf"] and b"/Lang(es)" in mine["statement.pdf"]


async def test_nothing_in_a_packet_names_anybody_else_of_the_group() -> None:
    store = await a_clinic(signed_session())
    for kind in (Kind.PACKET, Kind.FHIR):
        _, data = await taken(store, kind)
        texts = parts(data).values() if kind is Kind.PACKET else [data]
        for text in (text for text in texts if not text.startswith(b"%PDF")):
            for other in MEMBERS:
                if other.person != SAM:
                    assert other.person.encode() not in text
                    assert other.name.split()[0].encode() not in text


async def test_what_somebody_changed_in_a_packet_is_found() -> None:
    store = await a_clinic(signed_session())
    _, data = await taken(store, Kind.PACKET)
    files = parts(data)
    note = "sessions/2026-09-21-s-1/note.json"

    def troubled(**changed: Any) -> list[str]:
        return packet.troubles(packet.zipped({**files, **changed}))

    assert troubled(**{"statement.pdf": b"another"}) == ["statement.pdf is not what was packed."]
    assert troubled(**{"more.txt": b"more"}) == ["more.txt is not in the manifest."]
    less = {name: text for name, text in files.items() if name != "README.txt"}
    assert packet.troubles(packet.zipped(less)) == ["README.txt is missing."]
    told = json.loads(files[note])
    told["content"]["figures"]["countable_min"] = 999
    forged = {
        **{name: text for name, text in files.items() if name != "manifest.json"},
        note: json.dumps(told).encode(),
    }
    assert packet.troubles(packet.pack(forged, {})) == [f"{note}: the content is not the one that was signed."]


async def test_an_entry_that_was_changed_in_a_packet_is_found_though_its_manifest_agrees() -> None:
    store = await a_clinic(amended_session())
    files = parts((await taken(store, Kind.PACKET))[1])
    del files["manifest.json"]
    entries = json.loads(files["entries.json"])

    def troubled(told: Any) -> list[str]:
        return packet.troubles(packet.pack(files | {"entries.json": json.dumps(told).encode()}, {}))

    assert troubled(entries) == []
    more = entries[0] | {"line": entries[0]["line"].replace('"countable_min":19', '"countable_min":29')}
    assert troubled([more, *entries[1:]]) == ["entries.json: entry 1 is not the one that was posted."]
    alone = entries[1] | {"previous": "0" * 64}
    alone["hash"] = chain.link(alone["previous"], alone["line"].encode())
    assert "entries.json: entry 2 does not follow from entry 1." in troubled([entries[0], alone, entries[2]])
    for rubbish in (None, [1], [{"number": 1}], {"a": 1}):
        assert troubled(rubbish) == ["entries.json cannot be read."]


@pytest.mark.parametrize("rubbish", [b"", b"PK\x03\x04", b"no zip", b"\x00" * 1_000])
def test_rubbish_is_no_packet(rubbish: bytes) -> None:
    assert packet.troubles(rubbish) != []


async def test_the_same_notes_are_the_same_bytes_and_a_statement_is_one_of_its_day() -> None:
    store = await a_clinic(signed_session())
    assert (await taken(store, Kind.NOTES))[1] == (await taken(store, Kind.NOTES))[1]
    assert (await taken(store, Kind.FHIR))[1] == (await taken(store, Kind.FHIR))[1]
    assert (await taken(store, Kind.STATEMENT))[1].startswith(b"%PDF-")
