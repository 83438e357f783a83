"""The pages about the clinic's people and its first steps, over HTTP, with rubbish in every form."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from server.clock import FakeClock
from server.rooms.ports import StoreUnavailable
from server.store.register import Change
from server.web.guard import BODY_BYTES_MAX
from server.web.people import LIST_BYTES_MAX
from tests.support.clinic import ADA, FAY, ROBIN, Clinic, clinic, typed
from tests.support.visitor import Answer, Visitor

NOW = 1_795_561_200_000
SAM = {
    "name": "Sam Newcomer",
    "email": "sam@example.org",
    "role": "participant",
    "track": "adult",
    "zone": "America/New_York",
}
GROUP = {
    "title": "Morning group",
    "programme": "adult-iop",
    "plan": "adult",
    "zone": "America/New_York",
    "starts": "09:00",
    "first": "2026-12-01",
    "lead": ADA,
    "day": "1",
}
RUBBISH = ("\x00", "🦊" * 300, "<script>alert(1)</script>", "../../etc/passwd", "-1", "9" * 40, "\ud7ff", " ")


@pytest_asyncio.fixture(scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Clinic]:
    async with clinic(Path(tmp_path_factory.mktemp("clinic")), FakeClock(NOW)) as place:
        yield place


@pytest_asyncio.fixture(scope="module")
async def ada(place: Clinic) -> Visitor:
    browser, _ = await place.begin(ADA)
    return browser


async def sent(browser: Visitor, *, file: bytes | None = None, **fields: str) -> Answer:
    """A form with a file, as browsers send it."""
    mark = secrets.token_hex(16)
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    if file is not None:
        head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="people.csv"\r\n\r\n'
        parts.append(head.encode() + file + b"\r\n")
    body = b"".join(parts) + f"--{mark}--\r\n".encode()
    return await browser.post("/people/list", body, {"Content-Type": f"multipart/form-data; boundary={mark}"})


async def test_a_file_is_looked_at_and_its_text_can_be_put_right_where_it_stands(ada: Visitor) -> None:
    looked = await sent(ada, file="name,email\nJosé Ejemplo,jose@example.org\nKim,kim\n".encode("cp1252"))
    assert looked.status == 200
    for words in ("José Ejemplo", "“kim” is no mail address.", "Look at names with accents", "Take in 1 person"):
        assert words in looked.text
    taken = await sent(ada, text="name,email\nJosé Ejemplo,jose@example.org\nKim,kim\n", do="take")
    assert "1 person is in." in taken.text
    assert "Kim\tkim" in taken.text and "jose@example.org" not in taken.text
    assert "José Ejemplo" in (await ada.get("/people?q=jos%C3%A9")).text


async def test_ten_thousand_rows_come_in_by_one_form(tmp_path: Path) -> None:
    async with clinic(tmp_path, FakeClock(NOW)) as place:
        ada, _ = await place.begin(ADA)
        await ten_thousand(ada, place)


async def ten_thousand(ada: Visitor, place: Clinic) -> None:
    rows = "\n".join(f"Person {n},person{n}@example.org" for n in range(10_000))
    looked = await sent(ada, file=f"name,email\n{rows}".encode())
    assert looked.status == 200 and "Take in 10000 people" in looked.text
    taken = await sent(ada, text=f"name,email\n{rows}", do="take")
    assert taken.status == 200
    steps, _, done = taken.text.partition("10000 people are in.")
    assert steps.count("<progress") > 50 and "5000 of 10000 people" in steps and "<progress" not in done
    assert len(await place.store.clinic.list_people()) > 10_000
    again = await sent(ada, text=f"name,email\n{rows}", do="look")
    assert "Take in 1" not in again.text


async def test_a_list_that_breaks_off_says_so_and_goes_on_when_it_is_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "\n".join(f"Person {n},person{n}@example.org" for n in range(300))
    async with clinic(tmp_path, FakeClock(NOW)) as place:
        ada, _ = await place.begin(ADA)
        put = place.store.register.put

        async def away(changes: Sequence[Change], **words: Any) -> Any:
            if any(b"person200@" in change.data for change in changes):
                raise StoreUnavailable("away")
            return await put(changes, **words)

        monkeypatch.setattr(place.store.register, "put", away)
        broken = await sent(ada, text=f"name,email\n{rows}", do="take")
        assert "125 of 300 people" in broken.text and "250 of 300 people" not in broken.text
        assert (
            "Whoever is in already stays in; send the same list again." in broken.text and "Person 299" in broken.text
        )
        monkeypatch.undo()
        assert "175 people are in." in (await sent(ada, text=f"name,email\n{rows}", do="take")).text


@pytest.mark.parametrize(
    "file",
    [b"", b"PK\x03\x04", b"\xff\xfe\x00", secrets.token_bytes(3_000), b'name,email\n"' + b"x" * 5_000, b"a\n" * 30_000],
    ids=["empty", "workbook", "half a letter", "noise", "an open quotation", "too long"],
)
async def test_what_is_no_list_is_said_in_words_and_takes_nobody_in(ada: Visitor, place: Clinic, file: bytes) -> None:
    before = len(await place.store.clinic.list_people())
    answer = await sent(ada, file=file, text="")
    assert answer.status == 422
    assert "Nobody was taken in." in answer.text
    assert len(await place.store.clinic.list_people()) == before


async def test_a_list_has_a_bound_of_its_own_and_other_forms_keep_theirs(ada: Visitor) -> None:
    assert (await sent(ada, file=b"name,email\n" + b"x" * (2 * BODY_BYTES_MAX))).status == 422
    assert (await sent(ada, file=b"x" * (LIST_BYTES_MAX + 2 * BODY_BYTES_MAX))).status == 413
    assert (await typed(ada, "/people/new", name="x" * (BODY_BYTES_MAX + 1))).status == 413


@pytest.mark.parametrize("field", ["name", "email", "role", "track", "zone", "phone", "revision", "nearest_name_1"])
async def test_rubbish_in_a_field_is_refused_or_kept_as_text_and_never_runs(ada: Visitor, field: str) -> None:
    for rubbish in RUBBISH:
        given = SAM | {"email": f"{secrets.token_hex(4)}@example.org", field: rubbish}
        answer = await typed(ada, "/people/new", **given)
        assert answer.status in (303, 422), rubbish
        assert "<script>alert" not in answer.text


@pytest.mark.parametrize("field", ["title", "programme", "plan", "zone", "starts", "first", "lead", "day", "do"])
async def test_rubbish_in_the_first_group_makes_none_and_keeps_what_was_typed(
    ada: Visitor, place: Clinic, field: str
) -> None:
    before = len(await place.store.clinic.list_sessions())
    for rubbish in RUBBISH:
        answer = await typed(ada, "/start", **GROUP | {field: rubbish})
        assert answer.status in (200, 422), rubbish
        assert "<script>alert" not in answer.text
        assert field == "title" or "Morning group" in answer.text
    assert len(await place.store.clinic.list_sessions()) == before


async def test_what_was_typed_comes_back_with_what_is_wrong(ada: Visitor) -> None:
    answer = await typed(ada, "/people/new", **SAM | {"email": "nobody", "phone": "555-0100"})
    assert answer.status == 422
    assert 'value="nobody"' in answer.text and 'value="555-0100"' in answer.text


async def test_staff_see_who_there_is_and_no_address_and_change_nothing(place: Clinic) -> None:
    browser, _ = await place.begin(FAY)
    page = await browser.get("/people?q=Robin")
    assert page.status == 200 and "Robin Example" in page.text and "@example.org" not in page.text
    for path in ("/people/new", f"/people/{ROBIN}", "/people/list", "/start"):
        assert (await browser.get(path)).status == 403
    assert (await typed(browser, "/people/new", **SAM)).status == 403
    assert (await typed(browser, "/people/invite")).status == 403


async def test_an_invitation_goes_to_who_has_an_address_and_is_not_in(ada: Visitor, place: Clinic) -> None:
    await typed(ada, "/people/new", **SAM | {"email": "letter@example.org", "name": "Lou Letter"})
    person = next(each.person for each in await place.store.clinic.list_people() if each.name == "Lou Letter")
    letters = len(place.mail.letters)
    assert (await typed(ada, "/people/invite", person=person)).status == 303
    assert [letter.to for letter in place.mail.letters[letters:]] == ["letter@example.org"]
    assert (await typed(ada, "/people/invite", person="p-nobody")).status == 303
    assert (await typed(ada, "/people/invite", person="x" * 65)).status == 400
    assert len(place.mail.letters) == letters + 1
