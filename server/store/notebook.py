"""What staff keep beside the sessions: goals of treatment plans, phrases of their own, counselling notes.

Counselling notes lie under their author's key and nowhere else: whoever reads one has to say whose it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec
from redis.asyncio import Redis

from facilitation.counselling import CounsellingNote
from facilitation.goals import Goal
from facilitation.ids import PersonId, SessionId
from server.rooms.ports import CorruptLog
from server.store.calls import ask, script
from server.store.keys import Keys
from server.store.together import Word

_encoder = msgspec.json.Encoder()
_goal = msgspec.json.Decoder(Goal)
_note = msgspec.json.Decoder(CounsellingNote)


def encode(thing: Goal | CounsellingNote) -> bytes:
    return _encoder.encode(thing)


def decode_goal(data: bytes) -> Goal:
    try:
        return _goal.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CorruptLog(f"a stored goal cannot be read: {error}") from error


def decode_note(data: bytes) -> CounsellingNote:
    try:
        return _note.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):  # the error might quote the text
        raise CorruptLog("a stored counselling note cannot be read") from None


def place(session: str, subject: str) -> bytes:
    """The field of an author's notes that holds the one on `subject` in `session`: no id can be taken for another."""
    return _encoder.encode([session, subject])


class RedisNotebook:
    """The port `Notebook` on a real Redis or Valkey."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._keep = script(client, "keep")

    async def put_goal(self, goal: Goal) -> None:
        data = encode(goal)
        await ask(lambda: self._client.hset(self._keys.goals(goal.person), goal.goal, data))

    async def goals(self, person: PersonId) -> list[Goal]:
        found = await ask(lambda: self._client.hvals(self._keys.goals(person)))
        return sorted((decode_goal(data) for data in found), key=lambda goal: (goal.since, goal.goal))

    async def put_snippet(self, owner: PersonId, name: str, text: str) -> None:
        await ask(lambda: self._client.hset(self._keys.snippets(owner), name, text.encode()))

    async def drop_snippet(self, owner: PersonId, name: str) -> None:
        await ask(lambda: self._client.hdel(self._keys.snippets(owner), name))

    async def snippets(self, owner: PersonId) -> dict[str, str]:
        found = await ask(lambda: self._client.hgetall(self._keys.snippets(owner)))
        try:
            return {name.decode(): text.decode() for name, text in sorted(found.items())}
        except UnicodeDecodeError as error:
            raise CorruptLog(f"the phrases of {owner} were not written by Milieu") from error

    async def keep(self, note: CounsellingNote) -> CounsellingNote:
        key, field = self._keys.counselling(note.author), place(note.session, note.subject)
        words: list[Word] = [field, note.revision - 1, encode(note)]
        match await ask(partial(self._keep, [key], words)):
            case [b"kept"]:
                return note
            case [b"stands", bytes(data)]:
                return decode_note(data)
            case answer:
                raise AssertionError(answer)

    async def counselling_notes(
        self, author: PersonId, session: SessionId, subjects: Sequence[str]
    ) -> list[CounsellingNote]:
        if not subjects:
            return []
        fields = [place(session, subject) for subject in subjects]
        found = await ask(lambda: self._client.hmget(self._keys.counselling(author), fields))
        return [decode_note(data) for data in found if data is not None]
