"""Consents on their pages: who may read, sign and take back whose, and what rubbish does (nothing, and it is said)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
import pytest_asyncio

from facilitation.consents import ConsentKind
from facilitation.ids import PersonId
from facilitation.timebase import Instant
from server.clock import FakeClock
from server.door import shelves
from tests.support.clinic import ADA, ASH, FAY, ROBIN, UMA, Clinic, clinic
from tests.support.visitor import Answer, Visitor

GALE = PersonId("p-gale")
TODAY = Instant(1_796_050_000_000)
"""Some day of November 2026, on which the shipped texts are in force."""


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncIterator[Clinic]:
    async with clinic(tmp_path, FakeClock(TODAY)) as place:
        yield place


async def post(visitor: Visitor, path: str, **fields: str) -> Answer:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return await visitor.post(path, urlencode(fields).encode(), headers)


def fingerprint(place: Clinic, kind: ConsentKind) -> str:
    return next(form.fingerprint for form in place.catalog.consents if form.kind is kind)


async def signers(place: Clinic, person: PersonId) -> list[str]:
    held = await shelves.consent_files(place.store.register).get(person)
    return [] if held is None else [each.signer for each in held.value.consents if each.revoked is None]


async def test_one_reads_signs_and_takes_back_what_is_ones_own(place: Clinic) -> None:
    robin, _ = await place.begin(ROBIN)
    page = await robin.get("/consents")
    assert "Care by video" in page.text and "Not in force" in page.text
    sign = {"kind": "telehealth", "fingerprint": fingerprint(place, ConsentKind.TELEHEALTH), "name": "Robin Example"}
    assert (await post(robin, f"/consents/{ROBIN}/sign", **sign, agree="yes")).status == 303
    assert await signers(place, ROBIN) == [ROBIN]
    assert "Robin Example" in (await robin.get("/consents")).text
    assert (await post(robin, f"/consents/{ROBIN}/revoke", kind="telehealth", words="I moved")).status == 303
    assert await signers(place, ROBIN) == []
    assert "I moved" in (await robin.get("/consents")).text


async def test_whoever_reads_spanish_reads_and_signs_in_spanish(place: Clinic) -> None:
    robin, _ = await place.begin(ROBIN)
    page = await robin.get("/consents", {"Accept-Language": "es"})
    assert "Tus acuerdos" in page.text and "Tu firma: falta todavía" in page.text
    assert "Read the text" not in page.text


@pytest.mark.parametrize(
    "changed", [{"agree": ""}, {"kind": "everything"}, {"fingerprint": "0" * 64}, {"name": " "}, {"name": "x" * 5_000}]
)
async def test_what_cannot_be_signed_is_refused_in_words_and_nothing_typed_is_lost(
    place: Clinic, changed: dict[str, str]
) -> None:
    robin, _ = await place.begin(ROBIN)
    sign = {
        "kind": "telehealth",
        "fingerprint": fingerprint(place, ConsentKind.TELEHEALTH),
        "name": "Robin E. Example",
        "agree": "yes",
    }
    answer = await post(robin, f"/consents/{ROBIN}/sign", **(sign | changed))
    assert answer.status == 422
    assert 'role="alert"' in answer.text
    if changed.keys() <= {"agree", "fingerprint"}:
        assert "Robin E. Example" in answer.text
    assert await signers(place, ROBIN) == []


async def test_a_guardian_signs_for_their_teen_and_for_nobody_else(place: Clinic) -> None:
    gale, _ = await place.begin(GALE)
    assert f"/consents/{ASH}" in (await gale.get("/consents")).text
    assert (await gale.get(f"/consents/{ASH}")).status == 200
    assert (await gale.get(f"/consents/{ROBIN}")).status == 403
    sign = {"kind": "telehealth", "fingerprint": fingerprint(place, ConsentKind.TELEHEALTH), "name": "Gale"}
    assert (await post(gale, f"/consents/{ROBIN}/sign", **sign, agree="yes")).status == 403
    assert await signers(place, ROBIN) == []


async def test_staff_read_what_is_missing_and_write_down_what_was_signed_on_paper(place: Clinic) -> None:
    fay, _ = await place.begin(FAY)
    assert "Robin Example" in (await fay.get("/consents/missing")).text
    sign = {"kind": "group", "fingerprint": fingerprint(place, ConsentKind.GROUP), "name": "Robin Example"}
    assert (await post(fay, f"/consents/{ROBIN}/sign", **sign, agree="yes")).status == 422  # not in their own name
    assert (await post(fay, f"/consents/{ROBIN}/sign", **sign, agree="yes", paper_of=ROBIN)).status == 303
    assert "on paper" in (await fay.get(f"/consents/{ROBIN}")).text


async def test_an_auditor_reads_and_writes_nothing_down(place: Clinic) -> None:
    uma, _ = await place.begin(UMA)
    assert (await uma.get(f"/consents/{ROBIN}")).status == 200
    sign = {"kind": "group", "fingerprint": fingerprint(place, ConsentKind.GROUP), "name": "Robin Example"}
    assert (await post(uma, f"/consents/{ROBIN}/sign", **sign, agree="yes", paper_of=ROBIN)).status == 422
    assert await signers(place, ROBIN) == []


async def test_the_administrator_writes_a_new_version_and_what_was_signed_keeps_its_words(place: Clinic) -> None:
    ada, _ = await place.begin(ADA)
    day = "2031-01-01"
    new = {
        "kind": "telehealth",
        "title": "Care by video, anew",
        "text": "Shorter.\r\n\r\n- One\r\n- Two",
        "version": "2031-01",
        "language": "en",
        "effective_from": day,
        "lasts_days": "365",
        "asks_again": "yes",
    }
    assert (await post(ada, "/consents/texts", **new)).status == 303
    page = (await ada.get("/consents/texts")).text
    assert "Care by video, anew" in page and "Comes" in page
    assert (await post(ada, "/consents/texts", **new)).status == 422  # twice
    for wrong in (
        {"effective_from": "2020-01-01"},
        {"effective_from": "soon"},
        {"text": " "},
        {"language": "klingon"},
        {"lasts_days": "a year"},
        {"kind": "everything"},
    ):
        answer = await post(ada, "/consents/texts", **(new | {"version": "2032"} | wrong))
        assert answer.status == 422, wrong
        assert "Nothing was kept" in answer.text


async def test_licences_are_kept_by_the_administrator_and_rubbish_is_told(place: Clinic) -> None:
    ada, _ = await place.begin(ADA)
    licence = {"person": FAY, "title": "LISW", "number": "A 1", "first": "2026-01-01", "last": "", "states": "OH"}
    assert (await post(ada, "/licences/add", **licence)).status == 303
    page = (await ada.get("/licences")).text
    assert "LISW" in page and "Ohio" in page
    for wrong in ({"person": ROBIN}, {"states": "ZZ"}, {"first": "x"}, {"title": ""}, {"last": "2020-01-01"}):
        answer = await post(ada, "/licences/add", **(licence | wrong))
        assert answer.status == 422, wrong
        assert 'role="alert"' in answer.text
    kept = await shelves.licences(place.store.register).all()
    [made] = [each for each in kept if kept[each].value.title == "LISW"]
    assert (await post(ada, "/licences/end", licence=made)).status == 303
    assert (await post(ada, "/licences/end", licence="l-none")).status == 422
    ended = await shelves.licences(place.store.register).get(made)
    assert ended is not None and ended.value.last is not None


async def test_staff_share_goals_with_guardians_and_only_goals_of_that_person(place: Clinic) -> None:
    fay, _ = await place.begin(FAY)
    [goal, *_] = await place.store.notebook.goals(ASH)
    assert goal.text in (await fay.get(f"/family/{ASH}")).text
    assert "Tutores" in (await fay.get(f"/family/{ASH}", {"Accept-Language": "es"})).text
    assert (await post(fay, f"/family/{ASH}", goals=goal.goal)).status == 303
    assert [each.shared for each in await place.store.notebook.goals(ASH)].count(True) == 1
    gale, _ = await place.begin(GALE)
    assert goal.text in (await gale.get("/home")).text
    assert (await post(fay, f"/family/{ASH}", goals="g-of-nobody")).status == 422
    assert (await gale.get(f"/family/{ASH}")).status == 403


# --------------------------------------------------------------- consents that name a receiver

GIL = PersonId("p-gil")
DRAW = {
    "do": "draw",
    "receiver": "Dr. Pat Placeholder, Example Practice",
    "what": "hours",
    "purpose": "other",
    "why": "A letter for the court",
    "until": "2026-12-24",
}


async def drawn(visitor: Visitor) -> dict[str, str]:
    """The hidden fields of the one that waits for a signature."""
    page = (await visitor.get(f"/consents/{GIL}")).text
    found = re.search(r'name="release" value="(rel-\w+)"><input type="hidden" name="fingerprint" value="(\w+)"', page)
    assert found is not None
    return {"release": found[1], "fingerprint": found[2]}


async def test_one_is_drawn_up_read_signed_shown_and_taken_back(place: Clinic) -> None:
    gil, _ = await place.begin(GIL)
    assert (await post(gil, f"/consents/{GIL}/release", **DRAW)).status == 303
    page = (await gil.get(f"/consents/{GIL}")).text
    for said in (
        "Who gets it: Dr. Pat Placeholder, Example Practice",
        "What for: A letter for the court",
        "Not in force",
    ):
        assert said in page
    sign = await drawn(gil) | {"do": "sign", "name": "Gil Example"}
    assert (await post(gil, f"/consents/{GIL}/release", **sign)).status == 422  # not ticked
    assert (await post(gil, f"/consents/{GIL}/release", **sign, agree="yes")).status == 303
    assert "Gil Example</strong>" in (await gil.get(f"/consents/{GIL}")).text
    revoke = {"do": "revoke", "release": sign["release"], "words": "It is settled"}
    assert (await post(gil, f"/consents/{GIL}/release", **revoke)).status == 303
    assert "It is settled" in (await gil.get(f"/consents/{GIL}")).text
    assert (await post(gil, f"/consents/{GIL}/release", **revoke)).status == 422


async def test_staff_draw_it_up_and_only_its_person_signs_or_what_was_on_paper_is_written_down(place: Clinic) -> None:
    fay, _ = await place.begin(FAY)
    assert (await post(fay, f"/consents/{GIL}/release", **DRAW)).status == 303
    sign = await drawn(fay) | {"do": "sign", "name": "Gil Example", "agree": "yes"}
    assert (await post(fay, f"/consents/{GIL}/release", **sign)).status == 422
    assert (await post(fay, f"/consents/{GIL}/release", **sign, paper_of=GIL)).status == 303
    assert "on paper" in (await fay.get(f"/consents/{GIL}")).text
    assert (await post(fay, f"/consents/{GIL}/release", **(DRAW | {"receiver": "Nobody yet"}))).status == 303
    waiting = await drawn(fay)
    assert (await post(fay, f"/consents/{GIL}/release", do="drop", release=waiting["release"])).status == 303
    assert "Nobody yet" not in (await fay.get(f"/consents/{GIL}")).text
    uma, _ = await place.begin(UMA)
    assert (await post(uma, f"/consents/{GIL}/release", **DRAW)).status == 422
    assert "Draw one up" not in (await uma.get(f"/consents/{GIL}")).text
    robin, _ = await place.begin(ROBIN)
    assert (await post(robin, f"/consents/{GIL}/release", **DRAW)).status == 403
    assert (await post(robin, f"/consents/{ROBIN}/release", **DRAW)).status == 422  # no Part 2 record of theirs


@pytest.mark.parametrize(
    "wrong",
    [
        {"receiver": ""},
        {"receiver": "🦊" * 200},
        {"what": "\x00"},
        {"purpose": "payment"},
        {"why": ""},
        {"until": "2020-01-01"},
        {"until": "2031-01-01"},
        {"until": "soon"},
        {"do": "sign"},
        {"do": "revoke", "release": "rel-nothing"},
        {"do": "drop", "release": "\x00"},
        {"do": "<script>"},
    ],
)
async def test_rubbish_draws_nothing_up_and_gives_back_what_was_typed(place: Clinic, wrong: dict[str, str]) -> None:
    gil, _ = await place.begin(GIL)
    answer = await post(gil, f"/consents/{GIL}/release", **(DRAW | wrong))
    assert (
        answer.status == 422
        and 'role="alert"' in answer.text
        and "<script>" not in answer.text.replace("<script t", "")
    )
    if "do" not in wrong and "why" not in wrong:
        assert "A letter for the court" in answer.text
    assert "Who gets it: " not in (await gil.get(f"/consents/{GIL}")).text
