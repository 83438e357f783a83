"""Ways in over real HTTP: invitations, passkeys, passwords and codes, reminders, devices, the locked screen."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from facilitation.ids import PersonId
from facilitation.people import Role
from server.clock import FakeClock
from server.store.register import Kept
from tests.support.authenticator import Phone
from tests.support.clinic import ADA, FAY, ROBIN, SAM, SUE, UMA, Clinic, clinic, typed
from tests.support.visitor import Visitor

PASSWORD = "kitchen window pear"


@pytest_asyncio.fixture
async def place(clock: FakeClock, tmp_path: Path) -> AsyncIterator[Clinic]:
    async with clinic(tmp_path, clock) as place:
        yield place


async def who(browser: Visitor) -> str:
    """Whose home page this browser opens; "": nobody's."""
    answer = await browser.get("/home")
    found = re.search(r"<h1>Hello, ([^<]+)</h1>", answer.text)
    return found[1] if answer.status == 200 and found else ""


# --------------------------------------------------------------------------- invitations


async def test_an_invitation_leads_by_a_passkey_into_the_room_and_is_used_up(place: Clinic) -> None:
    link = await place.invite(ROBIN)
    browser, phone = place.browser(), Phone(place.browser().base_url)
    page = await browser.get(link)
    assert page.status == 200 and "Welcome, Robin Example" in page.text
    options = (await browser.post(f"{link}/passkey/options", {})).json
    done = await browser.post(f"{link}/passkey", {"credential": phone.make(options)})
    assert done.json == {"location": "/home"}
    assert await who(browser) == "Robin Example"
    assert (await browser.get(f"/s/{place.evening.session}")).status == 200
    used = await place.browser().get(link)
    assert used.status == 410 and "used already" in used.text


async def test_of_two_who_hold_one_invitation_one_begins(place: Clinic) -> None:
    link = await place.invite(ROBIN)
    answers = []
    for _ in range(2):
        browser = place.browser()
        phone = Phone(browser.base_url)
        options = (await browser.post(f"{link}/passkey/options", {})).json
        answers.append((browser, {"credential": phone.make(options)}))
    done = await asyncio.gather(*(browser.post(f"{link}/passkey", body) for browser, body in answers))
    assert sorted(each.status for each in done) == [200, 422]
    assert sorted([await who(browser) for browser, _ in answers]) == ["", "Robin Example"]


async def test_whose_address_nobody_knows_is_asked_for_it(place: Clinic) -> None:
    link = await place.accounts.invitations.invite(ADA, "", by="", role=None)
    browser, phone = place.browser(), Phone(place.browser().base_url)
    assert 'name="email"' in (await browser.get(link)).text
    for typed_ in ("", "no address"):
        assert (await browser.post(f"{link}/passkey/options", {"email": typed_})).status == 422
    options = (await browser.post(f"{link}/passkey/options", {"email": "ada@example.org"})).json
    assert (await browser.post(f"{link}/passkey", {"credential": phone.make(options)})).status == 200
    assert "ada@example.org" in (await browser.get("/account")).text


@pytest.mark.parametrize("why", ["old", "withdrawn", "replaced"])
async def test_an_invitation_that_is_good_no_more_says_so(place: Clinic, clock: FakeClock, why: str) -> None:
    link = await place.invite(ROBIN)
    match why:
        case "old":
            clock.advance(minutes=7 * 24 * 60)
        case "withdrawn":
            await place.accounts.invitations.withdraw(ROBIN, by=ADA, role=Role.ADMINISTRATOR)
        case _:
            await place.invite(ROBIN)
    assert (await place.browser().get(link)).status == 410


async def test_a_new_invitation_ends_what_opened_before_and_signs_out(place: Clinic, clock: FakeClock) -> None:
    thief, stolen = await place.begin(ROBIN)
    clock.advance(seconds=1)
    await place.begin(ROBIN)
    assert await who(thief) == ""
    assert (await place.show(place.browser(), stolen)).status == 422


@pytest.mark.parametrize("token", ["no-token", "%00", "x" * 4_000, "..%2F.."])
async def test_rubbish_is_no_invitation(place: Clinic, token: str) -> None:
    assert (await place.browser().get(f"/invite/{token}")).status in (404, 405)


