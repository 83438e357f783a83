"""The notes of a group with the keyboard alone: sections, goals, phrases, signing, co-signing, minutes put right."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Page, Route, expect

from facilitation import commands as c
from facilitation.ids import SectionId, SessionId
from facilitation.timebase import HOUR_MS
from tests.support.browser import DESKTOP, PHONE, TABLET, pictures
from tests.support.evening import FAY, Evening, usual
from tests.support.visits import (
    ALEX,
    HERE,
    PIN,
    ROBIN,
    SAM,
    House,
    Open,
    choose_pin,
    coming,
    no_barrier,
    now,
    over,
    until,
)

pytestmark = pytest.mark.timeout(240)

DAY_MS = 24 * HOUR_MS


async def title(page: Page, name: str) -> None:
    await expect(page.locator("#person-title")).to_have_text(name)


# --------------------------------------------------------------------------- writing and signing


async def test_what_is_still_missing_is_said_at_its_field_and_nothing_is_signed(visits: Open, house: House) -> None:
    async with house(over(programme="adult-iop", people=3)) as clinic:
        page = await (await visits(clinic)).record("s-over")
        await page.get_by_role("link", name="Alex").click()
        await page.keyboard.type("Only the first part.")
        await page.keyboard.press("Control+Enter")
        await expect(page.get_by_label("Assessment")).to_be_focused()
        await expect(page.get_by_text("Please write a few words here before you sign.")).to_have_count(2)
        await expect(page.get_by_label("Plan")).to_have_attribute("aria-invalid", "true")
        await no_barrier(page)
        await page.keyboard.type("The second.")
        await expect(page.get_by_text("Please write a few words here before you sign.")).to_have_count(1)
        assert not (await clinic.state("s-over")).notes.signed


async def test_words_survive_a_reload_and_a_restart_of_the_server_section_by_section(
    visits: Open, house: House
) -> None:
    async with house(over(programme="adult-iop", people=3)) as clinic:
        page = await (await visits(clinic)).record("s-over")
        await page.get_by_role("link", name="Alex").click()
        await clinic.stop()
        await expect(page.get_by_text("What you wrote is safe. Reconnecting…")).to_be_visible()
        await page.get_by_label("Data", exact=False).fill("Typed in the dark.")
        await page.get_by_label("Plan", exact=False).fill("And this.")
        await clinic.start()
        await until(
            clinic,
            "s-over",
            lambda state: (
                [state.notes.section(ALEX, part).text for part in ("data", "assessment", "plan")]
                == ["Typed in the dark.", "", "And this."]
            ),
        )
        await page.reload()
        await expect(page.get_by_label("Data", exact=False)).to_have_value("Typed in the dark.")


async def test_a_wrong_pin_signs_nothing_and_the_right_one_signs_at_once(visits: Open, house: House) -> None:
    async with house(over(programme="adult-iop", people=3)) as clinic:
        visit = await visits(clinic)
        page = await visit.record("s-over")
        await write(page, "Robin")
        await page.keyboard.press("Control+Enter")
        await choose_pin(page)
        await until(clinic, "s-over", lambda state: ROBIN in state.notes.signed)
        other = await visits(clinic)  # another browser: the PIN is asked for again
        page = await other.record("s-over")
        await write(page, "Sam")
        await page.keyboard.press("Control+Enter")
        dialog = page.get_by_role("dialog")
        await expect(dialog.get_by_role("heading", name="Your signing PIN")).to_be_visible()
        await no_barrier(page)
        await pictures(page, "record-pin")
        await page.keyboard.type("not the PIN")
        await page.keyboard.press("Enter")
        await expect(dialog.get_by_role("alert")).not_to_be_empty()
        assert SAM not in (await clinic.state("s-over")).notes.signed
        await page.keyboard.type(PIN)
        await page.keyboard.press("Enter")
        await until(clinic, "s-over", lambda state: SAM in state.notes.signed)
        other.foreseen.append("401")


async def test_who_gives_up_at_the_pin_has_signed_nothing_and_lost_nothing(visits: Open, house: House) -> None:
    async with house(over(programme="adult-iop", people=3)) as clinic:
        page = await (await visits(clinic)).record("s-over")
        await write(page, "Robin")
        await page.keyboard.press("Control+Enter")
        await expect(page.get_by_role("dialog")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await expect(page.get_by_role("button", name="Sign and go on")).to_be_enabled()
        await expect(page.get_by_label("Data", exact=False)).to_have_value("Data of Robin.")
        assert not (await clinic.state("s-over")).notes.signed


async def test_what_was_jotted_in_the_room_is_put_into_the_note_by_one_press(visits: Open, house: House) -> None:
    evening = over(programme="adult-iop", people=3)
    evening.write(ROBIN, "Asked about the bus.")
    async with house(evening) as clinic:
        page = await (await visits(clinic)).record("s-over")
        await page.get_by_role("link", name="Robin").click()
        jotted = page.get_by_label("Jotted in the room")
        await expect(jotted).to_contain_text("Asked about the bus.")
        await no_barrier(page)
        await jotted.get_by_role("button", name="Put it into Data").click()
        await expect(page.get_by_label("Data", exact=False)).to_have_value("Asked about the bus.")
        await expect(jotted).to_have_count(0)
        state = await until(clinic, "s-over", lambda state: state.notes.draft(ROBIN).text == "")
        assert state.notes.section(ROBIN, SectionId("data")).text == "Asked about the bus."


async def write(page: Page, name: str) -> None:
    """All sections of one person's note."""
    await page.get_by_role("link", name=name).click()
    for section in ("Data", "Assessment", "Plan"):
        await page.get_by_label(section, exact=False).fill(f"{section} of {name}.")


