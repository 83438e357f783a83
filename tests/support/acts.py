"""What people do on the session page, each by the words that stand on it and the clicks that a person makes."""

from __future__ import annotations

import re
from collections.abc import Mapping

from playwright.async_api import Locator, Page, expect

from tests.support.seats import WITHIN_MS, SeatAtBrowser

CALM = {
    "How is your mood right now?": "6",
    "How anxious or tense do you feel?": "4",
    "How strong is the urge to use today?": "1",
    "How strong is the urge to hurt yourself?": "0",
    "Are you safe right now?": "Yes",
}
"""A check-in that worries nobody."""
GOING_HOME = {
    "How is your mood now?": "7",
    "How strong is the urge to use now?": "1",
    "How strong is the urge to hurt yourself now?": "0",
    "Can you stay safe until next time?": "Yes",
}
"""A wrap-up that worries nobody."""


# --------------------------------------------------------------------------- anybody


async def open_now(seat: SeatAtBrowser) -> Locator:
    """The card of the group, opened if it is not."""
    card = seat.page.locator("#tab-now")
    if not await card.is_visible():
        await seat.page.get_by_role("button", name=re.compile("^Now")).first.click()
    await expect(card).to_be_visible(timeout=WITHIN_MS)
    return card


async def fill_form(seat: SeatAtBrowser, title: str, picked: Mapping[str, str], **written: str) -> None:
    """A form of the card: what is picked by its question, what is written by the beginning of its label."""
    form = seat.page.get_by_role("form", name=title)
    await expect(form).to_be_visible(timeout=WITHIN_MS)
    for question, answer in picked.items():
        group = form.get_by_role("group", name=re.compile(re.escape(question)))
        await group.get_by_role("radio", name=answer, exact=True).check()
    for label, text in written.items():
        await form.get_by_label(re.compile(label.replace("_", " "))).fill(text)


async def send_form(seat: SeatAtBrowser, title: str) -> None:
    await seat.page.get_by_role("form", name=title).get_by_role("button", name="Send to the facilitators").click()
    await expect(seat.page.get_by_role("heading", name=f"{title}: sent")).to_be_visible(timeout=WITHIN_MS)


async def answer_measure(seat: SeatAtBrowser, title: str, answers: list[str], *, end: str) -> None:
    """A questionnaire, one question a screen; "" leaves one open."""
    page = seat.page
    await page.get_by_role("button", name=f"Start: {title}").click()
    for number, answer in enumerate(answers, start=1):
        await expect(page.get_by_role("heading", name=f"Question {number} of {len(answers)}")).to_be_visible()
        if answer:
            await page.get_by_role("radio", name=answer, exact=True).check()
            await page.get_by_role("button", name="Next", exact=True).click()
        else:
            await page.get_by_role("button", name="Leave this one open").click()
    await page.get_by_role("button", name=end).click()
    await expect(page.get_by_text(f"{title}: sent. Thank you.")).to_be_visible(timeout=WITHIN_MS)


async def leave(seat: SeatAtBrowser) -> None:
    await seat.page.get_by_role("button", name="Leave", exact=True).click()
    await seat.page.get_by_role("dialog").get_by_role("button", name="Leave", exact=True).click()
    await expect(seat.page.get_by_role("heading", name="You left the meeting")).to_be_visible(timeout=WITHIN_MS)


# --------------------------------------------------------------------------- those who lead


async def panel(seat: SeatAtBrowser, name: str) -> None:
    await seat.page.get_by_role("tab", name=name).click()


async def admit(seat: SeatAtBrowser, name: str) -> None:
    row = seat.page.get_by_role("listitem").filter(has_text=name)
    await row.get_by_role("button", name=re.compile("^Admit")).first.click(timeout=WITHIN_MS)


async def start(seat: SeatAtBrowser) -> None:
    await seat.page.locator(".path-moves").get_by_role("button", name="Start").click()
    await expect(seat.page.locator(".path-moves").get_by_role("button", name="Next")).to_be_visible(timeout=WITHIN_MS)


async def next_part(seat: SeatAtBrowser, title: str) -> None:
    await seat.page.locator(".path-moves").get_by_role("button", name=re.compile("^Next")).click()
    await expect(seat.page.locator(".path-now")).to_contain_text(title, timeout=WITHIN_MS)


async def end(seat: SeatAtBrowser) -> None:
    await seat.page.locator(".path-moves").get_by_role("button", name="End…").click()
    await seat.page.get_by_role("dialog").get_by_role("button", name="End the session").click()


async def open_exercise(seat: SeatAtBrowser, title: str) -> None:
    await open_listed(seat.page, title)
    await expect(seat.page.get_by_role("heading", name=title).first).to_be_visible(timeout=WITHIN_MS)


async def open_listed(page: Page, title: str) -> None:
    """An exercise from the list, also from the part of it that is folded up for not fitting the skill."""
    button, others = page.get_by_role("button", name=f"Open: {title}"), page.locator(".choose-others summary").first
    await expect(button.or_(others).first).to_be_visible(timeout=WITHIN_MS)
    if not await button.is_visible():
        await others.click()
    await button.click()


async def end_exercise(seat: SeatAtBrowser) -> None:
    await seat.page.get_by_role("button", name="End the exercise").click()
    await expect(seat.page.locator(".exercise")).to_have_count(0, timeout=WITHIN_MS)


async def write_down_what_was_done(seat: SeatAtBrowser, flag: Locator, done: str, words: str) -> None:
    await flag.get_by_role("button", name="Write what was done").click()
    await flag.get_by_label(done).check()
    await flag.get_by_label(re.compile("In your words")).fill(words)
    await flag.get_by_role("button", name="Keep in the record").click()
    await expect(flag).to_be_hidden(timeout=WITHIN_MS)


# --------------------------------------------------------------------------- the record


async def facts_of(page: Page, name: str) -> str:
    """All facts of one person's note, those that are folded away as well."""
    await page.get_by_role("navigation", name="People of this session").get_by_role("link", name=name).click()
    await expect(page.locator("#person-title")).to_have_text(name, timeout=WITHIN_MS)
    return "\n".join(await page.locator("dl.facts").all_text_contents())
