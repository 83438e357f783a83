"""One person's session as FHIR: valid, complete, and silent about everybody else."""

from __future__ import annotations

import json
from typing import Any

from fhir.resources.R4B.bundle import Bundle
from hypothesis import given, settings
from hypothesis import strategies as st

from facilitation import commands as c
from facilitation.ids import ClinicId, PersonId
from facilitation.notes import GROUP
from facilitation.timebase import Instant
from server.fhir.bundle import bundle
from tests.support.sessions import MEMBERS, Scribe, ended_session, signed_session

SAM = PersonId("p-sam")


def made(scribe: Scribe, person: PersonId = SAM) -> dict[str, Any]:
    data = bundle(scribe.state, person, clinic=ClinicId("demo"), clinic_name="Example Clinic")
    Bundle.model_validate_json(data)
    found: dict[str, Any] = json.loads(data)
    return found


def resources(bundle: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind]


def test_a_session_is_a_virtual_encounter_of_one_person_with_minutes_that_count() -> None:
    (encounter,) = resources(made(signed_session()), "Encounter")
    assert (encounter["class"]["code"], encounter["length"]["value"], encounter["status"]) == ("VR", 19, "finished")
    assert encounter["period"] == {"start": "2026-09-21T18:00:00-04:00", "end": "2026-09-21T18:25:00-04:00"}
    assert len(encounter["participant"]) == 1


def test_who_never_came_has_a_cancelled_encounter_and_a_missed_appointment() -> None:
    told = made(signed_session(), PersonId("p-kim"))
    assert resources(told, "Encounter")[0]["status"] == "cancelled"
    assert resources(told, "Appointment")[0]["status"] == "noshow"


def test_a_document_begins_with_its_composition_and_every_reference_is_in_it() -> None:
    told = made(signed_session())
    assert told["type"] == "document"
    assert told["entry"][0]["resource"]["resourceType"] == "Composition"
    here = {entry["fullUrl"] for entry in told["entry"]}
    assert len(here) == len(told["entry"])

    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value["reference"]] if "reference" in value else []
            return own + [each for inner in value.values() for each in references(inner)]
        return [each for inner in value for each in references(inner)] if isinstance(value, list) else []

    assert set(references(told)) <= here


def test_every_resource_that_can_is_labelled_restricted() -> None:
    told = made(signed_session())
    for kind in ("Composition", "Patient", "Encounter", "Appointment"):
        for each in resources(told, kind):
            assert "R" in {label["code"] for label in each["meta"]["security"]}


def test_a_narrative_that_names_another_member_is_left_out() -> None:
    scribe = ended_session()
    scribe.at(1_561, c.EditNote(subject=GROUP, text="Noor comforted Sam.", revision=1), by="p-ada")
    scribe.sign(1_600, SAM)
    text = json.dumps(made(scribe))
    assert "Noor" not in text
    assert "names other members" in text
    assert "A calm evening." in json.dumps(made(signed_session()))


def test_a_name_of_another_member_is_covered_wherever_it_was_typed() -> None:
    scribe = ended_session()
    scribe.sign(1_600, SAM, "Was angry at noor, and said so. Goes on well.")
    scribe.at(1_700, c.AddAddendum(person=SAM, text="Noor’s mother called."), by="p-ada")
    text = json.dumps(made(scribe), ensure_ascii=False)
    assert "noor" not in text.lower()
    assert "Was angry at [another member], and said so." in text
    assert "[another member]’s mother called." in text


def test_the_minutes_are_those_that_stand_after_an_amendment() -> None:
    scribe = signed_session()
    start = scribe.state.agenda.started_at
    assert start is not None
    fix = c.CorrectAttendance(
        person=SAM, start=Instant(start), end=Instant(start + 60_000), present=False, reason="An empty chair."
    )
    before = resources(made(scribe), "Encounter")[0]["length"]["value"]
    scribe.at(1_700, fix, by="p-ada")
    scribe.at(1_701, c.AmendHours(person=SAM, reason="An empty chair."), by="p-ada")
    told = made(scribe)
    assert resources(told, "Encounter")[0]["length"]["value"] == before - 1
    titles = [section["title"] for section in resources(told, "Composition")[0]["section"]]
    assert any(title.startswith("Hours amended") for title in titles)


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=300))
def test_whatever_is_typed_is_valid_and_only_text(words: str) -> None:
    scribe = ended_session()
    scribe.sign(1_600, SAM, "Took part. " + "".join(each for each in words if each.isprintable() or each == "\n"))
    told = made(scribe)
    divs = [section["text"]["div"] for section in resources(told, "Composition")[0]["section"] if "text" in section]
    assert not any("<script" in div for div in divs)


def test_nobody_else_of_the_group_is_in_it() -> None:
    text = json.dumps(made(signed_session()))
    for other in MEMBERS:
        if other.person != SAM:
            assert other.person not in text
            assert other.name not in text