# --------------------------------------------------------------------------- goals, group, phrases


async def test_a_new_goal_is_written_in_place_and_counts_as_worked_on(visits: Open, house: House) -> None:
    async with house(over(programme="adult-iop", people=3)) as clinic:
        page = await (await visits(clinic)).record("s-over")
        await page.get_by_role("link", name="Alex").click()
        await page.get_by_label("A new goal for Alex").fill("Call the aunt every Sunday")
        await page.keyboard.press("Enter")
        await expect(page.get_by_label("Call the aunt every Sunday")).to_be_checked()
        state = await until(clinic, "s-over", lambda state: bool(state.notes.goals_of(ALEX).addressed))
        assert [goal.text for goal in state.notes.goals_of(ALEX).addressed] == ["Call the aunt every Sunday"]
        await page.get_by_role("button", name="Change goals").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("Goal").fill("Call the aunt on Sundays")
        await dialog.get_by_role("button", name="Change", exact=True).click()
        await expect(dialog.get_by_role("status")).to_have_text("Changed.")
        await no_barrier(page)
        await page.keyboard.press("Escape")
        await expect(page.get_by_label("Call the aunt on Sundays")).to_be_checked()
        await until(
            clinic,
            "s-over",
            lambda state: [goal.text for goal in state.notes.goals_of(ALEX).addressed] == ["Call the aunt on Sundays"],
        )


async def test_the_group_is_written_once_with_its_skills_and_both_places(visits: Open, house: House) -> None:
    async with house(over(programme="adult-iop", people=3)) as clinic:
        page = await (await visits(clinic)).record("s-over")
        await page.get_by_label("Where did you lead the group from?").fill("Clinic office, Exampleville")
        await page.keyboard.press("Enter")
        await expect(page.get_by_label("Where did you lead the group from?")).to_have_count(0)
        await page.keyboard.press("Alt+g")
        group = page.get_by_label("The group", exact=False).and_(page.locator("textarea"))
        await expect(group).to_be_focused()
        await page.keyboard.press("Control+End")
        await page.keyboard.type(" All took part.")
        await page.get_by_label("A skill that was taught").fill("Opposite action")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("button", name="Take Opposite action out")).to_be_visible()
        await no_barrier(page)
        state = await until(
            clinic,
            "s-over",
            lambda state: state.notes.draft("group").text.endswith(" All took part.") and bool(state.notes.skills),
        )
        assert state.notes.skills == ("Opposite action",)
        assert state.notes.locations[FAY] == "Clinic office, Exampleville"