# --------------------------------------------------------------------------- passkeys


async def test_a_passkey_signs_in_and_goes_on_where_one_wanted_to(place: Clinic) -> None:
    _, phone = await place.begin(ROBIN)
    browser = place.browser()
    answer = await place.show(browser, phone, next="/statement")
    assert answer.json == {"location": "/statement"}
    assert await who(browser) == "Robin Example"


@pytest.mark.parametrize(
    "next", ["https://evil.example", "//evil.example", "/\\evil.example", "home", "/a\nb", "x" * 999]
)
async def test_nobody_is_led_elsewhere_by_signing_in(place: Clinic, next: str) -> None:
    _, phone = await place.begin(ROBIN)
    assert (await place.show(place.browser(), phone, next=next)).json == {"location": "/home"}


@pytest.mark.parametrize("wrong", ["origin", "unverified", "again", "stranger", "other challenge"])
async def test_a_passkey_that_proves_nothing_opens_nothing(place: Clinic, wrong: str) -> None:
    _, phone = await place.begin(ROBIN)
    browser = place.browser()
    options = (await browser.post("/sign-in/passkey/options")).json
    match wrong:
        case "origin":
            phone.origin = "http://localhost.evil.example"
        case "unverified":
            phone.flags = 0x01
        case "stranger":
            handle, phone = phone.handle, Phone(phone.origin)
            phone.handle = handle
        case "other challenge":
            options["challenge"] = (await browser.post("/sign-in/passkey/options")).json["challenge"][::-1]
        case "again":
            shown = {"credential": phone.show(options)}
            assert (await browser.post("/sign-in/passkey", shown)).status == 200
            browser = place.browser()
            await browser.post("/sign-in/passkey/options")
            assert (await browser.post("/sign-in/passkey", shown)).status == 422
            return
    assert (await browser.post("/sign-in/passkey", {"credential": phone.show(options)})).status == 422
    assert await who(browser) == ""


@pytest.mark.parametrize(
    "credential",
    [
        *(None, 1, "x", [], {}, {"id": 1, "response": 2}, {"id": "x", "response": {"userHandle": "cC1yb2Jpbg"}}),
        *({"id": "x", "response": {"userHandle": "\x00"}}, {"id": "x", "response": {"userHandle": None}}),
    ],
)
async def test_rubbish_is_no_passkey(place: Clinic, credential: Any) -> None:
    await place.begin(ROBIN)
    browser = place.browser()
    await browser.post("/sign-in/passkey/options")
    assert (await browser.post("/sign-in/passkey", {"credential": credential})).status == 422
    assert (await browser.post("/sign-in/passkey", b"[1]")).status == 400


# --------------------------------------------------------------------------- passwords and codes


async def test_a_password_alone_is_half_a_way_in_and_a_code_is_the_other(place: Clinic, clock: FakeClock) -> None:
    _, seed, paper = await place.begin_with_password(FAY, PASSWORD)
    browser = place.browser()
    half = await typed(browser, "/sign-in", email="P-FAY@example.org", password=PASSWORD, next="/work")
    assert (half.status, half.headers["location"]) == (303, "/sign-in/code")
    assert await who(browser) == ""
    assert (await typed(browser, "/sign-in/code", code="000000")).status == 422
    clock.advance(seconds=30)
    done = await typed(browser, "/sign-in/code", code=place.code(seed))
    assert (done.status, done.headers["location"]) == (303, "/work")
    assert await who(browser) == "Dr. Fay Facilitator"
    assert len(paper) == 8


async def test_a_code_is_good_once_and_a_code_of_paper_too(place: Clinic, clock: FakeClock) -> None:
    _, seed, paper = await place.begin_with_password(FAY, PASSWORD)

    async def tried(code: str) -> int:
        browser = place.browser()
        await typed(browser, "/sign-in", email="p-fay@example.org", password=PASSWORD)
        return (await typed(browser, "/sign-in/code", code=code)).status

    assert await tried(place.code(seed)) == 422, "it was used when the app was set up"
    assert await tried(paper[0].lower().replace("-", " ")) == 303
    assert await tried(paper[0]) == 422
    assert await tried(paper[1]) == 303


