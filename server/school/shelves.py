"""Where a teen's school, absences told ahead, make-ups and waiting lists are kept, each kind on a shelf of its own."""

from __future__ import annotations

from facilitation.guardianship import Guardianship
from facilitation.makeups import Invited, ToldAhead
from facilitation.placement import Placement
from facilitation.school import School
from facilitation.waiting import Waiting
from server.store.register import Register, Shelf

LATEST = "latest"
"""There is one search for everybody's weeks at a time: a newer one takes the place of the one before."""


class Shelves:
    def __init__(self, register: Register) -> None:
        self.schools = Shelf(register, "school", School, id_of=lambda school: school.person)
        self.told = Shelf(register, "told-ahead", ToldAhead, id_of=lambda told: told.id)
        self.invited = Shelf(register, "make-up-offered", Invited, id_of=lambda invited: invited.id)
        self.waiting = Shelf(register, "waiting", Waiting, id_of=lambda waiting: waiting.id)
        self.placement = Shelf(register, "placement", Placement, id_of=lambda _: LATEST, remembered=False)
        self.guardianships = Shelf(register, "guardianship", Guardianship, id_of=lambda each: each.id)