async def test_a_slash_a_name_and_tab_put_in_a_phrase_of_ones_own(visits: Open, house: House) -> None:
    async with house(over(programme="adult-iop", people=3)) as clinic:
        page = await (await visits(clinic)).record("s-over")
        await page.get_by_role("link", name="Alex").click()
        await page.keyboard.press("Alt+s")
        await page.keyboard.press("Enter")  # the one button there is: there are no phrases yet
        await expect(page.get_by_label("Name")).to_be_focused()
        await page.keyboard.type("breathing")
        await page.keyboard.press("Tab")
        await page.keyboard.type("We breathed slowly together.")
        await page.get_by_role("dialog").get_by_role("button", name="Keep").click()
        await expect(page.get_by_label("Find")).to_be_focused()
        await expect(page.get_by_role("button", name="/breathing We breathed slowly together.")).to_be_visible()
        await no_barrier(page)
        await pictures(page, "record-phrases")
        await page.keyboard.press("Escape")
        data = page.get_by_label("Data", exact=False)
        await expect(data).to_be_focused()
        await page.keyboard.type("First. /br")
        await expect(page.get_by_text("puts in /breathing")).to_be_visible()
        await page.keyboard.press("Tab")
        await expect(data).to_have_value("First. We breathed slowly together.")
        await expect(data).to_be_focused()
        await page.keyboard.type(" /nothing")
        await page.keyboard.press("Tab")
        await expect(page.get_by_label("Assessment", exact=False)).to_be_focused()
        async with page.expect_response("**/notebook"):
            await page.reload()
        await title(page, "Alex")
        await page.keyboard.press("Alt+u")
        await title(page, "Robin")
        await page.keyboard.type("/breathing")
        await page.keyboard.press("Tab")
        await expect(page.get_by_label("Data", exact=False)).to_have_value("We breathed slowly together.")


# --------------------------------------------------------------------------- the layer of one's own


async def test_counselling_notes_are_a_layer_that_only_their_author_ever_reads(visits: Open, house: House) -> None:
    words = "My own thought, and nobody else's."
    async with house(over(programme="adult-iop", people=3)) as clinic:
        visit = await visits(clinic)
        page = await visit.record("s-over")
        await page.get_by_role("link", name="Alex").click()
        await page.keyboard.press("Alt+p")
        drawer = page.get_by_role("dialog", name="Only you can read this")
        await expect(drawer.get_by_label("About Alex", exact=False)).to_be_focused()
        await page.keyboard.type(words)
        await expect(drawer.get_by_text("Saved", exact=True)).to_be_visible()
        await no_barrier(page)
        await pictures(page, "record-own-layer", sizes=(PHONE, DESKTOP))
        await page.keyboard.press("Escape")
        assert words not in await page.locator("body").inner_text()

        slow = asyncio.Event()  # a drawer that is opened before it is filled takes what is typed as soon as it is

        async def hold(route: Route) -> None:
            await slow.wait()
            await route.continue_()

        await page.route("**/s/s-over/notebook", hold)
        await page.reload()
        await page.get_by_role("link", name="Alex").click()
        await page.keyboard.press("Alt+p")
        await expect(drawer.get_by_text("Opening…")).to_be_visible()
        slow.set()
        await expect(drawer.get_by_label("About Alex", exact=False)).to_be_focused()
        await expect(drawer.get_by_label("About Alex", exact=False)).to_have_value(words)
        cody = await (await visits(clinic)).record("s-over", "p-cody")
        await cody.get_by_role("link", name="Alex").click()
        await cody.keyboard.press("Alt+p")
        theirs = cody.get_by_role("dialog", name="Only you can read this")
        await expect(theirs.get_by_label("About Alex", exact=False)).to_have_value("")
        assert words not in await cody.content()
        assert words not in str(await clinic.store.log.read("s-over"))


