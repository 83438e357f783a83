"""The card `tools`: where else one can go. A page that should be found from home has a row here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from facilitation.policy import Action
from facilitation.sentences import marked
from server.home.visit import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """`needs`: what opens the page; whoever may not do that is not led to it. `about`: one of ABOUT."""

    path: str
    text: str
    needs: Action
    about: str


OWN: Final = marked("Yours")
WEEK: Final = marked("The week")
PEOPLE: Final = marked("People and accounts")
CLINIC: Final = marked("The clinic")
ABOUT: Final = (OWN, WEEK, PEOPLE, CLINIC)
FEW: Final = 7
"""So many are seen at a glance; more are put in order under what they are about."""

TOOLS: Final = (
    Tool(path="/calendar", text=marked("Your calendar"), needs=Action.READ_OWN_CALENDAR, about=OWN),
    Tool(path="/progress", text=marked("Your progress"), needs=Action.SEE_OWN_PROGRESS, about=OWN),
    Tool(path="/consents", text=marked("Agreements"), needs=Action.PASS_THE_DOOR, about=OWN),
    Tool(path="/away", text=marked("If you can’t come"), needs=Action.TELL_OWN_AWAY, about=OWN),
    Tool(path="/family", text=marked("Who sees what"), needs=Action.SHARE_WITH_FAMILY, about=OWN),
    Tool(path="/measures/own", text=marked("Your answers over time"), needs=Action.READ_OWN_MEASURES, about=OWN),
    Tool(path="/schedule", text=marked("The schedule"), needs=Action.SEE_SCHEDULE, about=WEEK),
    Tool(path="/weeks", text=marked("This week’s hours of everybody"), needs=Action.SEE_WEEKS, about=WEEK),
    Tool(path="/make-ups", text=marked("Who asks for a make-up"), needs=Action.AGREE_MAKE_UPS, about=WEEK),
    Tool(path="/waiting", text=marked("Waiting lists"), needs=Action.KEEP_WAITING_LISTS, about=WEEK),
    Tool(path="/placement", text=marked("A week for everybody"), needs=Action.PLACE_EVERYBODY, about=WEEK),
    Tool(path="/people", text=marked("People"), needs=Action.SEE_PEOPLE, about=PEOPLE),
    Tool(path="/accounts", text=marked("Accounts and invitations"), needs=Action.SEE_ACCOUNTS, about=PEOPLE),
    Tool(path="/consents/missing", text=marked("Consents that are missing"), needs=Action.READ_CONSENTS, about=PEOPLE),
    Tool(path="/measures", text=marked("Measures over time"), needs=Action.SEE_MEASURES, about=PEOPLE),
    Tool(path="/clinic", text=marked("The clinic at a glance"), needs=Action.SEE_CLINIC, about=CLINIC),
    Tool(path="/licences", text=marked("Licences"), needs=Action.READ_LICENCES, about=CLINIC),
    Tool(path="/numbers", text=marked("Local emergency numbers"), needs=Action.READ_LICENCES, about=CLINIC),
    Tool(path="/safety", text=marked("The safety path"), needs=Action.READ_SAFETY_PATH, about=CLINIC),
    Tool(path="/skills", text=marked("The skills library"), needs=Action.READ_LIBRARY, about=CLINIC),
    Tool(path="/audit", text=marked("Who read what"), needs=Action.SEE_AUDIT, about=CLINIC),
    Tool(path="/export", text=marked("Download everybody’s hours"), needs=Action.TAKE_HOURS, about=CLINIC),
    Tool(path="/start", text=marked("First steps"), needs=Action.SET_UP, about=CLINIC),
)


async def tools(visit: Visit) -> dict[str, Any]:
    """In groups, or, where there are few, in one without a name."""
    me = visit.me
    allowed = [each for each in TOOLS if me.may(each.needs)]
    by_about = [(about, [each for each in allowed if each.about == about]) for about in ABOUT]
    return {
        "groups": [
            {
                "title": visit.words(title) if title else "",
                "links": [{"text": visit.words(each.text), "url": f"{each.path}{me.choice}"} for each in links],
            }
            for title, links in (by_about if len(allowed) > FEW else [("", allowed)])
            if links
        ]
    }
