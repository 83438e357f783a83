"""Every page, in every role that opens it, full and empty, with mistakes and in Spanish: nobody is kept out.

One browser walks through all of it, on the narrowest phone. A route without a stop here fails, and so does a stop that
leads nowhere. What a room and its record do while they live is looked at where they live (`ELSEWHERE`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.async_api import Browser, ConsoleMessage, Error, Page

from facilitation.ids import PersonId
from server import demo_week
from server.clock import FakeClock, RoomClock
from tests.support.browser import DESKTOP
from tests.support.clinic import ADA, ASH, FAY, GRAY, OLA, ROBIN, SAL, UMA, Clinic, clinic
from tests.support.everything import BAY, OWN_CURRICULUM, OWN_EXERCISE, OWN_SKILL, SUE, Everything, fill
from tests.support.reach import NARROW, cookies, hindrances, kept, typed_into
from tests.support.routes import TABLE

NOBODY = PersonId("")
NO_PAGES = frozenset(
    {
        *("/s/{session}/notebook", "/s/{session}/contacts", "/s/{session}/door", "/placement/progress"),
        *("/s/{session}/week", "/s/{session}/week/{person}", "/milestones/own"),
        *("/calendar/{token}", "/account/app.svg", "/invite/{token}/app.svg", "/healthz", "/favicon.ico"),
        *("/static/{path}", "/components/{path}", "/vendor/lit-html/{path}", "/vendor/fonts/{path}"),
        *("/vendor/icons/{path}", "/vendor/icons.json", "/static/room.css", "/words/{catalogue}"),
    }
)
"""Files and what scripts ask for."""
ONLY_LEAD_ON = frozenset(
    {"/j/{link}", "/away", "/statement", "/consents", "/sign-in/provider", "/sign-in/provider/back"}
)
"""Opened on the way to a page, or nowhere in this clinic."""
ELSEWHERE = {
    "/s/{session}": "test_way_in.py, test_room_page.py",
    "/s/{session}/record": "test_arrival_and_record_pages.py, test_notes_by_keyboard.py",
    "/sign-in/code": "test_signing_in.py",
    "/invite/{token}/code": "test_signing_in.py",
    "/unlock": "test_signing_in.py",
    "/account/app": "test_signing_in.py",
}
"""Pages of which every state needs more than an address, looked at by those tests."""


IN_ADDRESSES = {
    "guardian": "p-gale",
    "skill": "wise-mind",
    "curriculum": "adult",
    "exercise": "body-scan",
    "cohort": demo_week.EVENING,
    "series": "w-evening",
    "on": "2026-12-02",
    "term": demo_week.TERM,
    "plan": "adult",
    "programme": "adult-iop",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A page as `who` sees it. `path`: its address, where the route's own will not do. `typed`: sent by its form, and
    wrong; it must stand there again, with what is wrong about it."""

    route: str
    who: PersonId
    path: str = ""
    status: int = 200
    typed: dict[str, str] = field(default_factory=dict)
    action: str = ""


def pages(*routes: str, who: PersonId) -> Iterable[Stop]:
    return (Stop(route=route, who=who) for route in routes)