async def test_own_words_wait_for_the_server_and_two_windows_keep_both(visits: Open, house: House) -> None:
    async with house(over(programme="adult-iop", people=3)) as clinic:
        visit = await visits(clinic)
        page = await visit.record("s-over")
        field = page.get_by_role("dialog").get_by_label("About Robin", exact=False)
        await page.get_by_role("link", name="Robin").click()
        await page.keyboard.press("Alt+p")
        await expect(field).to_be_focused()
        await clinic.stop()
        await page.keyboard.type("Typed in the dark.")
        await expect(page.get_by_role("dialog").get_by_text("Saving…")).to_be_visible()
        await clinic.start()
        await expect(page.get_by_role("dialog").get_by_text("Saved", exact=True)).to_be_visible()

        other = await visits(clinic)
        second = await other.record("s-over")
        await second.get_by_role("link", name="Robin").click()
        await second.keyboard.press("Alt+p")
        theirs = second.get_by_role("dialog").get_by_label("About Robin", exact=False)
        await expect(theirs).to_have_value("Typed in the dark.")
        await field.fill("Typed in the dark. One more.")
        await expect(page.get_by_role("dialog").get_by_text("Saved", exact=True)).to_be_visible()
        await theirs.fill("From the other window.")
        await second.get_by_role("button", name="Keep both").click()
        await expect(theirs).to_have_value("Typed in the dark. One more.\n\nFrom the other window.")
        await expect(second.get_by_role("dialog").get_by_text("Saved", exact=True)).to_be_visible()
        kept = await clinic.store.notebook.counselling_notes(FAY, SessionId("s-over"), [ROBIN])
        assert [note.text for note in kept] == ["Typed in the dark. One more.\n\nFrom the other window."]
        visit.foreseen.append("ERR_CONNECTION")
        other.foreseen.append("409")


# --------------------------------------------------------------------------- minutes put right


async def test_a_dispute_can_be_answered_without_a_correction(visits: Open, house: House) -> None:
    evening = over(programme="adult-iop", people=4)
    evening.do(c.DisputeMinutes(text="I was there."), ALEX)
    async with house(evening) as clinic:
        page = await (await visits(clinic)).record("s-over")
        await page.get_by_role("link", name="Alex").click()
        await page.get_by_role("button", name="Leave them, and answer…").click()
        await page.get_by_label("Your answer").fill("The record shows that the line was down for six minutes.")
        await page.get_by_role("button", name="Answer", exact=True).click()
        await expect(page.get_by_label("Said about the minutes")).to_contain_text("The minutes stayed")
        assert (await clinic.state("s-over")).notes.signed == {}


# --------------------------------------------------------------------------- the work list


async def test_the_work_list_says_what_is_due_until_when_and_leads_to_each_note(visits: Open, house: House) -> None:
    begun = over("s-today", 4, programme="adult-iop")
    begun.do(c.EditSection(person=ROBIN, section=SectionId("data"), text="Begun.", revision=0), FAY)
    late = usual(
        Evening(
            session="s-late",
            starts_at=now() - 6 * DAY_MS,
            people=8,
            title="Weekend group",
            programme="adult-iop",
            zone=HERE,
        )
    )
    cosigned = over("s-cosign", 3, programme="co-occurring-iop", supervised=True)
    async with house(begun, late, cosigned) as clinic:
        visit = await visits(clinic, java_script_enabled=False)
        page = await visit.enter("s-today", FAY)
        await page.goto(f"{clinic.url}/home")
        await page.get_by_role("link", name="All notes that are due").click()
        await expect(page.get_by_role("heading", name="Notes that are due", exact=True)).to_be_visible()
        await expect(page.get_by_text("15 notes wait for you; 8 were due already.")).to_be_visible()
        headings = await page.locator("section > h2").all_inner_texts()
        assert headings == ["Was due already", "Due later"]
        first = page.get_by_label("Weekend group").first
        await expect(first).to_contain_text("0 of 8 done. Was due")
        await expect(first.get_by_role("link", name="Alex")).to_contain_text("Not started, overdue")
        await expect(page.get_by_role("link", name="Robin In progress")).to_have_attribute(
            "href", "/s/s-today/record#p-1"
        )
        scripted = await (await visits(clinic)).enter("s-today", FAY)
        await scripted.goto(page.url)
        await no_barrier(scripted, PHONE, DESKTOP)
        await pictures(scripted, "work", sizes=(PHONE, TABLET, DESKTOP))
        await scripted.get_by_role("link", name="Robin In progress").click()
        await expect(scripted.get_by_label("Data", exact=False)).to_have_value("Begun.")


