"""Who may come in to the dashboard, which has neither log-in nor checks of its own.

A page of another site can make a browser send requests to this machine, and with a name that it rebinds to this
machine's address even read the answers. So the Host header must name us, and the Origin header the same as Host.
"""

import hmac
import ipaddress
import re
import socket
from dataclasses import dataclass
from wsgiref.types import WSGIEnvironment

#: Of a request's body; uploads of artifacts come as base64 within JSON.
MAX_BODY_BYTES = 32 * 2**20
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_AUTHORITY = re.compile(r"(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+))(?::\d{1,5})?")
_LOOKING = ("GET", "HEAD", "OPTIONS")


class Refused(Exception):  # noqa: N818 - an answer, not an error
    """A request that is not let in; the visitor reads why."""

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class Admission:
    """Who is let in, and to what."""

    #: The address that the server listens on.
    host: str
    #: Further names, such as that of a proxy in front.
    allowed_hosts: tuple[str, ...] = ()
    #: What visitors must show; None where everyone who comes to the right name is let in.
    token: str | None = None
    #: Refuses every request that changes something.
    read_only: bool = False

    def check(self, environ: WSGIEnvironment) -> None:
        """Refuses whoever must not come in.

        Raises:
            Refused: With the reason.
        """
        if not environ["PATH_INFO"].isascii():
            raise Refused("400 Bad Request", "Paths here are ASCII.")
        self._check_host(environ.get("HTTP_HOST", ""))
        self._check_origin(environ.get("HTTP_ORIGIN"), environ["HTTP_HOST"])
        if self.token is not None and not self._shows_token(environ):
            raise Refused(
                "403 Forbidden", "This dashboard asks for its token: open the link with ?token= that it printed."
            )
        if self.read_only and environ["REQUEST_METHOD"] not in _LOOKING:
            raise Refused("403 Forbidden", "This dashboard was started with --read-only: nothing can be changed here.")
        _check_body(environ)

    def knows(self, token: str) -> bool:
        """Says whether that is the token; takes the same time for all that are wrong."""
        return self.token is not None and hmac.compare_digest(token.encode(), self.token.encode())

    def _check_host(self, authority: str) -> None:
        name = host_name(authority)
        if name is None or not self._is_ours(name):
            named = sorted({self.host, *self.allowed_hosts, *_LOOPBACK_NAMES})
            raise Refused(
                "403 Forbidden",
                f"This dashboard is not called {authority[:200]!r}; it answers to {', '.join(named)}. If that is its "
                "name, start it with --allow-host NAME.",
            )

    def _is_ours(self, name: str) -> bool:
        if name in _LOOPBACK_NAMES or name in {_bare(one) for one in (self.host, *self.allowed_hosts)}:
            return True
        # Bound to all addresses. A name can be rebound by who owns it; a numeric address and this machine's name not.
        return self.host in ("0.0.0.0", "::", "") and (_is_address(name) or name == socket.gethostname().lower())  # noqa: S104 - asked, not bound

    def _check_origin(self, origin: str | None, authority: str) -> None:
        if origin is None:
            return
        own = origin.partition("://")[2]
        # A proxy may send its own Host on; the visitor's origin is then the proxy's name.
        if own.lower() != authority.lower() and host_name(own) not in {_bare(one) for one in self.allowed_hosts}:
            raise Refused(
                "403 Forbidden",
                f"A page of {origin[:200]!r} may not use this dashboard. If that is its name behind a proxy, start it "
                "with --allow-host NAME.",
            )

    def _shows_token(self, environ: WSGIEnvironment) -> bool:
        scheme, _, shown = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        return (scheme.lower() == "bearer" and self.knows(shown)) or self.knows(_cookie(environ))


def _bare(name: str) -> str:
    """Returns a name as visitors' headers are compared with it, whatever port or dot the user wrote behind it."""
    return host_name(name.rstrip(".")) or name.lower()


def host_name(authority: str) -> str | None:
    """Returns the lower-case name or address in a Host header, without port; None where it is none."""
    parts = _AUTHORITY.fullmatch(authority)
    return (parts[1] or parts[2]).lower().rstrip(".") if parts else None


def is_loopback(host: str) -> bool:
    """Says whether only this machine can reach a server that listens there."""
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def cookie_name(environ: WSGIEnvironment) -> str:
    """Cookies are shared by all ports of a machine; two dashboards must not forget each other."""
    return f"hpo-dashboard-{environ['SERVER_PORT']}"


def _cookie(environ: WSGIEnvironment) -> str:
    pairs = (part.strip().partition("=") for part in environ.get("HTTP_COOKIE", "").split(";"))
    return next((value for name, _, value in pairs if name == cookie_name(environ)), "")


def _check_body(environ: WSGIEnvironment) -> None:
    length = environ.get("CONTENT_LENGTH") or "0"
    if "HTTP_TRANSFER_ENCODING" in environ or not (length.isascii() and length.isdigit()):
        raise Refused("411 Length Required", "A request with a body must tell its length in Content-Length.")
    if len(length) > 12 or int(length) > MAX_BODY_BYTES:
        raise Refused("413 Content Too Large", f"A request has {MAX_BODY_BYTES} bytes at most, this one {length[:20]}.")
