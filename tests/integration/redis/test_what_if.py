"""`python -m server ledger what-if` on a real store."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from facilitation.people import Role
from server.clock import FakeClock
from server.projections.worker import HoursProjection
from server.store.clinic import Person
from server.store.connect import connect
from server.store.embedded import EmbeddedValkey
from tests.support.sessions import FIGURES, STARTED, signed_session

ROOT = Path(__file__).parents[3]
DAY = "2026-09-21"


@pytest_asyncio.fixture
async def folder() -> AsyncIterator[str]:
    """A data folder with one signed evening in it; no server runs."""
    path = Path(tempfile.mkdtemp(prefix="milieu-"))
    embedded = EmbeddedValkey(path)
    store = await connect(await embedded.start())
    for person in FIGURES:
        name = f"{person} Example"
        await store.clinic.put_person(
            Person(person=person, name=name, role=Role.PARTICIPANT, track="adult", zone="America/New_York")
        )
    epoch = await store.leases.acquire("s-1", node="n-1")
    await store.log.append("s-1", signed_session().records, epoch=epoch)
    await HoursProjection(store.log, store.ledger, FakeClock(STARTED)).catch_up()
    await store.close()
    await embedded.stop()
    yield str(path)
    shutil.rmtree(path)


async def what_if(folder: str, *words: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server", "ledger", "what-if", *words),
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("MILIEU_")}
        | {"MILIEU_DATA_DIR": folder},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert b"Traceback" not in err, err.decode()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_a_week_is_told_under_every_rule_set_or_under_one_day_by_day(folder: str) -> None:
    status, out, err = await what_if(folder, "p-sam", "--week", DAY)
    assert (status, err) == (0, "")
    assert "exact-floor" in out and "north-carolina-saiop" in out
    assert "nothing is changed by looking" in out
    status, out, _ = await what_if(folder, "p-sam", "--week", DAY, "--rules", "units-eight-minute")
    assert status == 0
    assert "Monday, September 21" in out
    assert "example, to be checked by the clinic" in out
    assert "19 min of 9 h, 8 h 41 min short: missed." in out
    assert "1 unit of 15 min." in out


async def test_programs_get_json_and_the_posted_figure_beside_it(folder: str) -> None:
    status, out, _ = await what_if(folder, "p-sam", "--week", DAY, "--json")
    told = json.loads(out)
    assert (status, told["changes"]) == (0, "nothing")
    by_id = {each["rules"]["id"]: each for each in told["what_if"]}
    assert {each["posted_min"] for each in by_id.values()} == {19}
    assert by_id["exact-floor"]["minutes"] == 19
    assert by_id["units-started"]["units"] == 2
    assert by_id["north-carolina-saiop"]["minutes"] == 0


async def test_what_does_not_exist_is_said_with_what_does(folder: str) -> None:
    status, _, err = await what_if(folder, "p-nobody")
    assert status == 1 and "There is nobody with the id p-nobody. There are: p-" in err
    status, _, err = await what_if(folder, "p-sam", "--rules", "generous")
    assert status == 1 and "There is no rule set 'generous'. There are: exact-floor, asam-2-1" in err
    status, _, err = await what_if(folder, "p-sam", "--week", "1000-01-01")
    assert status == 1 and "from the year 2000" in err
    status, _, err = await what_if(folder, "p-sam", "--week", "next")
    assert status == 2 and "does not match" in err
