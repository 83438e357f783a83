"""One person's session as a FHIR R4 document: a pure function of the session's log, validated before it is given.

One encounter a person: a shared one would reveal who else was there. Of the others only their number stands here;
where a text of this person's names one of them, the name is covered, and a group's narrative that does so is left out.
The minutes are those that stand in the ledger: as signed, or as amended last. The models are those of R4B, which
differs from R4 in nothing that is used here. Ids follow from the session and the person, so that the same record gives
the same bytes.
"""

from __future__ import annotations

import base64
import html
import re
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, cast

from fhir.resources.R4B.bundle import Bundle

from facilitation.disclosures import PART_2_NOTICE
from facilitation.facts import zone_of
from facilitation.forms import Answer, Form
from facilitation.ids import ClinicId, PersonId
from facilitation.state import RoomState
from facilitation.timebase import Instant

_NAMESPACE: Final = uuid.UUID("6d9f5a53-4b0e-5c0e-9a55-6d696c696575")
_LOINC: Final = "http://loinc.org"
_ACT: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_LABELS: Final = (
    {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R", "display": "restricted"},
    {"system": _ACT, "code": "NODSCLCD", "display": "no disclosure without consent directive"},
)
_PART_2: Final = {"system": _ACT, "code": "42CFRPart2", "display": "42 CFR Part 2"}


def bundle(state: RoomState, person: PersonId, *, clinic: ClinicId, clinic_name: str) -> bytes:
    """A document bundle of JSON in UTF-8: composition, patient, encounter, appointment, goals, answers, provenance.

    Raises KeyError: no note of this person is signed. Raises ValueError if FHIR's own rules are not kept: our bug.
    """
    made = _Maker(state, person, clinic, clinic_name).bundle()
    return Bundle.model_validate(made).model_dump_json(exclude_none=True, indent=1).encode()


class _Maker:
    def __init__(self, state: RoomState, person: PersonId, clinic: ClinicId, clinic_name: str) -> None:
        assert state.session is not None
        self.state = state
        self.session = state.session
        self.person = person
        self.clinic = clinic
        self.clinic_name = clinic_name
        self.signed = state.notes.signed[person]
        self.content = cast(Mapping[str, Any], self.signed.content)
        self.amendments = state.corrections.amendments(person)
        self.figures: Mapping[str, Any] = self.content["figures"]
        for posted in self.amendments:
            self.figures = cast(Mapping[str, Any], posted.content.get("figures", self.figures))
        self.others = _names(
            (seat.name for seat in state.seats.participants if seat.person != person), self.content["person"]["name"]
        )
        self.zone = zone_of(self.session.zone)
        programme: Mapping[str, Any] = self.content.get("programme") or {}
        labels = [*_LABELS, *([_PART_2] if programme.get("part2") else [])]
        self.meta = {"security": labels}
        self.notice = PART_2_NOTICE if programme.get("part2") else ""

    @property
    def attended(self) -> bool:
        return self.figures.get("first") is not None

    def discreet(self, text: str) -> str:
        """`text` with the names of others covered."""
        return self.others.sub("[another member]", text) if self.others else text

    # ------------------------------------------------------------------ references and times

    def id(self, *what: str) -> str:
        """A name for ever: of this clinic, session and person. Nobody can tell the person by it."""
        return str(uuid.uuid5(_NAMESPACE, "\n".join((self.clinic, self.session.session, self.person, *what))))

    def patient_id(self) -> str:
        return str(uuid.uuid5(_NAMESPACE, f"{self.clinic}\n{self.person}"))

    def staff_id(self, person: str) -> str:
        return str(uuid.uuid5(_NAMESPACE, f"{self.clinic}\nstaff\n{person}"))

    def time(self, at: Instant | int) -> str:
        return datetime.fromtimestamp(at // 1_000, UTC).astimezone(self.zone).isoformat()

    def ref(self, id: str) -> dict[str, str]:
        return {"reference": f"urn:uuid:{id}"}

    # ------------------------------------------------------------------ the whole

    def bundle(self) -> dict[str, Any]:
        resources = [
            self.composition(),
            self.patient(),
            self.organization(),
            *self.practitioners(),
            self.appointment(),
            self.encounter(),
            *self.goals(),
            self.care_plan(),
            *self.answers(),
            self.provenance(),
            self.audit_event(),
        ]
        return {
            "resourceType": "Bundle",
            "id": self.id("bundle"),
            "meta": self.meta,
            "type": "document",
            "identifier": {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{self.id('bundle')}"},
            "timestamp": self.time(self.signed.at),
            "entry": [{"fullUrl": f"urn:uuid:{each['id']}", "resource": each} for each in resources if each],
        }

    def patient(self) -> dict[str, Any]:
        return {
            "resourceType": "Patient",
            "id": self.patient_id(),
            "meta": self.meta,
            "identifier": [{"system": f"urn:milieu:{self.clinic}:person", "value": self.person}],
            "name": [{"use": "usual", "text": self.content["person"]["name"]}],
        }

    def organization(self) -> dict[str, Any]:
        return {"resourceType": "Organization", "id": self.id("clinic"), "name": self.clinic_name}

    def practitioners(self) -> list[dict[str, Any]]:
        """Who signed and, if somebody did, who co-signed."""
        names = {self.content["signed_by"]["person"]: self.content["signed_by"]["name"]}
        cosigned = self.state.notes.cosigned.get(self.person)
        if cosigned is not None and cosigned.by is not None:
            seat = self.state.seats.known(cosigned.by)
            names[cosigned.by] = cosigned.by if seat is None else seat.name
        return [
            {"resourceType": "Practitioner", "id": self.staff_id(person), "name": [{"text": name}]}
            for person, name in names.items()
        ]

    def appointment(self) -> dict[str, Any]:
        length_ms = sum(segment.planned_ms for segment in self.state.agenda.plan.segments)
        return {
            "resourceType": "Appointment",
            "id": self.id("appointment"),
            "meta": self.meta,
            "status": "fulfilled" if self.attended else "noshow",
            "description": "Group session by live video",
            "start": self.time(self.session.starts_at),
            "end": self.time(self.session.starts_at + length_ms),
            "participant": [{"actor": self.ref(self.patient_id()), "status": "accepted"}],
        }

    def encounter(self) -> dict[str, Any]:
        """Class VR: virtual. Its length is what counts; how it came about stands in the extension-free narrative."""
        figures = self.figures
        made: dict[str, Any] = {
            "resourceType": "Encounter",
            "id": self.id("encounter"),
            "meta": self.meta,
            "identifier": [{"system": f"urn:milieu:{self.clinic}:session", "value": self.session.session}],
            "status": "finished" if self.attended else "cancelled",
            "class": {"system": _ACT, "code": "VR", "display": "virtual"},
            "serviceType": {"text": f"{self.content['plan']['title']}, group by live video"},
            "subject": self.ref(self.patient_id()),
            "appointment": [self.ref(self.id("appointment"))],
            "serviceProvider": self.ref(self.id("clinic")),
            "participant": [{"individual": self.ref(self.staff_id(self.content["signed_by"]["person"]))}],
        }
        if self.attended:
            made["period"] = {"start": self.time(figures["first"]), "end": self.time(figures["last"])}
            made["length"] = {
                "value": figures["countable_min"],
                "unit": "min",
                "system": "http://unitsofmeasure.org",
                "code": "min",
            }
        return made

    def goals(self) -> list[dict[str, Any]]:
        return [
            {
                "resourceType": "Goal",
                "id": self.id("goal", goal["goal"]),
                "meta": self.meta,
                "lifecycleStatus": "active",
                "description": {"text": self.discreet(goal["text"])},
                "subject": self.ref(self.patient_id()),
            }
            for goal in self.content.get("goals", ())
        ]

    def care_plan(self) -> dict[str, Any]:
        goals = self.content.get("goals", ())
        if not goals:
            return {}
        return {
            "resourceType": "CarePlan",
            "id": self.id("plan"),
            "meta": self.meta,
            "status": "active",
            "intent": "plan",
            "title": "Goals of treatment addressed in this session",
            "subject": self.ref(self.patient_id()),
            "encounter": self.ref(self.id("encounter")),
            "goal": [self.ref(self.id("goal", goal["goal"])) for goal in goals],
        }

    def answers(self) -> list[dict[str, Any]]:
        """Check-in and check-out as they were handed in; the question's words stand with each answer."""
        found = []
        for form in self.state.checkin.forms:
            sheet = self.state.checkin.sheet(self.person, form.id)
            if sheet.submitted is not None and sheet.submitted_at is not None:
                found.append(self.response(form, sheet.submitted, sheet.submitted_at))
        return found

    def response(self, form: Form, submitted: Mapping[Any, Answer | None], at: Instant) -> dict[str, Any]:
        items = [
            {"linkId": question.id, "text": question.label, "answer": [self.value(answer)]}
            for question in form.questions
            if (answer := submitted.get(question.id)) not in (None, "")
        ]
        return {
            "resourceType": "QuestionnaireResponse",
            "id": self.id("answers", form.id),
            "meta": self.meta,
            "status": "completed",
            "subject": self.ref(self.patient_id()),
            "encounter": self.ref(self.id("encounter")),
            "authored": self.time(at),
            "source": self.ref(self.patient_id()),
            **({"item": items} if items else {}),
        }

    def value(self, answer: Any) -> dict[str, Any]:
        match answer:
            case bool():
                return {"valueBoolean": answer}
            case int():
                return {"valueInteger": answer}
            case _:
                return {"valueString": _plain(self.discreet(str(answer)))}

    # ------------------------------------------------------------------ the note

    def composition(self) -> dict[str, Any]:
        signer = self.ref(self.staff_id(self.content["signed_by"]["person"]))
        attesters: list[dict[str, Any]] = [
            {"mode": "professional", "time": self.time(self.signed.at), "party": signer},
        ]
        cosigned = self.state.notes.cosigned.get(self.person)
        if cosigned is not None and cosigned.by is not None:
            party = self.ref(self.staff_id(cosigned.by))
            attesters.append({"mode": "legal", "time": self.time(cosigned.at), "party": party})
        addenda = self.state.notes.addenda_of(self.person)
        return {
            "resourceType": "Composition",
            "id": self.id("composition"),
            "meta": self.meta,
            "identifier": {"system": f"urn:milieu:{self.clinic}:note", "value": self.signed.content_hash},
            "status": "amended" if addenda else "final",
            "type": {"coding": [{"system": _LOINC, "code": "11506-3", "display": "Progress note"}]},
            "subject": self.ref(self.patient_id()),
            "encounter": self.ref(self.id("encounter")),
            "date": self.time(self.signed.at),
            "author": [signer],
            "title": "Progress note",
            "confidentiality": "R",
            "attester": attesters,
            "custodian": self.ref(self.id("clinic")),
            "section": self.sections(),
        }

    def sections(self) -> list[dict[str, Any]]:
        facts = "\n".join(f"{each['label']}: {each['value']}" for each in self.content["facts"])
        written: Mapping[str, Any] = self.content.get("note") or {"sections": ()}
        texts = [
            ("Facts", self.discreet(facts)),
            ("The group", self.narrative()),
            ("Note", self.discreet(self.content["text"])),
            *((each["title"], self.discreet(each["text"])) for each in written["sections"]),
            *(
                (
                    f"Hours amended {self.time(each.at)}",
                    self.discreet(f"{each.figure('countable_min')} min. {each.reason}"),
                )
                for each in self.amendments
            ),
            *(
                (f"Addendum of {self.time(each.at)}", self.discreet(each.text))
                for each in self.state.notes.addenda_of(self.person)
            ),
        ]
        found = [_section(title, text) for title, text in (*texts, ("Notice", self.notice))]
        goals = [self.ref(self.id("goal", goal["goal"])) for goal in self.content.get("goals", ())]
        if goals:
            found.append({"title": "Goals addressed", "entry": [*goals, self.ref(self.id("plan"))]})
        answers = [self.ref(each["id"]) for each in self.answers()]
        if answers:
            found.append({"title": "Check-in and check-out", "entry": answers})
        return [each for each in found if each]

    def narrative(self) -> str:
        """The group's narrative, unless it names somebody else of the group."""
        text = str(self.content["group_text"])
        if self.others and self.others.search(text):
            return "Left out here: it names other members of the group."
        return text

    def provenance(self) -> dict[str, Any]:
        """The signature: over the content's fingerprint, as it stands in the clinic's log."""
        signer = self.ref(self.staff_id(self.content["signed_by"]["person"]))
        return {
            "resourceType": "Provenance",
            "id": self.id("provenance"),
            "target": [self.ref(self.id("composition"))],
            "recorded": self.time(self.signed.at),
            "agent": [{"who": signer, "onBehalfOf": self.ref(self.id("clinic"))}],
            "signature": [
                {
                    "type": [{"system": "urn:iso-astm:E1762-95:2013", "code": "1.2.840.10065.1.12.1.1"}],
                    "when": self.time(self.signed.at),
                    "who": signer,
                    "targetFormat": "application/json",
                    "sigFormat": "text/plain",
                    "data": base64.b64encode(f"SHA-256 {self.signed.content_hash}".encode()).decode(),
                }
            ],
        }

    def audit_event(self) -> dict[str, Any]:
        """That the note was signed, and on which lines of the session's log it rests."""
        first, last = self.signed.evidence
        audit = "http://terminology.hl7.org/CodeSystem/audit-event-type"
        return {
            "resourceType": "AuditEvent",
            "id": self.id("audit"),
            "type": {"system": audit, "code": "rest", "display": "RESTful Operation"},
            "action": "C",
            "recorded": self.time(self.signed.at),
            "outcome": "0",
            "outcomeDesc": f"Signed on lines {first} to {last} of the session's log",
            "agent": [{"who": self.ref(self.staff_id(self.content["signed_by"]["person"])), "requestor": True}],
            "source": {"observer": self.ref(self.id("clinic"))},
            "entity": [{"what": self.ref(self.id("composition"))}],
        }


def _section(title: str, text: str) -> dict[str, Any]:
    """Nothing for what is empty: a section must have content."""
    if not text.strip():
        return {}
    lines = "".join(f"<p>{html.escape(_plain(line), quote=False)}</p>" for line in text.split("\n") if line.strip())
    return {
        "title": title,
        "text": {"status": "additional", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{lines}</div>'},
    }


def _plain(line: str) -> str:
    """Without what XML cannot hold."""
    return "".join(char for char in line if char == "\t" or (char >= " " and not 0xD800 <= ord(char) <= 0xDFFF))


def _names(names: Iterable[str], own: str) -> re.Pattern[str] | None:
    """Finds each word of `names` that begins like a name, but for those of one's own name."""
    words = {word for name in names for word in name.split() if len(word) > 1 and not word[0].islower()}
    words -= set(own.split())
    if not words:
        return None
    longest_first = "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))
    return re.compile(rf"(?<!\w)(?:{longest_first})(?!\w)", re.IGNORECASE)
