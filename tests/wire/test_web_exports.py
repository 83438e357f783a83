"""Downloads of hours over real HTTP: who may, the form that asks why, the file, and what is written down of it."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from datetime import date
from urllib.parse import urlencode

import pytest
import pytest_asyncio

from facilitation.disclosures import PART_2_NOTICE, Disclosure
from facilitation.ids import PersonId
from facilitation.timebase import HOUR_MS
from server.clock import FakeClock
from server.projections.worker import HoursProjection
from server.rooms.ports import StoreUnavailable
from server.store.clinic import Person
from tests.support.application import Application
from tests.support.evening import FAY, Evening, keep, usual
from tests.support.visitor import Answer, Visitor

TUESDAY_6_PM = 1_795_561_200_000  # 2026-11-24 in New York
ROBIN, SAM = PersonId("p-1"), PersonId("p-2")
TREATMENT = {"purpose": "treatment", "form": "f-1"}
NOVEMBER = {"first": "2026-11-01", "last": "2026-11-30"}


class Clinic(Application):
    """One evening, held and signed."""

    clock: FakeClock

    def __init__(self) -> None:
        super().__init__(clock=FakeClock(TUESDAY_6_PM + 12 * HOUR_MS))
        self.evening = usual(Evening(session="s-1", starts_at=TUESDAY_6_PM, people=3))
        for person in self.evening.people:
            self.evening.at(210).write(person, "Took part.")
            self.evening.sign(person)

    async def fill(self) -> None:
        await keep(self.evening, self.store)
        for each in self.evening.scheduled.roster:
            name = '=Robin, "Example"' if each.person == ROBIN else each.name
            person = Person(person=each.person, name=name, role=each.role, track="adult", zone="America/New_York")
            await self.store.clinic.put_person(person)
        await HoursProjection(self.store.log, self.store.ledger, self.clock).catch_up()

    async def visitor(self, person: PersonId) -> Visitor:
        return await self.opened(self.path(self.seat(person, self.evening.scheduled)))

    async def logged(self) -> list[Disclosure]:
        return [each async for each in self.store.disclosures.all()]


@pytest_asyncio.fixture
async def clinic() -> AsyncIterator[Clinic]:
    async with Clinic().served() as clinic:
        yield clinic


async def send(visitor: Visitor, path: str, fields: dict[str, str]) -> Answer:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return await visitor.post(path, urlencode(fields).encode(), headers)


def rows(answer: Answer) -> list[dict[str, str]]:
    assert (answer.status, answer.headers.get_content_type()) == (200, "text/csv")
    return list(csv.DictReader(io.StringIO(answer.body.decode("utf-8-sig"), newline="")))


async def test_staff_say_why_and_get_a_file_that_no_spreadsheet_runs(clinic: Clinic) -> None:
    fay = await clinic.visitor(FAY)
    answer = await send(fay, f"/statement/{ROBIN}/export", TREATMENT | {"reason": "Care conference"})
    assert answer.body.startswith(b'\xef\xbb\xbf"session",')
    assert answer.headers["content-disposition"] == 'attachment; filename="hours-2026-11-25.csv"'
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    [row] = rows(answer)
    assert row["name"] == '\'=Robin, "Example"'
    assert (row["date"], row["signer"], row["notice"]) == ("2026-11-24", "Dr. Fay Facilitator", PART_2_NOTICE)
    [made] = await clinic.logged()
    assert (made.by, made.about, made.purpose, made.reason) == (FAY, (ROBIN,), "treatment", "Care conference")
    assert made.at == clinic.clock.now()


async def test_it_shows_at_the_foot_of_the_statement_for_staff_and_for_the_person_alone(clinic: Clinic) -> None:
    fay, robin, sam = [await clinic.visitor(person) for person in (FAY, ROBIN, SAM)]
    assert "Nobody yet." in (await robin.get("/statement")).text
    await send(fay, f"/statement/{ROBIN}/export", TREATMENT | {"reason": "<b>Care</b>"})
    own = (await robin.get("/statement")).text
    assert "Dr. Fay Facilitator" in own and "Treatment here: &lt;b&gt;Care&lt;/b&gt;" in own
    assert ">November 25, 2026, 6:00 AM<" in own
    assert "Treatment here:" in (await fay.get(f"/statement/{ROBIN}")).text
    assert "Treatment here:" not in (await sam.get("/statement")).text


async def test_ones_own_hours_need_no_reason_and_are_written_down_too(clinic: Clinic) -> None:
    robin = await clinic.visitor(ROBIN)
    form = await robin.get(f"/statement/{ROBIN}/export")
    assert "What is it for?" not in form.text
    [row] = rows(await send(robin, f"/statement/{ROBIN}/export", {"form": "f-1", "purpose": "payment"}))
    assert row["person"] == ROBIN
    [made] = await clinic.logged()
    assert (made.by, made.purpose) == (ROBIN, "own")  # whatever the form said
    assert "<strong>You</strong>" in (await robin.get("/statement")).text


async def test_everybodys_hours_are_for_staff_and_named_days(clinic: Clinic) -> None:
    fay = await clinic.visitor(FAY)
    assert 'href="/export"' in (await fay.get("/home")).text
    found = rows(await send(fay, "/export", TREATMENT | NOVEMBER))
    assert [row["person"] for row in found] == ["p-1", "p-2", "p-3"]
    [made] = await clinic.logged()
    assert (made.first, made.last) == (date(2026, 11, 1), date(2026, 11, 30))
    assert made.about == ("p-1", "p-2", "p-3")


async def test_a_second_click_gives_the_file_again_and_one_line_in_the_account(clinic: Clinic) -> None:
    fay = await clinic.visitor(FAY)
    for _ in range(2):
        assert len(rows(await send(fay, f"/statement/{ROBIN}/export", TREATMENT))) == 1
    assert len(await clinic.logged()) == 1


async def test_each_copy_of_the_form_has_a_mark_of_its_own(clinic: Clinic) -> None:
    fay = await clinic.visitor(FAY)
    one, other = [(await fay.get(f"/statement/{ROBIN}/export")).text for _ in range(2)]
    assert one != other


@pytest.mark.parametrize("path", ["/export", f"/statement/{ROBIN}/export"])
async def test_other_participants_and_strangers_get_nothing_and_nothing_is_logged(clinic: Clinic, path: str) -> None:
    for visitor in (await clinic.visitor(SAM), Visitor(clinic.url)):
        for answer in (await visitor.get(path), await send(visitor, path, TREATMENT | NOVEMBER)):
            assert answer.status == 403
            assert b"Robin" not in answer.body
    assert await clinic.logged() == []


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "Choose what it is for."),
        ({"purpose": "curiosity"}, "Choose what it is for."),
        ({"purpose": "own"}, "Choose what it is for."),
        ({"purpose": "other", "reason": "  "}, "Say in a few words what it is for."),
        ({"purpose": "payment", "reason": "x" * 301}, "The reason is too long"),
        ({"purpose": "payment", "first": "yesterday"}, "A day is written like 2026-11-24"),
        ({"purpose": "payment", "first": "2026-12-01"}, "nothing to download"),
    ],
)
async def test_what_is_missing_is_said_at_the_form_and_what_was_filled_in_is_kept(
    clinic: Clinic, fields: dict[str, str], told: str
) -> None:
    fay = await clinic.visitor(FAY)
    answer = await send(fay, f"/statement/{ROBIN}/export", {"form": "a-mark"} | fields)
    assert answer.status == 422
    assert told in answer.text and "Nothing was downloaded." in answer.text
    assert 'value="a-mark"' in answer.text
    for field in ("first", "reason"):
        assert fields.get(field, "") in answer.text
    assert await clinic.logged() == []


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"\xff\x00%%%=&;", "application/x-www-form-urlencoded"),
        (b"&".join(b"f%d=1" % n for n in range(50)), "application/x-www-form-urlencoded"),
        (
            b'--x\r\nContent-Disposition: form-data; name="purpose"; filename="a"\r\n\r\n1\r\n--x--',
            "multipart/form-data; boundary=x",
        ),
        (b"rubbish", "multipart/form-data"),
        (b"{}", "application/json"),
        (b"x" * 70_000, "application/x-www-form-urlencoded"),
    ],
)
async def test_rubbish_is_refused(clinic: Clinic, body: bytes, kind: str) -> None:
    fay = await clinic.visitor(FAY)
    answer = await fay.post(f"/statement/{ROBIN}/export", body, {"Content-Type": kind})
    assert answer.status in (400, 413, 422)
    assert await clinic.logged() == []


async def test_another_sites_page_cannot_make_somebody_download(clinic: Clinic) -> None:
    fay = await clinic.visitor(FAY)
    headers = {"Origin": "https://elsewhere.test", "Sec-Fetch-Site": "cross-site"}
    assert (await fay.post(f"/statement/{ROBIN}/export", b"purpose=treatment", headers)).status == 403
    assert await clinic.logged() == []


async def test_nobody_of_that_id_has_no_file(clinic: Clinic) -> None:
    fay = await clinic.visitor(FAY)
    for person in ("p-nobody", "x" * 100):
        assert (await fay.get(f"/statement/{person}/export")).status == 404


async def test_a_store_that_cannot_log_it_hands_nothing_out(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(disclosure: Disclosure) -> Disclosure:
        raise StoreUnavailable("away")

    monkeypatch.setattr(clinic.store.disclosures, "record", away)
    answer = await send(await clinic.visitor(FAY), f"/statement/{ROBIN}/export", TREATMENT)
    assert answer.status == 503 and b"countable" not in answer.body