STOPS = (
    *pages("/", "/soup", "/sign-in", "/come/{link}", "/invite/{token}", "/tour/{key}", who=NOBODY),
    Stop(route="/home", who=NOBODY, status=403),
    Stop(route="/", who=NOBODY, path="/nowhere", status=404),
    Stop(route="/", who=NOBODY, path="/j/wrong", status=404),
    Stop(route="/", who=NOBODY, path="/s/s-somewhere", status=403),
    Stop(route="/sign-in", who=NOBODY, action="/sign-in", typed={"email": "robin at example"}),
    *(Stop(route="/home", who=who) for who in (ROBIN, ASH, GRAY, FAY, OLA, SUE, ADA, SAL, UMA)),
    # Participants, and guardians on their behalf.
    *pages("/statement/{person}", "/papers/{person}", "/statement/{person}/export", "/calendar", "/account", who=ROBIN),
    *pages("/s/{session}/minutes", "/consents/{person}", who=ROBIN),
    *pages("/away/{person}", "/school/{person}", "/waiting/{person}", who=ASH),
    Stop(route="/waiting/{person}", who=BAY, path="/waiting/p-bay"),
    Stop(route="/school/{person}", who=ROBIN, path="/school/p-robin"),
    *pages("/away/{person}", "/school/{person}", "/waiting/{person}", "/consents/{person}", who=GRAY),
    Stop(route="/away/{person}", who=ASH, action="/away/", typed={"words": "At the dentist " * 30}),
    Stop(route="/school/{person}", who=ASH, action="/school/", typed={"margin": "900", "activity_0_name": "Choir"}),
    Stop(route="/export", who=FAY, action="/export", typed={"reason": "For the office"}),
    # Who leads and plans.
    *pages("/work", "/weeks", "/weeks/{person}", "/clinic", "/export", "/make-ups", "/waiting", "/people", who=FAY),
    *pages("/skills", "/skills/{skill}", "/curricula/{curriculum}", "/licences", "/consents/missing", who=FAY),
    Stop(route="/skills/new", who=FAY, action="/skills/new", typed={"title": " ", "why": "Because it helps."}),
    *pages("/family/{person}", "/consents/texts", "/consents/{person}", "/statement/{person}", who=FAY),
    *pages("/schedule", "/schedule/cohorts", "/schedule/cohorts/{cohort}", "/schedule/series/{series}", who=FAY),
    *pages("/schedule/terms", "/schedule/plans", "/schedule/programmes", "/schedule/away", who=FAY),
    *pages("/schedule/series/{series}/{on}", "/schedule/people/{person}", "/s/{session}/glass", who=FAY),
    *pages("/schedule/cohorts/new", "/schedule/cohorts/{cohort}/edit", "/schedule/series/new", who=SUE),
    *pages("/schedule/series/{series}/edit", "/schedule/terms/new", "/schedule/terms/{term}", who=SUE),
    *pages("/schedule/plans/new", "/schedule/plans/{plan}", "/schedule/programmes/new", who=SUE),
    *pages("/schedule/programmes/{programme}", "/schedule/people/{person}", "/s/{session}/reading", who=SUE),
    *pages("/placement", "/accounts", "/people/list", "/people/new", "/people/{person}", "/start", who=ADA),
    *pages("/licences", "/numbers", "/numbers/list", "/consents/texts", "/schedule", "/audit", who=ADA),
    *pages("/measures", "/measures/{person}", "/safety", "/skills/new", who=FAY),
    Stop(route="/safety", who=SUE, action="/safety", typed={"steps": "Breathe. " * 40}),
    Stop(route="/skills/{skill}/edit", who=FAY, path=f"/skills/{OWN_SKILL}/edit"),
    Stop(route="/skills/{skill}/preview", who=FAY, path=f"/skills/{OWN_SKILL}/preview"),
    *pages("/curricula", "/curricula/new", "/curricula/{curriculum}/manual", "/schedule/curricula", who=FAY),
    Stop(route="/curricula/new", who=FAY, action="/curricula/new", typed={"title": " ", "about": "A start."}),
    *(
        Stop(route=f"/curricula/{{curriculum}}/{page}", who=FAY, path=f"/curricula/{OWN_CURRICULUM}/{address}")
        for page, address in (("edit", "edit"), ("weeks/{week}", "weeks/1"), ("preview", "preview"))
    ),
    *pages("/exercises", "/exercises/new", "/exercises/{exercise}", who=FAY),
    Stop(route="/exercises/{exercise}/edit", who=FAY, path=f"/exercises/{OWN_EXERCISE}/edit"),
    Stop(
        route="/exercises/new",
        who=FAY,
        path="/exercises/new?kind=sheet",
        action="/exercises/new",
        typed={"title": " ", "about": "A start."},
    ),
    *pages("/schedule/cohorts/{cohort}/curriculum", "/schedule/programmes/{programme}/curriculum", who=SUE),
    *pages("/measures/own", "/diary", "/progress", "/milestones", "/family", who=ROBIN),
    *pages("/family/{person}/guardian", "/family/{person}/session", "/calls/{person}", who=FAY),
    *pages("/schedule/cohorts/{cohort}/agreement", "/family/{person}/guardians/{guardian}", who=FAY),
    *pages("/audit", "/accounts", who=UMA),
    Stop(route="/audit", who=UMA, path="/audit?person=p-robin"),
    Stop(route="/skills", who=FAY, path="/skills?q=breath"),
    Stop(route="/skills", who=FAY, path="/skills?q=zzzz"),
    Stop(route="/weeks", who=FAY, action="/weeks/export", typed={"reason": "For the office"}),
    Stop(route="/numbers", who=ADA, action="/numbers", typed={"area": "Orange County", "dispatch": "none"}),
    Stop(route="/numbers/list", who=ADA, action="/numbers/list", typed={"text": "  "}),
    Stop(route="/people/new", who=ADA, action="/people/new", typed={"name": "Quinn Example", "email": "quinn at home"}),
    Stop(route="/placement", who=ADA, action="/placement", typed={"first": "someday", "weeks": "99"}),
    Stop(route="/schedule/cohorts/new", who=SUE, action="/schedule/cohorts/new", typed={"title": ""}),
    Stop(route="/schedule/terms/new", who=SUE, action="/schedule/terms/new", typed={"title": "A year", "first": "x"}),
)


