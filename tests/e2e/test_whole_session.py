"""One real group session, end to end, by clicks alone: three participants and a facilitator in real browsers.

Somebody is late, somebody's browser crashes, somebody sits at two devices, and the server is killed in mid-session.
Then the notes are written and signed, and record, ledger, statement and an independent oracle must say the same.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect
from playwright.async_api import Error as PlaywrightError

from tests.support.acts import (
    CALM,
    admit,
    end,
    fill_form,
    next_part,
    send_form,
    start,
    write_down_what_was_done,
)
from tests.support.browser import ROOT, artifact, pictures
from tests.support.process import Milieu, milieu
from tests.support.retold import oracle_of
from tests.support.seats import SeatAtBrowser, on_page, seat_at
from tests.support.visits import choose_pin

WITHIN_MS = 30_000
CHECK_IN = "Check-in"
pytestmark = pytest.mark.timeout(400)


async def _command(server: Milieu, *words: str) -> str:
    """Output of `python -m server …` over the same data."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server", *words),
        cwd=ROOT,
        env={"MILIEU_DATA_DIR": str(server.data_dir), "PATH": ""},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, f"{words}: {err.decode()}\n{out.decode()}"
    return out.decode()


async def _check_in(seat: SeatAtBrowser, *, safe: str = "Yes", goal: str = "Stay until the end") -> None:
    await fill_form(seat, CHECK_IN, CALM | {"Are you safe right now?": safe}, A_goal_for_today=goal)


async def _minutes_left(seat: SeatAtBrowser) -> int:
    return int(re.search(r"about (\d+) minutes", await seat.page.locator(".path-now").inner_text()).group(1))


async def _session_of(page: Page) -> str:
    return re.search(r"/s/([^/?#]+)", page.url).group(1)


