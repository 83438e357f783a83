"""A session begins by the version of its rule set that is in force on its day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from facilitation.timebase import Instant
from server.app import opening
from server.catalog import load_catalog
from server.config import Settings
from server.store import memory
from tests.support.evening import Evening

NEW_YEAR = 1_798_779_600_000
"""Midnight in New York between 2026 and 2027."""


@pytest.mark.parametrize(("starts_at", "version"), [(NEW_YEAR - 1_000, "2026-01"), (NEW_YEAR, "2027-01")])
async def test_the_day_is_that_of_the_clinic_and_not_of_london(tmp_path: Path, starts_at: int, version: str) -> None:
    catalog = load_catalog()
    rules = catalog.rules["exact-floor"]
    old = replace(rules, effective_until=date(2026, 12, 31))
    new = replace(rules, version="2027-01", effective_from=date(2027, 1, 1))
    catalog = replace(catalog, versions={"exact-floor": (old, new)})
    store = memory.connect()
    scheduled = replace(Evening(session="s-1", starts_at=0, people=1).scheduled, starts_at=Instant(starts_at))
    await store.clinic.put_session(scheduled)
    opened = await opening(Settings(data_dir=tmp_path), store=store, catalog=catalog)(scheduled.session)
    assert opened is not None and opened.rules.version == version