def address(stop: Stop, place: Clinic, everything: Everything) -> str:
    """Of whoever it is about: Ash and their guardian; for everybody else, Robin."""
    not_theirs = stop.route in ("/s/{session}/reading", "/s/{session}/glass")
    parts = {
        "session": (place.sessions[3] if not_theirs else place.evening).session,
        "person": ASH if stop.who in (ASH, GRAY) or stop.route.startswith("/family") else ROBIN,
        "link": everything.reminder.rpartition("/")[2],
        "token": everything.invitation.rpartition("/")[2],
        "key": place.links.tour(),
    } | IN_ADDRESSES
    return stop.path or stop.route.format_map(parts)


def test_every_page_has_a_stop_and_no_stop_leads_nowhere() -> None:
    routes = {path for method, path in TABLE if method == "GET"}
    stops = {stop.route for stop in STOPS}
    assert stops | NO_PAGES | ONLY_LEAD_ON | set(ELSEWHERE) == routes
    assert not stops & (NO_PAGES | set(ELSEWHERE))


@pytest.mark.timeout(600)
async def test_nothing_keeps_anybody_out_of_any_page(tmp_path: Path, chromium: Browser) -> None:
    wrong: list[str] = []
    async with clinic(tmp_path, FakeClock(RoomClock().now())) as place:
        everything = await fill(place)
        context = await chromium.new_context(viewport=NARROW, reduced_motion="reduce", locale="es-MX")
        page = await context.new_page()
        page.on("pageerror", lambda error: wrong.append(f"{page.url}: {error}"))
        page.on("console", lambda line: wrong.append(f"{page.url}: {line.text}") if is_wrong(line) else None)
        seats: dict[PersonId, list[object]] = {NOBODY: []}
        for number, stop in enumerate(sorted(STOPS, key=lambda stop: stop.who)):
            if stop.who not in seats:
                visitor, _ = await place.begin(stop.who)
                seats[stop.who] = cookies(visitor.cookies, visitor.base_url)
            await context.clear_cookies()
            await context.add_cookies(seats[stop.who])
            await page.emulate_media(color_scheme=("light", "dark")[number % 2])
            there = address(stop, place, everything)
            found = await looked_at(page, place.browser().base_url + there, stop)
            wrong += [
                f"{there} as {stop.who or 'a stranger'}{' mistaken' * bool(stop.typed)}: {each}" for each in found
            ]
        await context.close()
    assert wrong == [], "\n".join(wrong)


def is_wrong(line: ConsoleMessage) -> bool:
    """Of the console: every error, but that a page answered with the status that its stop expects."""
    return line.type == "error" and not line.text.startswith(
        "Failed to load resource: the server responded with a status of 4"
    )


async def looked_at(page: Page, url: str, stop: Stop) -> list[str]:
    answer = await page.goto(url)
    if answer is None or answer.status != stop.status:
        return [f"answers {answer and answer.status}"]
    if stop.typed:
        try:
            await typed_into(page, stop.action, stop.typed)
        except Error as error:
            return [error.message]
        lost = await page.evaluate(kept({name: value for name, value in stop.typed.items() if name != "session"}))
        told = await page.get_by_role("alert").count()
        found = [f"{name} is lost" for name in lost] + ["says nothing of the mistake"] * (not told)
    else:
        found = []
    found += await hindrances(page)
    await page.set_viewport_size(DESKTOP)
    if await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        found.append("scrolls sideways on a laptop")
    await page.set_viewport_size(NARROW)
    return found
