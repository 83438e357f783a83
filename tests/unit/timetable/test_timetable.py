"""The pages of the schedule over the demo clinic: what they show, what their forms would do, and what they keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from facilitation.errors import Refusal
from facilitation.facts import zone_of
from facilitation.ids import ClinicId, PersonId
from facilitation.people import Role
from facilitation.schedule import instant_of
from server import demo, demo_week
from server.app import schedule_of
from server.catalog import load_catalog
from server.clock import FakeClock
from server.library import load_library
from server.rooms.ports import Stale
from server.store import memory
from server.store.clinic import ScheduledSession
from server.teaching.library import ClinicLibrary
from server.timetable.office import Office
from server.timetable.timetable import ClinicTimetable
from server.web.auth import Visitor
from server.web.schedule import Form, Page
from server.web.words import IN_ENGLISH

ZONE = zone_of(demo_week.ZONE)
SUNDAY = date(2026, 11, 29)
ADA = Visitor(person=PersonId("p-ada"), role=Role.ADMINISTRATOR, name="Ada Example", zone=demo_week.ZONE)
FAY = Visitor(person=PersonId("p-fay"), role=Role.FACILITATOR, name="Dr. Fay Facilitator", zone=demo_week.ZONE)
Fields = Mapping[str, Sequence[str]]


class Clinic:
    """The demo clinic on a Sunday at noon, its week planned, its evening that can start now over."""

    def __init__(self) -> None:
        self.clock = FakeClock(instant_of(SUNDAY, time(3, 0), ZONE))
        self.store, self.catalog = memory.connect(), load_catalog()
        self.book = schedule_of(self.store, catalog=self.catalog, clock=self.clock)
        self.timetable = ClinicTimetable(
            Office(
                book=self.book,
                store=self.store,
                catalog=self.catalog,
                library=ClinicLibrary(load_library(), self.store.register),
                clock=self.clock,
                seats_max=16,
            )
        )

    async def ready(self) -> Clinic:
        await demo.prepare(self.store, clinic=ClinicId("demo"), now=self.clock.now())
        await self.book.plan()
        self.clock.advance(minutes=9 * 60)
        return self

    async def show(self, page: Page, reader: Visitor = ADA, **ids: str) -> dict[str, Any]:
        query = {name: ids.pop(name) for name in ("day", "cohort", "lead") if name in ids and page is Page.WEEK}
        shown = await self.timetable.show(page, ids, query, IN_ENGLISH, reader=reader)
        assert shown is not None
        return shown

    async def form(self, form: Form, query: Mapping[str, str] | None = None, **ids: str) -> dict[str, Any]:
        shown = await self.timetable.form(form, ids, query or {}, None, IN_ENGLISH, reader=ADA)
        assert shown is not None
        return shown

    async def send(self, form: Form, sent: Fields, **ids: str) -> dict[str, Any] | str:
        done = await self.timetable.change(form, ids, sent, IN_ENGLISH, by=ADA)
        assert done is not None
        return done

    async def session(self, name: str) -> ScheduledSession:
        found = await self.store.clinic.get_session(name)
        assert found is not None
        return found


@pytest.fixture
async def clinic() -> Clinic:
    return await Clinic().ready()


def day(shown: dict[str, Any], number: int) -> dict[str, Any]:
    found: dict[str, Any] = shown["days"][number]
    return found


# --------------------------------------------------------------------------- the week


async def test_a_week_says_what_meets_on_each_day_and_what_is_missing(clinic: Clinic) -> None:
    week = await clinic.show(Page.WEEK, day="2026-12-01")
    assert week["range"] == "November 30 – December 6"
    assert [row["title"] for row in day(week, 1)["rows"]] == [
        *("Recovery group", "Robin with Cody", "After-school group", "Ash and family", "Alumni evening"),
    ]
    assert day(week, 1)["rows"][3]["kind"] == "Family session"
    assert week["clashes"] == []
    assert week["gaps"] == ["Nobody is enrolled for Alumni evening on Tuesday, December 1, 8:00 PM."]
    assert day(week, 5)["rows"] == []


async def test_a_week_can_be_narrowed_to_a_group_or_one_of_the_staff(clinic: Clinic) -> None:
    teens = await clinic.show(Page.WEEK, day="2026-12-01", cohort="c-teens")
    assert {row["title"] for each in teens["days"] for row in each["rows"]} == {
        *("After-school group", "Families of the after-school group")
    } - ({"Families of the after-school group"} if not _families(teens) else set())
    cody = await clinic.show(Page.WEEK, day="2026-12-01", lead="p-cody")
    assert "Ash and family" not in {row["title"] for each in cody["days"] for row in each["rows"]}


def _families(week: dict[str, Any]) -> bool:
    return any("Families" in row["title"] for each in week["days"] for row in each["rows"])


async def test_a_week_past_the_horizon_is_shown_as_it_will_be_and_names_holidays(clinic: Clinic) -> None:
    later = await clinic.show(Page.WEEK, day="2027-02-03")
    assert [row["title"] for row in day(later, 2)["rows"]] == ["After-school group", "Evening group"]
    christmas = await clinic.show(Page.WEEK, day="2026-12-24")
    assert day(christmas, 3)["closed"] == "Winter holidays" and day(christmas, 3)["rows"] == []


async def test_a_week_of_no_day_is_not_found(clinic: Clinic) -> None:
    assert await clinic.timetable.show(Page.WEEK, {}, {"day": "tomorrow"}, IN_ENGLISH, reader=ADA) is None


# --------------------------------------------------------------------------- series

FAMILY = {
    "kind": ["family"],
    "id": ["w-0a1b2c3d"],
    "revision": ["0"],
    "title": ["Bay and family"],
    "people": ["p-bay"],
    "relatives": ["p-pat"],
    "plan": ["family"],
    "every": ["week"],
    "days": ["3"],
    "interval": ["1"],
    "starts": ["11:00"],
    "first": ["2026-12-01"],
    "lead": ["p-sue", ""],
    "lead_role": ["facilitator", "cofacilitator"],
    "programme": ["teen-iop"],
    "rules": [""],
    "term": ["t-year"],
    "zone": ["America/New_York"],
}


async def test_a_family_session_leads_to_inviting_that_family_in_one_step(clinic: Clinic) -> None:
    new = await clinic.form(Form.SERIES, {"kind": "family"})
    assert new["in_one_step"]
    assert await clinic.send(Form.SERIES, FAMILY | {"do": ["invite"], "title": [""]}) == "/family/p-bay/session"
    for nobody in ("", "p-nobody", "p-robin"):
        with pytest.raises(Refusal) as refusal:
            await clinic.send(Form.SERIES, FAMILY | {"do": ["invite"], "people": [nobody]})
        assert refusal.value.code == "bad_choice"
    theirs = [("Ash Example", "/family/p-ash/session")]
    assert (await clinic.show(Page.SERIES, series="w-ash"))["families"] == theirs
    assert (await clinic.form(Form.MEETING, series="w-ash", on="2026-12-01"))["families"] == theirs
    assert (await clinic.show(Page.SERIES, series="w-robin"))["families"] == []
    assert not (await clinic.form(Form.SERIES, {"kind": "individual"}))["in_one_step"]


async def test_the_next_six_meetings_are_shown_before_anything_is_kept(clinic: Clinic) -> None:
    shown = await clinic.send(Form.SERIES, {**FAMILY, "do": ["look"]})
    assert isinstance(shown, dict)
    assert [each["when"] for each in shown["preview"]["meetings"]] == [
        f"Thursday, {when}, 11:00 AM"
        for when in ("December 3", "December 10", "December 17", "December 24", "December 31", "January 7")
    ]
    assert [each["dropped"] for each in shown["preview"]["meetings"]] == ["", "", "", "Winter holidays", "", ""]
    assert shown["preview"]["rule"] == "Every Thursday, 11:00 AM (America/New_York)"
    assert await clinic.store.clinic.get_session("w-0a1b2c3d-20261203") is None


async def test_what_is_kept_is_planned_at_once(clinic: Clinic) -> None:
    assert await clinic.send(Form.SERIES, {**FAMILY, "do": ["keep"]}) == "/schedule/series/w-0a1b2c3d"
    session = await clinic.session("w-0a1b2c3d-20261203")
    assert [(each.person, each.guest) for each in session.roster if each.role is Role.PARTICIPANT] == [
        ("p-bay", False),
        ("p-pat", True),
    ]
    again = await clinic.send(Form.SERIES, {**FAMILY, "do": ["keep"]})  # sent twice by an impatient finger
    assert again == "/schedule/series/w-0a1b2c3d"


async def test_a_clash_is_said_with_what_is_free_and_kept_only_after_a_yes(clinic: Clinic) -> None:
    clashing = {**FAMILY, "starts": ["16:00"], "do": ["keep"]}  # Bay is in the after-school group then
    shown = await clinic.send(Form.SERIES, clashing)
    assert isinstance(shown, dict)
    assert shown["preview"]["clashes"][0].startswith("Bay Sample would be in two meetings at once: After-school group")
    assert [each["text"] for each in shown["preview"]["instead"]] == ["2:30 PM", "2:15 PM", "2:00 PM"]
    assert await clinic.store.clinic.get_session("w-0a1b2c3d-20261203") is None
    chosen = await clinic.send(Form.SERIES, {**clashing, "instead": ["14:30"]})
    assert isinstance(chosen, dict) and chosen["preview"]["clashes"] == []
    assert chosen["given"].raw("starts") == "14:30"
    assert await clinic.send(Form.SERIES, {**clashing, "anyway": ["1"]}) == "/schedule/series/w-0a1b2c3d"


async def test_more_people_than_seats_are_refused(clinic: Clinic) -> None:
    everybody = [each.person for each in await clinic.store.clinic.list_people() if each.role is Role.PARTICIPANT]
    crowd = {**FAMILY, "kind": ["multi_family"], "people": everybody, "plan": ["multi-family"], "do": ["look"]}
    with pytest.raises(Refusal, match="list_full"):
        await clinic.send(Form.SERIES, crowd)


async def test_of_two_who_change_a_series_the_second_is_told(clinic: Clinic) -> None:
    edit = await clinic.form(Form.SERIES, series="w-ash")
    fields = {name: edit["given"].many(name) for name in FAMILY} | {"revision": [str(edit["revision"])], "do": ["keep"]}
    assert await clinic.send(Form.SERIES, {**fields, "starts": ["18:00"]}, series="w-ash") == "/schedule/series/w-ash"
    with pytest.raises(Stale):
        await clinic.send(Form.SERIES, {**fields, "starts": ["18:05"]}, series="w-ash")


# --------------------------------------------------------------------------- one meeting

EVENING = {"series": "w-evening", "on": "2026-12-02"}


async def test_a_meeting_is_moved_after_a_look_and_the_move_can_be_taken_back(clinic: Clinic) -> None:
    page = await clinic.form(Form.MEETING, **EVENING)
    assert page["when"] == "Wednesday, December 2, 6:00 PM" and len(page["people"]) == 8
    move = {"revision": [str(page["revision"])], "day": ["2026-12-05"], "starts": ["20:00"]}
    shown = await clinic.send(Form.MEETING, {**move, "do": ["look"]}, **EVENING)
    assert isinstance(shown, dict) and shown["preview"]["clashes"] == []
    await clinic.send(Form.MEETING, {**move, "do": ["move"]}, **EVENING)
    session = await clinic.session("w-evening-20261202")
    assert session.starts_at == instant_of(date(2026, 12, 5), time(20, 0), ZONE)
    moved = await clinic.form(Form.MEETING, **EVENING)
    assert (moved["when"], moved["moved"]) == ("Saturday, December 5, 8:00 PM", "Wednesday, December 2")
    await clinic.send(Form.MEETING, {"revision": [str(moved["revision"])], "do": ["back"]}, **EVENING)
    back = await clinic.session("w-evening-20261202")
    assert back.starts_at == instant_of(date(2026, 12, 2), time(18, 0), ZONE)


async def test_a_meeting_is_cancelled_with_a_reason(clinic: Clinic) -> None:
    page = await clinic.form(Form.MEETING, **EVENING)
    cancel = {"revision": [str(page["revision"])], "do": ["cancel"]}
    with pytest.raises(Refusal, match="empty_text"):
        await clinic.send(Form.MEETING, {**cancel, "reason": [" "]}, **EVENING)
    await clinic.send(Form.MEETING, {**cancel, "reason": ["Snow"]}, **EVENING)
    assert (await clinic.session("w-evening-20261202")).cancelled == "Snow"
    week = await clinic.show(Page.WEEK, day="2026-12-02")
    assert [row["cancelled"] for row in day(week, 2)["rows"]] == ["", "Snow"]


async def test_a_substitute_who_leads_something_else_is_told_of_and_asked_about(clinic: Clinic) -> None:
    both = {"series": "w-robin", "on": "2026-12-01"}
    page = await clinic.form(Form.MEETING, **both)
    cover = {"revision": [str(page["revision"])], "do": ["cover"], "away": ["p-cody"], "by": ["p-sue"]}
    assert await clinic.send(Form.MEETING, cover, **both) == "/schedule/series/w-robin/2026-12-01"
    session = await clinic.session("w-robin-20261201")
    assert [(each.person, each.role.value) for each in session.roster if not each.treated] == [("p-sue", "facilitator")]
    moved = {"series": "w-ash", "on": "2026-12-01"}
    page = await clinic.form(Form.MEETING, **moved)
    early = {"revision": [str(page["revision"])], "day": ["2026-12-01"], "starts": ["14:10"], "anyway": ["1"]}
    await clinic.send(Form.MEETING, {**early, "do": ["move"]}, **moved)
    twice = {"do": ["cover"], "away": ["p-fay"], "by": ["p-sue"], "revision": ["0"]}
    shown = await clinic.send(Form.MEETING, twice, **moved)
    assert (
        isinstance(shown, dict) and "Sue Supervisor would be in two meetings at once" in shown["preview"]["clashes"][0]
    )


async def test_a_meeting_whose_hour_has_come_stays_as_it_is(clinic: Clinic) -> None:
    clinic.clock.advance(minutes=3 * 24 * 60 + 7 * 60)
    page = await clinic.form(Form.MEETING, **EVENING)
    assert page["over"]
    with pytest.raises(Refusal, match="meeting_begun"):
        await clinic.send(Form.MEETING, {"do": ["cancel"], "reason": ["Snow"], "revision": ["1"]}, **EVENING)


async def test_a_day_that_is_no_meeting_is_not_found(clinic: Clinic) -> None:
    for on in ("2026-12-01", "soon", "0000-00-00", "9999-12-31"):
        assert (
            await clinic.timetable.form(
                Form.MEETING, {"series": "w-evening", "on": on}, {}, None, IN_ENGLISH, reader=ADA
            )
            is None
        )


# --------------------------------------------------------------------------- people


async def test_a_step_down_says_the_weekly_hours_before_and_after(clinic: Clinic) -> None:
    page = await clinic.form(Form.MEMBER, person="p-robin")
    [mine] = page["enrolments"]
    step = {
        "form": ["step"],
        "enrolment": [mine["id"]],
        "revision": [str(mine["revision"])],
        "days": ["0"],
        "since": ["2026-12-07"],
    }
    shown = await clinic.send(Form.MEMBER, {**step, "do": ["look"]}, person="p-robin")
    assert isinstance(shown, dict)
    assert shown["preview"]["told"] == [
        "Until now 9 h 50 min in 4 days a week, from then on 3 h 50 min in 2 days.",
        "9 h are asked for (Exact minutes, breaks excluded).",
        "That is 5 h 10 min below the least of a week. A week or two of it can be a step down; for longer, ask the "
        "payer, or enrol in another level of care.",
    ]
    await clinic.send(Form.MEMBER, {**step, "do": ["keep"]}, person="p-robin")
    there = [
        any(each.person == "p-robin" for each in (await clinic.session(f"w-evening-{on}")).roster)
        for on in ("20261204", "20261207", "20261209")
    ]
    assert there == [True, True, False]


async def test_a_strict_group_takes_no_one_too_many_and_a_lenient_one_says_so(clinic: Clinic) -> None:
    shelf = clinic.book.shelves.cohorts
    enrol = {
        "form": ["enrol"],
        "id": ["e-0123456789ab"],
        "cohort": ["c-evening"],
        "days": ["2"],
        "since": ["2026-12-01"],
        "do": ["keep"],
    }
    for strict in (True, False):
        held = await shelf.get(demo_week.EVENING)
        assert held is not None
        group = await clinic.form(Form.GROUP, cohort="c-evening")
        fields = {
            name: group["given"].many(name) for name in ("title", "programme", "zone", "rules", "lead", "lead_role")
        }
        small = {"cap_process": ["8"], "strict": ["1" if strict else "0"], "revision": [str(group["revision"])]}
        await clinic.send(Form.GROUP, {**fields, **small}, cohort="c-evening")
        if strict:
            with pytest.raises(Refusal) as refusal:
                await clinic.send(Form.MEMBER, enrol, person="p-gil")
            assert refusal.value.code == "cohort_full"
            assert "Process group would have 9 people, and has room for 8" in refusal.value.text
        else:
            assert await clinic.send(Form.MEMBER, enrol, person="p-gil") == "/schedule/people/p-gil"
    assert (await clinic.show(Page.GROUP, cohort="c-evening"))["full"] == [
        "Process group has 9 people, and room for 8."
    ]


async def test_a_discharge_ends_everything_opens_the_alumni_group_and_can_be_taken_back(clinic: Clinic) -> None:
    ending = {
        "form": ["discharge"],
        "id": ["e-0123456789ab"],
        "day": ["2026-12-02"],
        "ending": ["completed"],
        "aftercare": ["Sees Dr. Example on December 8."],
        "own_words": ["I can ask."],
        "alumni": ["c-alumni"],
    }
    shown = await clinic.send(Form.MEMBER, {**ending, "do": ["look"]}, person="p-robin")
    assert isinstance(shown, dict)
    first, hours = shown["preview"]["told"]
    assert first == "Evening group: the last day is December 2, 2026 at the latest."
    assert hours.startswith("Until now ")
    before = await clinic.book.shelves.enrolments.get("e-evening-robin")
    await clinic.send(Form.MEMBER, {**ending, "do": ["keep"]}, person="p-robin")
    page = await clinic.form(Form.MEMBER, person="p-robin")
    assert page["discharge"]["own_words"] == "I can ask."
    there = {
        on: [each.guest for each in (await clinic.session(on)).roster if each.person == "p-robin"]
        for on in ("w-evening-20261202", "w-evening-20261204", "w-alumni-20270105")
    }
    assert there == {"w-evening-20261202": [False], "w-evening-20261204": [], "w-alumni-20270105": [True]}
    await clinic.send(Form.MEMBER, {"form": ["take_back"]}, person="p-robin")
    after = await clinic.book.shelves.enrolments.get("e-evening-robin")
    assert before is not None and after is not None and after.value == before.value
    assert not any(each.person == "p-robin" for each in (await clinic.session("w-alumni-20270105")).roster)
    assert (await clinic.form(Form.MEMBER, person="p-robin"))["discharge"] is None
    with pytest.raises(Refusal, match="nothing_to_undo"):
        await clinic.send(Form.MEMBER, {"form": ["take_back"]}, person="p-robin")


# --------------------------------------------------------------------------- plans, programmes, terms, substitutes


async def test_parts_of_a_plan_are_moved_taken_out_and_added_up(clinic: Clinic) -> None:
    page = await clinic.form(Form.PLAN, plan="teen-short")
    assert (page["totals"], len(page["rows"])) == ({"clock": "2 h 10 min", "net": "2 h"}, 7)
    names = ("title", "track", "part_id", "part_kind", "part_title", "part_minutes", "part_card", "part_place")
    fields: dict[str, list[str]] = {name: page["given"].many(name) for name in names}

    async def titles(**changed: list[str]) -> list[str]:
        shown = await clinic.send(Form.PLAN, {**fields, **changed}, plan="teen-short")
        assert isinstance(shown, dict)
        return [row["title"] for row in shown["rows"] if row["title"]]

    usual = ["Check-in", "Skills", "Break", "Talking together", "Wrap-up"]
    assert await titles(do=["look"]) == usual
    assert await titles(do=["up-3"]) == ["Check-in", "Skills", "Talking together", "Break", "Wrap-up"]
    assert await titles(do=["down-0"]) == ["Skills", "Check-in", "Break", "Talking together", "Wrap-up"]
    assert await titles(do=["out-2"]) == ["Check-in", "Skills", "Talking together", "Wrap-up"]
    assert await titles(do=["up-0"]) == await titles(do=["down-4"]) == await titles(do=["out-99"]) == usual
    assert await titles(do=["look"], part_place=["4", "2", "3", "4", "5"]) == [
        *("Skills", "Break", "Talking together", "Check-in", "Wrap-up")
    ]


async def test_a_changed_plan_is_a_new_version_with_the_same_parts_ids(clinic: Clinic) -> None:
    page = await clinic.form(Form.PLAN, plan="teen-short")
    names = ("title", "track", "part_id", "part_kind", "part_title", "part_minutes", "part_card", "part_place")
    fields: dict[str, list[str]] = {name: page["given"].many(name) for name in names} | {"revision": ["0"]}
    fields["part_minutes"] = ["25", *fields["part_minutes"][1:]]
    assert await clinic.send(Form.PLAN, {**fields, "do": ["keep"]}, plan="teen-short") == "/schedule/plans"
    new = clinic.catalog.plans["teen-short@1"]
    assert [part.id for part in new.segments] == [part.id for part in clinic.catalog.plans["teen-short"].segments]
    assert (await clinic.session("w-teens-20261130")).plan_id == "teen-short@1"
    copy = {**fields, "title": ["Teen short group"], "do": ["keep"]}
    assert await clinic.send(Form.PLAN, copy) == "/schedule/plans"
    assert "teen-short-group@1" in clinic.catalog.plans


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("part_minutes", "0", "bad_number"),
        ("part_minutes", "9999", "bad_number"),
        ("part_minutes", "ten", "bad_number"),
        ("part_minutes", "", "bad_number"),
        ("part_title", "", "empty_text"),
        ("part_kind", "party", "bad_choice"),
        ("part_card", "x" * 3_000, "too_long"),
        ("title", "", "empty_text"),
        ("track", "dog", "bad_choice"),
    ],
)
async def test_plans_that_cannot_be_are_refused_in_words(clinic: Clinic, name: str, value: str, code: str) -> None:
    page = await clinic.form(Form.PLAN, plan="teen-short")
    names = ("title", "track", "part_id", "part_kind", "part_title", "part_minutes", "part_card", "part_place")
    fields: dict[str, list[str]] = {each: page["given"].many(each) for each in names}
    fields[name] = [value, *fields[name][1:]]
    with pytest.raises(Refusal) as refusal:
        await clinic.send(Form.PLAN, {**fields, "do": ["keep"]}, plan="teen-short")
    assert refusal.value.code == code


async def test_a_programme_that_is_changed_becomes_the_clinics_own(clinic: Clinic) -> None:
    page = await clinic.form(Form.PROGRAMME, programme="adult-iop")
    names = (
        "title",
        "track",
        "rules",
        "note_format",
        "note_due_h",
        "late",
        "early",
        "away",
        "least",
        "most",
        "answer_s",
        "consents",
        "minors",
        "travel",
        "camera",
        "adult_age",
        "opens_before",
    )
    fields = {name: page["given"].many(name) for name in names} | {"revision": ["0"], "late": ["15"], "cosign": ["1"]}
    assert await clinic.send(Form.PROGRAMME, fields, programme="adult-iop") == "/schedule/programmes"
    session = await clinic.session("w-evening-20261130")
    assert session.programme_id == "adult-iop@1" and session.rules_id == "exact-floor"
    own = clinic.catalog.programme("adult-iop@1")
    assert (own.late_after_min, own.cosign, own.prompt_every_min) == (15, True, None)
    shipped = clinic.catalog.programme("adult-iop")
    mine = replace(own, version="", late_after_min=10, cosign=False, measures=())
    assert mine == replace(shipped, version="", cosign=False, measures=())
    with pytest.raises(Refusal, match="bad_number"):
        await clinic.send(Form.PROGRAMME, {**fields, "late": ["0"]}, programme="adult-iop")


async def test_a_new_holiday_takes_its_meetings_off_and_they_come_back_without_it(clinic: Clinic) -> None:
    page = await clinic.form(Form.TERM, term="t-year")
    given = {name: page["given"].many(name) for name in ("title", "first", "last", "summer_first", "summer_last")}
    rows = {f"holiday_{name}": page["given"].many(f"holiday_{name}") for name in ("first", "last", "title")}
    longer = {
        "holiday_first": [*rows["holiday_first"], "2026-12-02", ""],
        "holiday_last": [*rows["holiday_last"], "", ""],
        "holiday_title": [*rows["holiday_title"], "Staff day", ""],
    }
    await clinic.send(Form.TERM, {**given, **longer, "revision": [str(page["revision"])]}, term="t-year")
    assert (await clinic.session("w-evening-20261202")).cancelled == "Staff day"
    await clinic.send(Form.TERM, {**given, **rows, "revision": [str(page["revision"] + 1)]}, term="t-year")
    assert (await clinic.session("w-evening-20261202")).cancelled == ""


async def test_a_cover_of_some_days_says_which_meetings_it_is_about_and_can_be_taken_back(clinic: Clinic) -> None:
    cover = {
        "id": ["v-0a1b2c3d"],
        "away": ["p-cody"],
        "by": ["p-sue"],
        "first": ["2026-12-01"],
        "last": ["2026-12-02"],
        "series": [""],
    }
    shown = await clinic.send(Form.COVERS, {**cover, "do": ["look"]})
    assert isinstance(shown, dict)
    assert shown["preview"]["meetings"] == [
        "Recovery group, December 1, 10:00 AM",
        "Robin with Cody, December 1, 2:00 PM",
        "After-school group, December 1, 3:30 PM",
        "After-school group, December 2, 3:30 PM",
        "Evening group, December 2, 6:00 PM",
    ]
    assert await clinic.send(Form.COVERS, {**cover, "do": ["keep"]}) == "/schedule/away"
    page = await clinic.form(Form.COVERS)
    assert [each["text"] for each in page["covers"]] == ["Sue Supervisor stands in for Cody Cofacilitator"]
    [there] = page["covers"]
    await clinic.send(Form.COVERS, {"do": ["back"], "cover": [there["id"]], "revision": [str(there["revision"])]})
    session = await clinic.session("w-robin-20261201")
    assert [each.person for each in session.roster if each.role is Role.FACILITATOR] == ["p-cody"]


async def test_facilitators_read_plans_and_change_none(clinic: Clinic) -> None:
    week = await clinic.show(Page.WEEK, reader=FAY)
    assert not week["may_plan"]
    for page in (Page.GROUPS, Page.PLANS, Page.TERMS, Page.PROGRAMMES):
        assert not (await clinic.show(page, reader=FAY))["may_plan"]


# --------------------------------------------------------------------------- rubbish

NAMES = (
    *("do", "id", "revision", "title", "kind", "cohort", "people", "relatives", "plan", "every", "days", "interval"),
    *("nths", "starts", "summer_starts", "first", "until", "term", "lead", "lead_role", "programme", "rules", "zone"),
    *("strict", "cap_process", "form", "enrolment", "since", "day", "ending", "aftercare", "alumni", "away", "by"),
    *("last", "series", "cover", "reason", "holiday_first", "holiday_last", "holiday_title", "summer_first", "track"),
    *("part_id", "part_kind", "part_title", "part_minutes", "part_card", "part_place", "note_format", "note_due_h"),
    *("late", "early", "away", "prompts", "least", "most", "answer_s", "instead", "anyway", "summer_last"),
)
VALUES = st.sampled_from(
    [
        *(
            "",
            "0",
            "1",
            "-1",
            "6",
            "7",
            "999999999",
            "keep",
            "look",
            "move",
            "cancel",
            "back",
            "cover",
            "up-1",
            "out-x",
        ),
        *("family", "group", "once", "week", "month", "2026-12-02", "2026-02-30", "0001-01-01", "9999-12-31", "16:00"),
        *("25:00", "24:00", "p-robin", "p-fay", "p-pat", "c-evening", "t-year", "adult", "adult-iop", "facilitator"),
        *("w-0a1b2c3d", "c-0a1b2c3d", "t-0a1b2c3d", "v-0a1b2c3d", "e-0123456789ab", "America/New_York", "Mars/Base"),
        *("\x00", "\ud800", "💜" * 200, "<script>", "../../etc", "exact-floor", "dap", "step", "enrol", "discharge"),
        *("completed", "e-evening-robin", "process", "10", "text", "w-evening"),
    ]
)
FORMS = st.sampled_from(
    [
        (Form.GROUP, {}),
        (Form.GROUP, {"cohort": "c-evening"}),
        (Form.SERIES, {}),
        (Form.SERIES, {"series": "w-ash"}),
        (Form.MEETING, {"series": "w-evening", "on": "2026-12-02"}),
        (Form.MEMBER, {"person": "p-robin"}),
        (Form.COVERS, {}),
        (Form.TERM, {}),
        (Form.TERM, {"term": "t-year"}),
        (Form.PLAN, {}),
        (Form.PLAN, {"plan": "adult"}),
        (Form.PROGRAMME, {}),
        (Form.PROGRAMME, {"programme": "adult-iop"}),
    ]
)


@given(form=FORMS, sent=st.dictionaries(st.sampled_from(NAMES), st.lists(VALUES, max_size=4), max_size=30))
@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_is_sent_is_kept_shown_or_refused_in_words(
    clinic: Clinic, form: tuple[Form, dict[str, str]], sent: Fields
) -> None:
    kind, ids = form
    try:
        await clinic.timetable.change(kind, ids, sent, IN_ENGLISH, by=ADA)
    except Refusal as refusal:
        assert refusal.text.strip()
        assert (
            await clinic.timetable.form(kind, ids, {}, sent, IN_ENGLISH, reader=ADA) is not None
        )  # what was typed is shown again
    except Stale:
        pass


@given(ids=st.text(max_size=69).map(lambda text: f"?{text}"))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_what_there_is_not_is_not_found(clinic: Clinic, ids: str) -> None:
    names = dict.fromkeys(("cohort", "series", "on", "person", "term", "plan", "programme"), ids)
    for page in (Page.GROUP, Page.SERIES):
        assert await clinic.timetable.show(page, names, {}, IN_ENGLISH, reader=ADA) is None
    for form in (Form.GROUP, Form.SERIES, Form.MEETING, Form.MEMBER, Form.TERM, Form.PLAN, Form.PROGRAMME):
        assert await clinic.timetable.form(form, names, {}, None, IN_ENGLISH, reader=ADA) is None