async def test_a_work_list_without_work_is_kind(visits: Open, house: House) -> None:
    async with house(coming()) as clinic:
        page = await (await visits(clinic, viewport=PHONE)).enter("s-next", FAY)
        await page.goto(f"{clinic.url}/work")
        await expect(page.get_by_role("heading", name="Nothing is due")).to_be_visible()
        await no_barrier(page)


# --------------------------------------------------------------------------- absence


async def test_an_absence_is_excused_with_a_reason_and_can_be_taken_back(visits: Open, house: House) -> None:
    async with house(over(programme="adult-iop")) as clinic:
        page = await (await visits(clinic)).record("s-over")
        await page.get_by_role("link", name="Maria-Guadalupe").click()
        await page.get_by_label("Was it excused?").fill("At the doctor, called the day before")
        await page.get_by_role("button", name="Excused", exact=True).click()
        card = page.get_by_label("Attendance", exact=True)
        await expect(card).to_contain_text("Excused: At the doctor, called the day before (Dr. Fay Facilitator")
        await no_barrier(page)
        await pictures(page, "record-absence", sizes=(PHONE, DESKTOP))
        await card.get_by_role("button", name="Take back").click()
        await expect(page.get_by_label("Was it excused?")).to_be_visible()


# --------------------------------------------------------------------------- keys and times


async def test_the_list_of_keys_opens_by_key_and_its_single_key_can_be_switched_off(visits: Open, house: House) -> None:
    async with house(over(programme="adult-iop", people=3)) as clinic:
        page = await (await visits(clinic)).record("s-over")
        await page.locator("#person-title").focus()
        await page.keyboard.press("?")
        sheet = page.get_by_role("dialog", name="Keys")
        await expect(sheet).to_contain_text("First note that is not finished")
        await no_barrier(page)
        await pictures(page, "record-keys", sizes=(PHONE, DESKTOP))
        await sheet.get_by_role("checkbox").uncheck()
        await page.keyboard.press("Escape")
        await page.keyboard.press("?")
        await expect(sheet).to_have_count(0)
        await page.keyboard.press("Control+/")
        await expect(sheet).to_be_visible()
        await page.keyboard.press("Escape")
        await page.get_by_label("Data", exact=False).focus()
        await page.keyboard.type("Why?")
        await expect(page.get_by_label("Data", exact=False)).to_have_value("Why?")


async def test_a_clock_time_is_found_within_the_session_also_when_clocks_change(visits: Open, house: House) -> None:
    async with house(over(people=1)) as clinic:
        page = (await visits(clinic)).page
        await page.goto(clinic.url)
        found = await page.evaluate(
            """async () => {
                const { instantAt } = await import("/components/record/words.mjs");
                const zone = "America/New_York";
                const back = [Date.UTC(2026, 10, 1, 3, 0, 0, 400), Date.UTC(2026, 10, 1, 9)];  // 23:00 … 04:00
                const ahead = [Date.UTC(2026, 2, 8, 6), Date.UTC(2026, 2, 8, 9)];  // 01:00 … 05:00
                const at = (text, range) => {
                    const instant = instantAt(text, zone, range);
                    return instant === null ? null : new Date(instant).toISOString().slice(11, 23);
                };
                return {
                    back: ["23:00", "00:10", "01:30", "02:30", "22:59", "04:01", "25:00", "soon", "1:30:07",
                        "1:30 AM", "11:00 p. m.", "1:30 PM", "13:00 PM"]
                        .map((text) => at(text, back)),
                    ahead: ["01:59", "02:30", "03:10", "05:00"].map((text) => at(text, ahead)),
                };
            }"""
        )
        assert found == {
            "back": [
                "03:00:00.400",  # the second in which it began
                "04:10:00.000",
                "05:30:00.000",  # the first of the two
                "07:30:00.000",
                None,
                None,
                None,
                None,
                "05:30:07.000",
                "05:30:00.000",
                "03:00:00.400",
                None,
                None,
            ],
            "ahead": ["06:59:00.000", None, "07:10:00.000", "09:00:00.000"],  # 02:30 is no time of that night
        }
