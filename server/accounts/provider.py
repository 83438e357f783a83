"""The clinic's own OpenID Connect provider, for staff: authlib asks it and checks its answer.

The code flow with PKCE and a nonce. It answers for the second factor: connect only one that asks for one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import structlog
from authlib.integrations.starlette_client import OAuth
from starlette.requests import Request
from starlette.responses import Response

from facilitation.errors import Refusal
from server.web.signin import Told

log = structlog.get_logger(__name__)

CLAIM_CHARS_MAX: Final = 254


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """`name`: as the button says it."""

    issuer: str
    client_id: str
    client_secret: str
    name: str


class Provider:
    """Every method may raise Refusal 'no_provider': it does not answer, or its answer does not hold."""

    def __init__(self, settings: ProviderSettings) -> None:
        self.name = settings.name
        self._issuer = settings.issuer.rstrip("/")
        self._client: Any = OAuth().register(
            name="provider",
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            server_metadata_url=f"{self._issuer}/.well-known/openid-configuration",
            client_kwargs={"scope": "openid email", "code_challenge_method": "S256", "timeout": 10},
        )

    async def begin(self, request: Request, back: str) -> Response:
        """Send a browser there. `back`: where it comes back to."""
        try:
            response: Response = await self._client.authorize_redirect(request, back)
        except Exception as error:  # whatever the network and its libraries raise: there is another way in
            raise _silent(error) from error
        return response

    async def finish(self, request: Request) -> Told:
        """Who it says that is. Refuses 'not_known' too: an address that it has not checked is nobody's."""
        try:
            token = await self._client.authorize_access_token(request)
            claims = token["userinfo"]
            issuer, subject, email = claims["iss"], claims["sub"], claims.get("email", "")
            checked = claims.get("email_verified") is True
        except Exception as error:
            raise _silent(error) from error
        if issuer.rstrip("/") != self._issuer or not checked or len(subject) > CLAIM_CHARS_MAX:
            raise Refusal("not_known", "The clinic has no account for you yet. Ask for an invitation.")
        return Told(single=f"{self._issuer} {subject}", email=email[:CLAIM_CHARS_MAX])


def _silent(error: Exception) -> Refusal:
    log.warning("the provider did not answer as it should", error=type(error).__name__)
    return Refusal("no_provider", "The clinic’s own sign-in did not answer. Please try again, or use another way.")
