"""Every key of the store, in one place.

All keys of one clinic carry the same hash tag, `{clinic}`, so that they lie in one slot of a cluster and one script
may write several of them at once. An id always stands last in its key: no id can reach into another key.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_CLINIC = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one clinic."""

    clinic: str

    def __post_init__(self) -> None:
        if not _CLINIC.fullmatch(self.clinic):
            raise ValueError(f"a clinic's id is 1 to 64 letters, digits, - or _; not {self.clinic!r}")

    def _key(self, name: str) -> str:
        return f"milieu:{{{self.clinic}}}:{name}"

    # ------------------------------------------------------------------ rooms

    def log(self, session: str) -> str:
        """Stream: entry `seq-0` holds `record` (one line of JSON) and `hash` (hex, chained)."""
        return self._key(f"log:{session}")

    @property
    def logs(self) -> str:
        """Set of the sessions that have a log."""
        return self._key("logs")

    def lease(self, session: str) -> str:
        """String with a time to live: the node that runs the room."""
        return self._key(f"lease:{session}")

    def epoch(self, session: str) -> str:
        """Counter: how often the room changed hands. It fences every append and never goes away."""
        return self._key(f"epoch:{session}")

    def proofs(self, session: str) -> str:
        """Hash, while the session may need them: last proofs of life, `at` and `heard` (JSON: source → instant)."""
        return self._key(f"proofs:{session}")

    # ------------------------------------------------------------------ the clinic

    @property
    def people(self) -> str:
        """Hash: person → JSON."""
        return self._key("people")

    @property
    def people_turns(self) -> str:
        """Sorted set: people by the turn of their last change (`server/store/followed.py`)."""
        return self._key("people:turns")

    @property
    def sessions(self) -> str:
        """Hash: session → JSON."""
        return self._key("sessions")

    @property
    def sessions_turns(self) -> str:
        """Sorted set: sessions by the turn of their last change."""
        return self._key("sessions:turns")

    @property
    def schedule(self) -> str:
        """Sorted set: sessions by `starts_at`."""
        return self._key("schedule")

    # ------------------------------------------------------------------ hours

    @property
    def owed(self) -> str:
        """Hash: session → `seq` of its last signed note, while hours may still have to be posted."""
        return self._key("hours:owed")

    @property
    def cursors(self) -> str:
        """Hash: session → `seq` up to which its log was turned into hours."""
        return self._key("hours:cursors")

    @property
    def earners(self) -> str:
        """Set of the people who have hours."""
        return self._key("hours:people")

    def entries(self, person: str) -> str:
        """Stream: entry `number-0` holds `entry` (one line of JSON) and its `hash`."""
        return self._key(f"hours:entries:{person}")

    def posted(self, person: str) -> str:
        """Hash: entry id → `number digest` of what was posted under it."""
        return self._key(f"hours:posted:{person}")

    def weeks(self, person: str) -> str:
        """Hash: Monday of a week (ISO date) → countable minutes."""
        return self._key(f"hours:weeks:{person}")

    # ------------------------------------------------------------------ disclosures

    @property
    def disclosures(self) -> str:
        """Stream: entry `number-0` holds `disclosure` (one line of JSON) and its `hash`."""
        return self._key("disclosures:log")

    @property
    def disclosed(self) -> str:
        """Hash: disclosure's id → its number."""
        return self._key("disclosures:ids")

    def disclosed_about(self, person: str) -> str:
        """Sorted set: the numbers of those about one person."""
        return self._key(f"disclosures:about:{person}")

    # ------------------------------------------------------------------ audit

    @property
    def audit(self) -> str:
        """Stream: entry `number-0` holds `trace` (one line of JSON) and its `hash`."""
        return self._key("audit:log")

    @property
    def audited(self) -> str:
        """Hash: trace's id → its number."""
        return self._key("audit:ids")

    @property
    def traces(self) -> str:
        """Sorted set: the numbers of all."""
        return self._key("audit:all")

    def traces_about(self, person: str) -> str:
        """Sorted set: the numbers of those about one person's record."""
        return self._key(f"audit:about:{person}")

    def traces_by(self, person: str) -> str:
        """Sorted set: the numbers of what one person read or did."""
        return self._key(f"audit:by:{person}")

    # ------------------------------------------------------------------ the register

    def register(self, kind: str) -> str:
        """Hash: id → a record of that kind, `revision {by, at, data}`."""
        return self._key(f"register:{kind}")

    def register_turns(self, kind: str) -> str:
        """Sorted set: ids of that kind by the turn of their last change."""
        return self._key(f"register-turns:{kind}")

    def register_past(self, kind: str, id: str) -> str:
        """List: every revision of one record, the oldest first."""
        return self._key(f"register-past:{kind}:{id}")

    # ------------------------------------------------------------------ beside the sessions

    def goals(self, person: str) -> str:
        """Hash: goal → JSON."""
        return self._key(f"goals:{person}")

    def snippets(self, person: str) -> str:
        """Hash: name → text, the phrases of one of the staff."""
        return self._key(f"snippets:{person}")

    def counselling(self, author: str) -> str:
        """Hash: [session, subject] → JSON, for their author alone."""
        return self._key(f"counselling:{author}")

    def diary(self, author: str) -> str:
        """Hash: 'day DATE', 'plan SESSION' or 'card' → JSON, for their author alone."""
        return self._key(f"diary:{author}")

    def diary_shown(self, author: str) -> str:
        """Hash: session → JSON, the week that its author showed there."""
        return self._key(f"diary-shown:{author}")

    @property
    def pins(self) -> str:
        """Hash: person → Argon2 hash of their signing PIN."""
        return self._key("signing:pins")

    def misses(self, person: str) -> str:
        """Counter with a time to live: wrong PINs."""
        return self._key(f"signing:misses:{person}")

    def proof(self, name: str) -> str:
        """String with a time to live: until when a browser's proof holds."""
        return self._key(f"signing:proof:{name}")

    # ------------------------------------------------------------------ of other parts of the server

    @property
    def web_sessions(self) -> str:
        """Prefix of the browsers' cookie sessions."""
        return self._key("web:")
