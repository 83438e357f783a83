from __future__ import annotations

import pytest

from facilitation.ids import ClinicId
from server.accounts.seal import Broken, Seal

OLD, NEW = "an old key of at least thirty-two characters", "a new key of at least thirty-two characters"


def seal(*keys: str, clinic: str = "demo") -> Seal:
    return Seal(keys, clinic=ClinicId(clinic))


def test_what_was_sealed_opens_for_what_it_belongs_to() -> None:
    sealed = seal(NEW).close("a seed", about="p-robin")
    assert "a seed" not in sealed
    assert seal(NEW).open(sealed, about="p-robin") == "a seed"


def test_the_key_before_still_opens_and_the_new_one_seals() -> None:
    sealed = seal(OLD).close("a seed", about="p-robin")
    assert seal(NEW, OLD).open(sealed, about="p-robin") == "a seed"
    with pytest.raises(Broken):
        seal(NEW).open(sealed, about="p-robin")
    with pytest.raises(Broken):
        seal(OLD).open(seal(NEW, OLD).close("a seed", about="p-robin"), about="p-robin")


def test_nothing_opens_for_another_person_or_another_clinic() -> None:
    sealed = seal(NEW).close("a seed", about="p-robin")
    with pytest.raises(Broken):
        seal(NEW).open(sealed, about="p-sam")
    with pytest.raises(Broken):
        seal(NEW, clinic="other").open(sealed, about="p-robin")


@pytest.mark.parametrize("rubbish", ["", "x", "a.b.c.d.e", "....", "é" * 40, "\x00"])
def test_rubbish_does_not_open(rubbish: str) -> None:
    with pytest.raises(Broken):
        seal(NEW).open(rubbish, about="p-robin")


def test_what_was_changed_does_not_open() -> None:
    sealed = seal(NEW).close("a seed", about="p-robin")
    for at in (len(sealed) // 2, len(sealed) - 3):
        changed = sealed[:at] + ("A" if sealed[at] != "A" else "B") + sealed[at + 1 :]
        with pytest.raises(Broken):
            seal(NEW).open(changed, about="p-robin")