async def test_no_answer_tells_whether_there_is_an_account(place: Clinic) -> None:
    await place.begin_with_password(FAY, PASSWORD)
    await place.begin(SUE)
    texts = set()
    for email in ("p-fay@example.org", "p-sue@example.org", "nobody@example.org", "", "x" * 300):
        answer = await typed(place.browser(), "/sign-in", email=email, password="not this one")
        texts.add((answer.status, answer.text.replace(f'maxlength="254" value="{email}"', "")))
    assert len(texts) == 1


async def test_guessing_is_slowed_and_a_passkey_still_opens(place: Clinic) -> None:
    _, phone = await place.begin(FAY)
    browser = place.browser()
    texts = [
        (await typed(browser, "/sign-in", email="p-fay@example.org", password=f"guess {n}")).text for n in range(8)
    ]
    assert "is not right" in texts[5] and "too often" in texts[6]
    nobody = [(await typed(browser, "/sign-in", email="no@example.org", password=f"guess {n}")).text for n in range(8)]
    assert [("too often" in text) for text in nobody] == [("too often" in text) for text in texts]
    told = (await place.store.audit.search(about=FAY)).traces
    assert [each.action for each in told].count("was wrong too often") == 1
    assert (await place.show(place.browser(), phone)).status == 200


async def test_a_weak_password_is_refused_in_words_and_the_invitation_still_opens(place: Clinic) -> None:
    link = await place.invite(FAY)
    browser = place.browser()
    answer = await typed(browser, link, password="password1")
    assert answer.status == 422 and "Three or four words" in answer.text
    assert (await browser.get(link)).status == 200


# --------------------------------------------------------------------------- reminders


async def test_a_reminder_opens_by_itself_where_its_person_signed_in_before(place: Clinic) -> None:
    browser, _ = await place.begin(ROBIN)
    await browser.post("/sign-out")
    assert await who(browser) == ""
    came = await browser.get(place.reminder(ROBIN, place.evening))
    assert (came.status, came.headers["location"]) == (303, f"/s/{place.evening.session}")
    assert (await browser.get(f"/s/{place.evening.session}")).status == 200


async def test_elsewhere_it_asks_for_a_code_that_comes_by_mail(place: Clinic) -> None:
    await place.begin(ROBIN)
    browser, link = place.browser(), place.reminder(ROBIN, place.evening)
    page = await browser.get(link)
    assert page.status == 200 and "Robin" not in page.text
    assert place.mail.letters == [] and await who(browser) == ""
    assert "on its way" in (await typed(browser, link)).text
    [letter] = place.mail.letters
    assert letter.to == "p-robin@example.org"
    code = re.search(r"\d{6}", letter.text)
    assert code
    assert (await typed(browser, link, code="000000" if code[0] != "000000" else "1")).status == 422
    assert (await typed(place.browser(), link, code=code[0])).status == 422, "it is for who asked for it"
    done = await typed(browser, link, code=code[0], remember="on")
    assert (done.status, done.headers["location"]) == (303, f"/s/{place.evening.session}")
    await browser.post("/sign-out")
    assert (await browser.get(link)).status == 303, "from now on it knows this device"


@pytest.mark.parametrize("who_", [SAM, FAY], ids=["no account", "staff"])
async def test_a_reminder_of_who_may_not_come_in_by_mail_says_the_same_and_sends_nothing(
    place: Clinic, who_: PersonId
) -> None:
    await place.begin(FAY)
    browser, link = place.browser(), place.reminder(who_, place.evening)
    assert "on its way" in (await typed(browser, link)).text
    assert place.mail.letters == []
    assert (await typed(browser, link, code="123456")).status == 422


async def test_a_device_that_was_not_to_be_remembered_is_not(place: Clinic) -> None:
    _, phone = await place.begin(ROBIN)
    browser = place.browser()
    await place.show(browser, phone, remember=False)
    await browser.post("/sign-out")
    assert (await browser.get(place.reminder(ROBIN, place.evening))).status == 200


