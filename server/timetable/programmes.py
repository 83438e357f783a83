"""Programmes: what the clinic agreed on for its groups. The catalog's are a beginning; a change makes one its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from facilitation.ages import ADULT_AGE, ADULT_AGES
from facilitation.errors import Refusal
from facilitation.ids import MeasureId
from facilitation.measures import EVERY_DAYS_MAX, Due, check_due
from facilitation.policy import Action
from facilitation.programme import (
    NOTE_DUE_H_MAX,
    NOTE_FORMATS,
    OPENS_BEFORE_MIN_MAX,
    PLAIN,
    POLICY_MIN_MAX,
    PROMPT_ANSWER_S_LEAST,
    PROMPT_ANSWER_S_MOST,
    PROMPT_EVERY_MIN_LEAST,
    PROMPT_EVERY_MIN_MOST,
    Programme,
    check_programme,
    policy_words,
)
from facilitation.rules import TRACKS
from facilitation.text import TITLE_MAX
from server.timetable.given import Given, free_name
from server.timetable.office import Office, Page
from server.web.auth import Visitor
from server.web.words import marked

FORMATS: Final = {"text": marked("One text"), "dap": "DAP", "birp": "BIRP", "soap": "SOAP", "girp": "GIRP"}

CONSENTS: Final = {
    "telehealth": marked("Care by video"),
    "group": marked("The group agreement"),
    "part2": marked("Sharing of Part 2 records"),
}
SIGNERS: Final = {
    "both": marked("The teen and a guardian"),
    "guardian": marked("A guardian"),
    "minor": marked("The teen alone"),
}
TRAVEL: Final = {
    "allow": marked("Let them in, and say nothing"),
    "warn": marked("Let them in, and tell the facilitators"),
    "block": marked("Do not let them in from there"),
}
CAMERA: Final = {
    "optional": marked("As everybody likes"),
    "required": marked("Asked for"),
    "off": marked("Off when they come in"),
}
USUAL: Final = {
    "note_due_h": ["72"],
    "late": ["10"],
    "early": ["10"],
    "away": ["5"],
    "consents": ["telehealth", "group"],
    "minors": ["both"],
    "travel": ["warn"],
    "camera": ["optional"],
    "adult_age": [str(ADULT_AGE)],
    "opens_before": [str(PLAIN.opens_before_min)],
}


class Programmes:
    def __init__(self, office: Office) -> None:
        self._office = office

    async def everything(self, *, reader: Visitor) -> Page:
        words = self._office.words
        schedule = await self._office.book.load()
        return {
            "programmes": [
                {
                    "title": words.of(one.title),
                    "track": one.track,
                    "rules": words.of(self._office.catalog.rules[one.rules_id].title),
                    "notes": words(
                        "{format}, due in {hours} hours", format=words(FORMATS[one.note_format]), hours=one.note_due_h
                    ),
                    "policy": [words.of(each) for each in policy_words(one, self._office.catalog.rules[one.rules_id])],
                    "groups": [each.title for each in schedule.cohorts.values() if each.programme == id],
                    "url": f"/schedule/programmes/{id}{reader.choice}",
                    "copy_url": f"/schedule/programmes/new{_join(reader.choice)}like={id}",
                }
                for id, one in self._office.programmes(schedule).items()
            ],
            "may_plan": reader.may(Action.PLAN_SCHEDULE),
        }

    async def form(self, id: str | None, given: Given | None, *, reader: Visitor, like: str = "") -> Page | None:
        words = self._office.words
        schedule = await self._office.book.load()
        every = self._office.programmes(schedule)
        before = every.get(id or like)
        if id is not None and before is None:
            return None
        if given is None:
            given = Given(_fields(before) if before else USUAL)
            if id is None and before is not None:
                given = Given({**_fields(before), "title": [words("{title} (copy)", title=before.title)]})
        return {
            "id": id or "",
            "revision": given.raw("revision") or (schedule.revisions.get(("programme", id), 0) if id else 0),
            "given": given,
            "rules": [(each.id, words.of(each.title)) for each in self._office.catalog.rules.values()],
            "formats": [(each, words(title)) for each, title in FORMATS.items()],
            "measures": self._asked(given),
            "consents": [(each, words(title)) for each, title in CONSENTS.items()],
            "signers": [(each, words(title)) for each, title in SIGNERS.items()],
            "travels": [(each, words(title)) for each, title in TRAVEL.items()],
            "cameras": [(each, words(title)) for each, title in CAMERA.items()],
            "by_state": ", ".join(sorted(before.minors_by_state)) if before else "",
            "ages": ADULT_AGES,
            "opens_max": OPENS_BEFORE_MIN_MAX,
            "back": f"/schedule/programmes{reader.choice}",
        }

    async def keep(self, id: str | None, given: Given, *, by: Visitor) -> str:
        """Raises Refusal, Stale."""
        book = self._office.book
        schedule = await book.load()
        upon = given.upon if id else 0
        title = given.text("title", "the program’s name", TITLE_MAX)
        prompts = given.on("prompts")
        before = self._office.programmes(schedule).get(id or "")
        if id is not None and before is None:
            raise Refusal("bad_choice", "There is no such program any more.")
        programme = replace(
            before or PLAIN,  # what this form does not ask stays as it was
            id=id or free_name(title, {PLAIN.id, *self._office.programmes(schedule)}),
            version=str(upon + 1),
            title=title,
            track=given.one_of("track", "for whom it is", TRACKS),
            rules_id=given.one_of("rules", "the rule set", self._office.catalog.rules),
            note_format=given.one_of("note_format", "the format of notes", NOTE_FORMATS),
            note_due_h=given.number("note_due_h", "the hours in which a note is due", 1, NOTE_DUE_H_MAX),
            cosign=given.on("cosign"),
            part2=given.on("part2"),
            late_after_min=given.number("late", "late", 1, POLICY_MIN_MAX),
            early_before_min=given.number("early", "early", 1, POLICY_MIN_MAX),
            away_after_min=given.number("away", "away", 1, POLICY_MIN_MAX),
            prompt_every_min=(
                (
                    given.number("least", "the least minutes", PROMPT_EVERY_MIN_LEAST, PROMPT_EVERY_MIN_MOST),
                    given.number("most", "the most minutes", PROMPT_EVERY_MIN_LEAST, PROMPT_EVERY_MIN_MOST),
                )
                if prompts
                else None
            ),
            prompt_answer_s=(
                given.number("answer_s", "the seconds to answer", PROMPT_ANSWER_S_LEAST, PROMPT_ANSWER_S_MOST)
                if prompts
                else 120
            ),
            measures=self._due(given),
            own_scores=given.on("own_scores"),
            consents=given.some_of("consents", "what is signed before one comes in", CONSENTS),
            minors=given.one_of("minors", "who signs for a minor", SIGNERS),
            travel=given.one_of("travel", "what happens where nobody is licensed", TRAVEL),
            camera=given.one_of("camera", "how it is with cameras", CAMERA),
            adult_age=given.number("adult_age", "the age from which on nobody signs for them", *ADULT_AGES),
            opens_before_min=given.number("opens_before", "the minutes before the start", 0, OPENS_BEFORE_MIN_MAX),
        )
        check_programme(programme)
        check_due(programme.measures, self._office.catalog.measures)
        await book.put([book.shelves.programmes.draft(programme, upon=upon)], by=by.person)
        return "/schedule/programmes"

    def _asked(self, given: Given) -> list[Page]:
        """Each measure that can be asked, with how often it is."""
        words, known = self._office.words, self._office.catalog.measures
        for_teens = {each.teens for each in known.values()}
        return [
            {
                "field": f"measure-{each.id}",
                "short": each.short if each.verbatim else words(each.short),
                "teens": known[MeasureId(each.teens)].short if each.teens else "",
                "given": given.raw(f"measure-{each.id}"),
                "licence": each.licence if each.verbatim else words(each.licence),
                "check": words(known[MeasureId(each.teens)].check if each.teens else each.check),
            }
            for each in known.values()
            if each.id not in for_teens
        ]

    def _due(self, given: Given) -> tuple[Due, ...]:
        found = []
        for id in self._office.catalog.measures:
            often = given.raw(f"measure-{id}")
            if often:
                days = given.number(f"measure-{id}", "how often it is asked", 1, EVERY_DAYS_MAX)
                found.append(Due(measure=id, every_days=days))
        return tuple(found)


def _fields(one: Programme) -> Mapping[str, list[str]]:
    least, most = one.prompt_every_min or (15, 25)
    return {
        "title": [one.title],
        "track": [one.track],
        "rules": [one.rules_id],
        "note_format": [one.note_format],
        "note_due_h": [str(one.note_due_h)],
        "cosign": ["1"] if one.cosign else [],
        "part2": ["1"] if one.part2 else [],
        "consents": list(one.consents),
        "minors": [one.minors],
        "travel": [one.travel],
        "camera": [one.camera],
        "adult_age": [str(one.adult_age)],
        "opens_before": [str(one.opens_before_min)],
        "late": [str(one.late_after_min)],
        "early": [str(one.early_before_min)],
        "away": [str(one.away_after_min)],
        "prompts": ["1"] if one.prompt_every_min else [],
        "least": [str(least)],
        "most": [str(most)],
        "answer_s": [str(one.prompt_answer_s)],
        "own_scores": ["1"] if one.own_scores else [],
        **{f"measure-{each.measure}": [str(each.every_days)] for each in one.measures},
    }


def _join(choice: str) -> str:
    return f"{choice}&" if choice else "?"
