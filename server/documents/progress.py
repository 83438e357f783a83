"""One's own progress as a paper to keep: the page's own figures and words, in its language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from server.documents.paper import said
from server.web.words import Words


def progress_data(told: Mapping[str, Any], words: Words, *, clinic: str) -> dict[str, Any]:
    """What progress.typ shows. `told`: the page's data."""
    leaving = told["leaving"]
    return {
        "title": words("My progress"),
        "said": said(words),
        "clinic": clinic,
        "marks": words("{name}, {day}. Mine to keep.", name=told["name"], day=told["today"]),
        "heading": words("My progress"),
        "name": told["name"],
        "sections": [
            *(_leaving(leaving, words) if leaving else ()),
            {
                "title": words("Hours"),
                "lines": [
                    words.many(
                        "{time} in {n} meeting", "{time} in {n} meetings", told["hours"]["sessions"],
                        time=told["hours"]["text"],
                    )
                ],
                "rows": [],
            },
            {
                "title": words("Skills I practiced"),
                "lines": [],
                "rows": [[skill["title"], skill["days"]] for skill in told["practice"]["skills"]],
            },
            {
                "title": words("Goals we agreed on"),
                "lines": [f"– {goal['text']}" for goal in told["goals"]],
                "rows": [],
            },
            {
                "title": words("My milestones"),
                "lines": [],
                "rows": [[each["text"], each["on"]] for each in told["milestones"]],
            },
            {
                "title": words("What I took with me"),
                "lines": [],
                "rows": [[each["text"], each["day"]] for each in told["said"]],
            },
        ],
    }  # fmt: skip


def _leaving(leaving: Mapping[str, str], words: Words) -> list[dict[str, Any]]:
    return [
        {"title": title, "lines": text.split("\n"), "rows": []}
        for title, text in (
            (words("My plan for afterwards"), leaving["aftercare"]),
            (words("What I want to keep in mind"), leaving["own_words"]),
        )
        if text
    ]
