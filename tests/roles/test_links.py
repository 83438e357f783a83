"""No page leads a role to a page that refuses it, and none shows it a form that would be refused.

Each role walks from its home page along every link there is, to a few pages of each kind; what a form would do is held
against `policy.MAY` without sending it.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from starlette.applications import Starlette
from starlette.routing import Match, Route

from facilitation.ids import PersonId
from facilitation.people import Expected, Role
from facilitation.policy import MAY, Action
from server.clock import FakeClock, RoomClock
from tests.roles.test_routes import GUARDED, WHO
from tests.support.clinic import ASH, OLA, Clinic, clinic
from tests.support.everything import fill
from tests.support.visitor import Visitor

OF_A_KIND_MAX = 4
"""So many pages of one route are looked at, with and without a query: people are alike, and so are meetings. But
whatever is about Ash is looked at: a teen has pages that nobody else has."""
NO_WRITING = frozenset({Action.KEEP_ACCOUNT, Action.READ_OWN_CALENDAR})
"""What an auditor's forms may be about: how they themself come in, and where their own meetings stand."""
DAY = {
    *("/schedule", "/schedule/people/{person}", "/schedule/series/{series}/{on}", "/schedule/away", "/placement"),
    *("/weeks/{person}", "/school/{person}", "/away/{person}", "/waiting", "/make-ups", "/calls/{person}"),
    *("/consents/missing", "/family/{person}/session"),
}
"""Pages on which a scheduler does their day's work."""
BEHIND_GLASS = "/glass"
"""A record that is somebody else's says so, and offers this way to it."""


@dataclass(kw_only=True)
class Found(HTMLParser):
    """Where a page leads, and what its forms send where."""

    links: list[str] = field(default_factory=list)
    forms: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in has and "download" not in has:
            self.links.append(has["href"])
        elif tag == "form":
            self.forms.append((has.get("method", "get").upper(), has.get("action", "")))


@dataclass(kw_only=True)
class Walk:
    """What one role came across. `refused` and `forbidden` say where it was led from."""

    pages: Counter[str] = field(default_factory=Counter)
    actions: set[Action] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)


def route_of(app: Starlette, method: str, path: str) -> tuple[str, dict[str, Any]]:
    """As the table writes it, with what stands in the address; "": nothing of ours but files."""
    asked = {"type": "http", "method": method, "path": path, "root_path": "", "headers": []}
    for route in app.routes:
        match, more = route.matches(asked)
        if match is Match.FULL:
            return (route.path, more["path_params"]) if isinstance(route, Route) else ("", {})
    raise AssertionError(f"{method} {path} is no address here")


def would_do(route: tuple[str, str], about: dict[str, Any], me: PersonId) -> list[Action]:
    """The action that an address asks for; none: it is open to everybody. Of two, the second is for one's own."""
    actions = GUARDED.get(route, [])
    return actions[1:] if len(actions) > 1 and about.get("person") == me else actions[:1]


async def walk(place: Clinic, browser: Visitor, role: Role) -> Walk:
    me, found = WHO[role], Walk()
    ahead = deque([("/home", "the beginning")])
    seen = {"/home"}
    while ahead:
        address, led_by = ahead.popleft()
        answer = await browser.get(address)
        if answer.status in (301, 302, 303, 307, 308):
            on = urljoin(address, answer.headers["location"])
            if on not in seen:
                seen.add(on)
                ahead.appendleft((on, led_by))
            continue
        page = answer.text if answer.headers.get_content_type() == "text/html" else ""
        behind_glass = answer.status == 403 and BEHIND_GLASS in page
        if answer.status != 200 and not behind_glass:
            found.wrong.append(f"{led_by} leads to {address}, which answers {answer.status}")
            continue
        there = Found()
        there.feed(page)
        for method, to in there.forms:
            path = urlsplit(urljoin(address, to or address)).path
            route, about = route_of(place.app, method, path)
            for action in would_do((method, route), about, me):
                if method == "POST":
                    found.actions.add(action)
                if role not in MAY[action]:
                    found.wrong.append(f"{address} has a form for {method} {route}, which {role} may not: {action}")
        for link in there.links:
            to = urlsplit(urljoin(address, link))
            if to.scheme or to.netloc or not to.path.startswith("/"):
                continue
            route, _ = route_of(place.app, "GET", to.path)
            kind = f"{route}{'?' if to.query else ''}"
            next = to._replace(fragment="").geturl()
            if route and next not in seen and (found.pages[kind] < OF_A_KIND_MAX or ASH in to.path.split("/")):
                seen.add(next)
                found.pages[kind] += 1
                ahead.append((next, address))
    return found


@pytest.mark.timeout(300)
async def test_every_link_that_a_role_is_shown_opens_and_every_form_is_theirs(tmp_path: Path) -> None:
    wrong, met = [], {}
    async with clinic(tmp_path, FakeClock(RoomClock().now())) as place:
        ola = Expected(person=OLA, role=Role.OBSERVER, name="Ola Observer")
        place.sessions[0] = replace(place.evening, roster=(*place.evening.roster, ola))
        await place.store.clinic.put_session(place.evening)
        await fill(place)
        for role in sorted(Role):
            browser, _ = await place.begin(WHO[role])
            met[role] = await walk(place, browser, role)
            wrong += [f"{role}: {each}" for each in met[role].wrong]
    assert wrong == [], "\n".join(wrong)
    assert met[Role.AUDITOR].actions <= NO_WRITING
    assert set(met[Role.SCHEDULER].pages) >= DAY, "a scheduler finds the way to their day's work"