async def test_a_whole_session_from_the_link_to_the_ledger(chromium: Browser, tmp_path: Path) -> None:
    async with milieu(tmp_path / "data") as server:
        fay = await seat_at(chromium, "Fay", server.link("Dr. Fay Facilitator"), width=1440, height=900, large=True)
        robin = await seat_at(chromium, "Robin", server.link("Robin Example"), width=360, height=740)
        sam = await seat_at(chromium, "Sam", server.link("Sam Sample"))
        alex = await seat_at(chromium, "Alex", server.link("Alex Placeholder"))

        # Arriving: nobody sees who is in the room before being admitted.
        await fay.open()
        await fay.is_in_the_room()
        session = await _session_of(fay.page)
        await robin.open()
        await expect(robin.page.get_by_label("Name the group sees")).to_be_visible(timeout=WITHIN_MS)
        await pictures(robin.page, "arrival-name", themes=("light",))
        await robin.arrive()
        await sam.open()
        await sam.arrive()
        await expect(robin.page.get_by_text("Sam Sample")).to_have_count(0)
        await pictures(robin.page, "waiting-room", themes=("light",))
        await admit(fay, "Robin Example")
        await robin.is_in_the_room()
        sam_awaited = time.time()
        await admit(fay, "Sam Sample")
        await sam.is_in_the_room()

        # Everyone sees and hears everyone.
        for seat in (fay, robin, sam):
            await seat.speak_and_show()
        await start(fay)
        for seat in (fay, robin, sam):
            await seat.sees_and_hears(2)
        await pictures(fay.page, "room-facilitator", themes=("light", "dark"))
        await pictures(robin.page, "room-participant", themes=("light", "dark"))

        # The check-in: one answer raises a flag that only facilitators see; what Robin types survives a reload.
        await _check_in(sam)
        await send_form(sam, CHECK_IN)
        await robin.page.get_by_role("button", name=re.compile("^Now")).first.click()
        await _check_in(robin, safe="No", goal="Say one true thing")
        await expect(robin.page.get_by_text(re.compile("Saved", re.IGNORECASE)).first).to_be_visible(timeout=WITHIN_MS)
        await robin.page.reload()
        await robin.is_in_the_room()
        await robin.page.get_by_role("button", name=re.compile("^Now")).first.click()
        await expect(robin.page.get_by_label(re.compile("A goal for today"))).to_have_value("Say one true thing")
        await send_form(robin, CHECK_IN)
        await expect(robin.page.get_by_text("988").first).to_be_visible(timeout=WITHIN_MS)
        flag = fay.page.get_by_role("region", name=re.compile("Safety: Robin Example"))
        await expect(flag).to_be_visible(timeout=WITHIN_MS)
        await pictures(fay.page, "safety-flag", themes=("light",))
        await expect(sam.page.get_by_text("Safety")).to_have_count(0)

        # Late: Alex comes when the second part has begun. Robin opens a second device in the same seat.
        await next_part(fay, "Process group")
        await alex.open()
        await alex.arrive()
        before_admission = time.time()
        await admit(fay, "Alex Placeholder")
        await alex.is_in_the_room()
        after_admission = time.time()
        laptop = await seat_at(chromium, "Robin's laptop", robin.link)
        await laptop.open()
        await laptop.is_in_the_room()
        await expect(fay.page.locator(".stage-grid > li")).to_have_count(4)
        await alex.sees_and_hears(3)

        # Sam's browser crashes and comes back to the same seat without a question.
        with pytest.raises(PlaywrightError):
            await sam.page.goto("chrome://crash", timeout=WITHIN_MS)
        sam_gone = time.time()
        await expect(fay.page.locator(".stage-grid").get_by_text("Reconnecting…")).to_be_visible(timeout=WITHIN_MS)
        sam = on_page("Sam", sam.link, sam.context, await sam.context.new_page())
        sam_away = time.time() - sam_gone
        await sam.page.goto(f"{server.url}/s/{session}")
        await sam.is_in_the_room()

        # A note is typed; the server is killed in mid-sentence, and everybody comes back by themselves.
        await fay.page.get_by_role("tab", name="Notes").click()
        await fay.page.locator("#note-group").fill("We practised a slow breath together.")
        await fay.page.wait_for_timeout(2_000)  # the promise: at most two seconds of typing can be lost
        left_before, killed_at = await _minutes_left(fay), time.time()
        server.kill()
        await server.ended()
        await expect(robin.page.locator("p", has_text="Your minutes are safe")).to_be_visible(timeout=WITHIN_MS)
        await server.start()
        for seat in (fay, robin, laptop, sam, alex):
            await expect(seat.page.locator("p", has_text="Your minutes are safe")).to_be_hidden(timeout=WITHIN_MS)
        await expect(fay.page.locator(".path-now")).to_contain_text("Process group")
        passed = (time.time() - killed_at) / 60
        assert 0 <= left_before - await _minutes_left(fay) <= passed + 1, "the agenda's clock went on"
        await expect(fay.page.locator("#note-group")).to_have_value("We practised a slow breath together.")
        for seat in (fay, alex, robin, sam):
            await seat.sees_and_hears(3 if seat is not robin else 2)

        # A break, a step too far and its undo, and the flag must be answered before the end.
        await next_part(fay, "Break")
        await next_part(fay, "Skills")
        await fay.page.locator(".path-moves").get_by_role("button", name="Undo").click()
        await expect(fay.page.locator(".path-now")).to_contain_text("Break", timeout=WITHIN_MS)
        await pictures(sam.page, "room-break", themes=("light",))
        for title in ("Skills", "Break", "Practice", "Wrap-up"):
            await next_part(fay, title)
        await fay.page.locator(".path-moves").get_by_role("button", name="End…").click()
        await expect(fay.page.get_by_role("dialog").get_by_role("button", name="End the session")).to_be_disabled()
        await fay.page.get_by_role("button", name="Not yet").click()
        await write_down_what_was_done(
            fay, flag, "We made or went through the safety plan", "Spoke with Robin aside; a safety plan is in place."
        )
        before_end = time.time()
        await end(fay)
        await expect(robin.page.get_by_text(re.compile("ended", re.IGNORECASE)).first).to_be_visible(timeout=WITHIN_MS)
        after_end = time.time()
        await pictures(robin.page, "after-the-end", themes=("light",))

        # The record: a note each, signed with the keyboard.
        await fay.page.goto(f"{server.url}/s/{session}/record")
        sections = fay.page.locator(".record-own textarea")
        await expect(sections.first).to_be_visible(timeout=WITHIN_MS)
        await pictures(fay.page, "record-to-write")
        people = fay.page.get_by_role("navigation", name="People of this session").get_by_role("listitem")
        name = fay.page.locator("#person-title")
        waiting = await people.count()
        for number in range(waiting):
            person = await name.inner_text()
            for section in await sections.all():
                await section.fill(f"Took part in the practice, note {number}.")
            sign = fay.page.get_by_role("button", name="Sign and go on")
            await expect(sign).to_be_enabled(timeout=WITHIN_MS)
            await sign.click()
            if number == 0:
                await choose_pin(fay.page, code=server.code("Dr. Fay Facilitator"))
            if number < waiting - 1:
                await expect(name).not_to_have_text(person, timeout=WITHIN_MS)
        await expect(fay.page.locator(".record-sealed")).to_be_visible(timeout=WITHIN_MS)
        await pictures(fay.page, "record-signed")

        # Four witnesses: the oracle over the raw log, the replay, the ledger, and the page.
        log = await _command(server, "export", session)
        saved = artifact("whole-session.jsonl")
        saved.write_text(log)
        replayed: dict[str, Any] = json.loads(await _command(server, "replay", str(saved)))
        oracle = oracle_of(log)
        ended_at = int(json.loads(log.splitlines()[-1])["at"])
        people = {each["person"]: each for each in replayed["people"]}
        assert len(people) >= 3
        for person, told in people.items():
            expected = oracle.figures(person, ended_at)
            assert (told["present_ms"], told["gap_credit_ms"], told["counted_ms"], told["countable_min"]) == (
                expected.present_ms,
                expected.gap_credit_ms,
                expected.counted_ms,
                expected.countable_min,
            ), person
            assert [tuple(span) for span in told["intervals"]] == expected.intervals
        robins, sams, alexs = (people[f"p-{name}"] for name in ("robin", "sam", "alex"))
        attended = {person: told["present_ms"] + told["gap_credit_ms"] for person, told in people.items()}
        assert attended["p-robin"] > attended["p-alex"], "who was there before, and when the other came"
        assert attended["p-sam"] < sams["clock_ms"], "the crash is a gap"
        assert attended["p-sam"] <= (after_end - sam_awaited - sam_away) * 1_000, "no minute of it counts"
        assert attended["p-kim"] == 0, "who never came has no minute"
        at_least, at_most = before_end - after_admission, after_end - before_admission
        assert attended["p-alex"] <= at_most * 1_000, "never more than by the test's own watch"
        assert alexs["clock_ms"] >= at_least * 1_000
        assert all(each["gap_credit_ms"] > 0 for each in (robins, sams, alexs)), "the server's gap is credited"
        verified = await _command(server, "ledger", "verify")
        assert "Every entry follows from its log" in verified
        assert "8 signed notes" in verified

        # The statement says the same to the person themselves.
        await robin.page.goto(robin.link)
        await robin.page.goto(f"{server.url}/statement")
        await expect(robin.page.get_by_text("Evening group").first).to_be_visible(timeout=WITHIN_MS)
        await pictures(robin.page, "statement")
        await fay.page.goto(f"{server.url}/home")
        await pictures(fay.page, "home-facilitator")

        for seat in (fay, robin, sam, alex, laptop):
            assert seat.mistakes == [], seat.name