async def test_somebody_elses_remembered_device_is_not_ones_own(place: Clinic) -> None:
    browser, _ = await place.begin(SAM)
    await place.begin(ROBIN)
    await browser.post("/sign-out")
    assert (await browser.get(place.reminder(ROBIN, place.evening))).status == 200
    assert await who(browser) == ""


# --------------------------------------------------------------------------- devices


async def test_one_sees_ones_devices_and_signs_one_or_all_of_them_out(place: Clinic) -> None:
    here, phone = await place.begin(ROBIN)
    away, lost = place.browser(), place.browser()
    await place.show(away, phone)
    await place.show(lost, phone)
    page = (await here.get("/account")).text
    assert page.count("A browser") >= 3 and "This device" in page
    device = re.search(r'name="device" value="([0-9a-f]{64})"', page)
    assert device
    await typed(here, "/account/sign-out", device=device[1])
    assert sorted([await who(away), await who(lost)]) == ["", "Robin Example"]
    await typed(here, "/account/sign-out", device="others")
    assert (await who(away), await who(lost), await who(here)) == ("", "", "Robin Example")


async def test_a_device_signed_out_from_afar_is_remembered_no_more(place: Clinic) -> None:
    here, phone = await place.begin(ROBIN)
    lost = place.browser()
    await place.show(lost, phone)
    await typed(here, "/account/sign-out", device="others")
    assert (await lost.get(place.reminder(ROBIN, place.evening))).status == 200
    assert await who(lost) == ""


# --------------------------------------------------------------------------- changing ways in


async def test_ways_in_change_only_after_a_fresh_proof(place: Clinic, clock: FakeClock) -> None:
    browser, phone = await place.begin(ROBIN)
    assert (await browser.post("/account/passkey/options")).status == 200
    clock.advance(minutes=11)
    stale = await browser.post("/account/passkey/options")
    assert stale.json["error"]["code"] == "prove_yourself"
    assert (await place.show(browser, phone, address="/unlock/passkey", next="/account")).status == 200
    options = (await browser.post("/account/passkey/options")).json
    second = Phone(browser.base_url)
    assert (await browser.post("/account/passkey", {"credential": second.make(options)})).status == 200
    assert (await place.show(place.browser(), second)).status == 200
    assert "passkey was added" in place.mail.letters[-1].text


async def test_the_only_way_in_is_not_removed(place: Clinic) -> None:
    browser, _ = await place.begin(ROBIN)
    id = re.search(r'name="passkey" value="([^"]+)"', (await browser.get("/account")).text)
    assert id
    answer = await typed(browser, "/account/passkey/remove", passkey=id[1])
    assert answer.status == 422 and "only way in" in answer.text


async def test_a_password_is_changed_with_the_one_before(place: Clinic) -> None:
    browser, seed, _ = await place.begin_with_password(FAY, PASSWORD)
    assert (await typed(browser, "/account/password", old="wrong", new="garden bench rain")).status == 422
    assert (await typed(browser, "/account/password", old=PASSWORD, new="garden bench rain")).status == 303
    fresh = place.browser()
    assert (await typed(fresh, "/sign-in", email="p-fay@example.org", password=PASSWORD)).status == 422
    assert (await typed(fresh, "/sign-in", email="p-fay@example.org", password="garden bench rain")).status == 303
    assert seed


# --------------------------------------------------------------------------- the locked screen


async def test_a_staff_screen_locks_when_it_is_left_alone_and_opens_by_its_person(
    place: Clinic, clock: FakeClock
) -> None:
    browser, phone = await place.begin(FAY)
    clock.advance(minutes=14)
    assert (await browser.get("/weeks")).status == 200, "each look is a sign of life"
    clock.advance(minutes=14)
    assert (await browser.post("/awake")).status == 204
    clock.advance(minutes=15)
    locked = await browser.get("/weeks?group=mine")
    assert (locked.status, locked.headers["location"]) == (303, "/unlock?next=%2Fweeks%3Fgroup%3Dmine")
    assert (await browser.post("/weeks/export")).status == 423
    assert (await browser.post("/awake")).status == 423
    _, other = await place.begin(SUE)
    assert (await place.show(browser, other, address="/unlock/passkey")).status == 422
    assert (await browser.get("/weeks")).status == 303
    assert (await place.show(browser, phone, address="/unlock/passkey")).status == 200
    assert (await browser.get("/weeks")).status == 200


