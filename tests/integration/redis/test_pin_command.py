"""`python -m server pin`, run as an operator runs it, on a real store."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from facilitation.ids import ClinicId, PersonId
from facilitation.people import Role
from server.signing import SetUpCodes
from server.store.clinic import Person
from server.store.ports import Store

ROOT = Path(__file__).parents[3]
FAY = PersonId("p-fay")


async def pin(command: str, valkey_url: str, folder: Path) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server", "pin", command, FAY),
        cwd=ROOT,
        env={**os.environ, "MILIEU_REDIS_URL": valkey_url, "MILIEU_DATA_DIR": str(folder)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_a_forgotten_pin_can_be_chosen_anew(valkey_store: Store, valkey_url: str, tmp_path: Path) -> None:
    person = Person(person=FAY, name="Fay Example", role=Role.FACILITATOR, track="adult", zone="UTC")
    await valkey_store.clinic.put_person(person)
    await valkey_store.signing.choose(FAY, "a hash")
    for _ in range(6):
        await valkey_store.signing.missed(FAY)
    status, out, _ = await pin("forget", valkey_url, tmp_path)
    codes = SetUpCodes([(tmp_path / "secret").read_text()], clinic=ClinicId("demo"))
    assert (status, out) == (
        0,
        f"Done. p-fay chooses a new signing PIN at the next signature, with the code {codes.of(FAY)}.\n",
    )
    assert await pin("code", valkey_url, tmp_path) == (0, f"Set-up code of p-fay: {codes.of(FAY)}\n", "")
    assert (await valkey_store.signing.pin(FAY), await valkey_store.signing.misses(FAY)) == (None, 0)
    status, _, err = await pin("forget", valkey_url, tmp_path)
    assert (status, err) == (1, "p-fay has no signing PIN. Staff of this clinic: p-fay.\n")
