"""What stands before every page: security headers, same-origin checks, limits of size and rate.

Plain ASGI middleware. None of it reads a body, a cookie or the store.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from secure import (
    ContentSecurityPolicy,
    CrossOriginOpenerPolicy,
    CrossOriginResourcePolicy,
    CustomHeader,
    PermissionsPolicy,
    ReferrerPolicy,
    Secure,
    StrictTransportSecurity,
    XContentTypeOptions,
    XFrameOptions,
)
from starlette.exceptions import HTTPException
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from server.web.site import DAY_S, Site

BODY_BYTES_MAX = 64 * 1024
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def security_headers(site: Site) -> Secure:
    """The headers of every answer: nothing inline, nothing from elsewhere, nobody may frame us."""
    policy = (
        ContentSecurityPolicy()
        .default_src("'none'")
        .script_src("'self'")
        .style_src("'self'")
        .img_src("'self'", "data:")
        .font_src("'self'")
        .connect_src("'self'")
        .media_src("'self'", "blob:")
        .worker_src("'self'")
        .manifest_src("'self'")
        .frame_ancestors("'none'")
        .base_uri("'none'")
        .form_action("'self'")
    )
    permissions = PermissionsPolicy().camera("self").microphone("self").display_capture("self").geolocation()
    return Secure(
        csp=policy,
        permissions=permissions,
        referrer=ReferrerPolicy().no_referrer(),
        coop=CrossOriginOpenerPolicy().same_origin(),
        corp=CrossOriginResourcePolicy().same_origin(),
        xcto=XContentTypeOptions().nosniff(),
        xfo=XFrameOptions().deny(),
        hsts=StrictTransportSecurity().max_age(365 * DAY_S) if site.https else None,
        custom=[CustomHeader("X-Robots-Tag", "noindex, nofollow")],
    )


def comes_from_here(connection: HTTPConnection) -> bool:
    """Whether a request's `Origin` names the host it was sent to. A missing or opaque origin does not.

    The scheme is not compared: behind a TLS proxy we may not know our own.
    """
    origin = connection.headers.get("origin", "").lower()
    host = connection.headers.get("host", "").lower()
    return host != "" and origin in (f"http://{host}", f"https://{host}")


class BodyLimits:
    """Refuses a body of more than `most` bytes (413); the addresses in `but` have a bound of their own."""

    def __init__(self, app: ASGIApp, *, most: int, but: Mapping[str, int]) -> None:
        self._usual = RequestBodyLimitMiddleware(app, max_body_size=most)
        self._own = {path: RequestBodyLimitMiddleware(app, max_body_size=bound) for path, bound in but.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._own.get(scope.get("path", ""), self._usual)(scope, receive, send)


class SameOriginOnly:
    """Refuses what another site's page sends in somebody's name (403).

    Browsers say so by `Sec-Fetch-Site` or, without TLS, by `Origin`. A request with neither comes from a program:
    it passes only if it carries no cookie, so that there is nobody's name to misuse.
    """

    def __init__(self, app: ASGIApp, refuse: Callable[[Request, HTTPException], Response]) -> None:
        self.app = app
        self.refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS or self._own(HTTPConnection(scope)):
            await self.app(scope, receive, send)
        else:
            await self.refuse(Request(scope), HTTPException(403, "foreign_origin"))(scope, receive, send)

    @staticmethod
    def _own(connection: HTTPConnection) -> bool:
        site = connection.headers.get("sec-fetch-site")
        if site is not None:
            return site in ("same-origin", "none")
        if "origin" in connection.headers:
            return comes_from_here(connection)
        return "cookie" not in connection.headers


class Throttle:
    """How often one address may ask, and how often it may be wrong.

    Kept in this process: a wrong link cannot be guessed anyway (256 bits), so what this spares is work, and a store
    that is down must not lock anybody out. A clinic behind one address opens many links at once, and one person
    trying odd links there must not lock out the others: right links pay `allow` alone.
    """

    def __init__(self, site: Site) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._asks = RateLimitItemPerMinute(site.links_per_minute)
        self._guesses = RateLimitItemPerMinute(site.guesses_per_minute)
        self._sign_ins = RateLimitItemPerMinute(site.sign_ins_per_minute)

    async def allow(self, connection: HTTPConnection) -> None:
        """Count one ask. Raises HTTPException 429."""
        await self._count(self._asks, connection)

    async def sign_in(self, connection: HTTPConnection) -> None:
        """Count one step of signing in, each of which may cost a hash or a place in the store. Raises HTTPException."""
        await self._count(self._sign_ins, connection)

    async def wrong(self, connection: HTTPConnection) -> None:
        """Count one wrong link. Raises HTTPException 429."""
        await self._count(self._guesses, connection)

    async def _count(self, limit: RateLimitItemPerMinute, connection: HTTPConnection) -> None:
        if not await self._limiter.hit(limit, str(limit.amount), network(connection)):
            raise HTTPException(429, "too_many", headers={"Retry-After": "60"})


def network(connection: HTTPConnection) -> str:
    """The address somebody asks from: one IPv4 address, or the /64 that one IPv6 customer has."""
    host = connection.client.host if connection.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))
    return str(address)