async def test_it_locks_when_its_page_says_so_and_opens_with_the_password(place: Clinic) -> None:
    browser, *_ = await place.begin_with_password(FAY, PASSWORD)
    locked = await browser.post("/lock")
    assert (locked.status, locked.json) == (200, {"email": "p-fay@example.org"})
    assert (await browser.get("/home")).status == 303
    assert "Is it still you, Dr. Fay Facilitator?" in (await browser.get("/unlock?next=/work")).text
    assert (await typed(browser, "/unlock", proof="wrong", next="/work")).status == 422
    opened = await typed(browser, "/unlock", proof=PASSWORD, next="/work")
    assert (opened.status, opened.headers["location"]) == (303, "/work")


async def test_a_participants_screen_never_locks(place: Clinic, clock: FakeClock) -> None:
    browser, _ = await place.begin(ROBIN)
    clock.advance(minutes=180)
    assert await who(browser) == "Robin Example"


# --------------------------------------------------------------------------- administrators


async def test_an_administrator_invites_hands_a_link_over_locks_and_gives_duties(place: Clinic) -> None:
    ada, _ = await place.begin(ADA)
    mailed = await typed(ada, f"/accounts/{ROBIN}", do="mail", email="robin@example.org")
    assert mailed.status == 200 and "on its way" in mailed.text
    assert place.mail.letters[-1].to == "robin@example.org"
    shown = await typed(ada, f"/accounts/{SUE}", do="link", email="sue@example.org")
    link = re.search(r"<code[^>]*>http://[^/]+(/invite/[\w-]+)</code>", shown.text)
    assert link and (await place.browser().get(link[1])).status == 200
    fay, phone = await place.begin(FAY)
    assert (await fay.get("/accounts")).status == 403
    await typed(ada, f"/accounts/{FAY}", do="duties", **{"duty-administrator": "on"})
    assert (await fay.get("/accounts")).status == 200
    await typed(ada, f"/accounts/{FAY}", do="lock")
    assert await who(fay) == ""
    assert (await place.show(place.browser(), phone)).status == 422
    await typed(ada, f"/accounts/{FAY}", do="unlock")
    assert (await place.show(place.browser(), phone)).status == 200
    told = {each.action for each in (await place.store.audit.search(by=ADA)).traces}
    assert {"invited somebody", "locked an account", "unlocked an account", "changed what somebody may do"} <= told


async def test_an_administrator_does_not_lock_themselves_out_nor_give_themselves_duties(place: Clinic) -> None:
    ada, _ = await place.begin(ADA)
    for do in ("lock", "duties", "nonsense"):
        assert (await typed(ada, f"/accounts/{ADA}", do=do)).status == 422
    assert await who(ada) == "Ada Administrator"


async def test_an_auditor_sees_accounts_and_changes_none(place: Clinic) -> None:
    uma, _ = await place.begin(UMA)
    assert (await uma.get("/accounts")).status == 200
    assert (await typed(uma, f"/accounts/{ROBIN}", do="link", email="x@example.org")).status == 403


async def test_one_address_is_one_account(place: Clinic) -> None:
    await place.begin(ROBIN)
    ada, _ = await place.begin(ADA)
    answer = await typed(ada, f"/accounts/{SAM}", do="mail", email="P-ROBIN@example.org")
    assert answer.status == 422 and "already" in answer.text


async def test_everything_that_opens_is_kept_hashed_or_sealed(place: Clinic) -> None:
    browser, seed, paper = await place.begin_with_password(FAY, PASSWORD)
    link = await place.invite(ROBIN)
    kinds = ("account", "devices", "invitation", "sign-in-name")
    shelves = [(await place.store.register.all(kind, Kept, lambda kept: kept)).values() for kind in kinds]
    records = [kept.data.decode() for shelf in shelves for kept in shelf]
    kept = "".join(records)
    assert len(records) >= 5
    secret = [PASSWORD, seed, *paper, link.rpartition("/")[2], browser.cookies["milieu-device"].value]
    assert [each for each in secret if each in kept] == []
