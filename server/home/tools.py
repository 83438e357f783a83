"""The card `tools`: where else one can go. A page that should be found from home has a row here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from facilitation.policy import Action
from facilitation.sentences import marked
from server.home.visit import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """`needs`: what opens the page; whoever may not do that is not led to it."""

    path: str
    text: str
    needs: Action


TOOLS: Final = (
    Tool(path="/calendar", text=marked("Your calendar"), needs=Action.READ_OWN_CALENDAR),
    Tool(path="/progress", text=marked("Your progress"), needs=Action.SEE_OWN_PROGRESS),
    Tool(path="/consents", text=marked("Agreements"), needs=Action.PASS_THE_DOOR),
    Tool(path="/away", text=marked("If you can’t come"), needs=Action.TELL_OWN_AWAY),
    Tool(path="/make-ups", text=marked("Who asks for a make-up"), needs=Action.AGREE_MAKE_UPS),
    Tool(path="/waiting", text=marked("Waiting lists"), needs=Action.KEEP_WAITING_LISTS),
    Tool(path="/placement", text=marked("A week for everybody"), needs=Action.PLACE_EVERYBODY),
    Tool(path="/weeks", text=marked("This week’s hours of everybody"), needs=Action.SEE_WEEKS),
    Tool(path="/schedule", text=marked("The schedule"), needs=Action.SEE_SCHEDULE),
    Tool(path="/people", text=marked("People"), needs=Action.SEE_PEOPLE),
    Tool(path="/consents/missing", text=marked("Consents that are missing"), needs=Action.READ_CONSENTS),
    Tool(path="/licences", text=marked("Licences"), needs=Action.READ_LICENCES),
    Tool(path="/numbers", text=marked("Local emergency numbers"), needs=Action.READ_LICENCES),
    Tool(path="/clinic", text=marked("The clinic at a glance"), needs=Action.SEE_CLINIC),
    Tool(path="/measures/own", text=marked("Your answers over time"), needs=Action.READ_OWN_MEASURES),
    Tool(path="/measures", text=marked("Measures over time"), needs=Action.SEE_MEASURES),
    Tool(path="/safety", text=marked("The safety path"), needs=Action.READ_SAFETY_PATH),
    Tool(path="/skills", text=marked("The skills library"), needs=Action.READ_LIBRARY),
    Tool(path="/accounts", text=marked("Accounts and invitations"), needs=Action.SEE_ACCOUNTS),
    Tool(path="/audit", text=marked("Who read what"), needs=Action.SEE_AUDIT),
    Tool(path="/export", text=marked("Download everybody’s hours"), needs=Action.TAKE_HOURS),
    Tool(path="/start", text=marked("First steps"), needs=Action.SET_UP),
)


async def tools(visit: Visit) -> dict[str, Any]:
    me = visit.me
    links = [{"text": visit.words(each.text), "url": f"{each.path}{me.choice}"} for each in TOOLS if me.may(each.needs)]
    return {"links": links}
