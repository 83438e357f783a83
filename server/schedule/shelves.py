"""Where the records of the schedule are kept, each kind on a shelf of its own."""

from __future__ import annotations

from facilitation.cohorts import Cohort
from facilitation.enrolment import Discharge, Enrolment
from facilitation.guardianship import Guardianship
from facilitation.makeups import MakeUp
from facilitation.plan import SessionPlan
from facilitation.programme import Programme
from facilitation.schedule import Cover, Series
from facilitation.terms import Term
from server.store.register import Register, Shelf


class Shelves:
    """By the ids that the records bear; a discharge by its person."""

    def __init__(self, register: Register) -> None:
        self.terms = Shelf(register, "term", Term, id_of=lambda term: term.id)
        self.cohorts = Shelf(register, "cohort", Cohort, id_of=lambda cohort: cohort.id)
        self.series = Shelf(register, "series", Series, id_of=lambda series: series.id)
        self.enrolments = Shelf(register, "enrolment", Enrolment, id_of=lambda enrolment: enrolment.id)
        self.covers = Shelf(register, "cover", Cover, id_of=lambda cover: cover.id)
        self.make_ups = Shelf(register, "make-up", MakeUp, id_of=lambda make_up: make_up.id)
        self.discharges = Shelf(register, "discharge", Discharge, id_of=lambda discharge: discharge.person)
        self.guardianships = Shelf(register, "guardianship", Guardianship, id_of=lambda each: each.id)
        self.plans = Shelf(register, "plan", SessionPlan, id_of=lambda plan: plan.id)
        self.programmes = Shelf(register, "programme", Programme, id_of=lambda programme: programme.id)
