"""What browsers may do with what the dashboard serves: its own pages work, and uploads cannot pass for them."""

Headers = list[tuple[str, str]]

#: Types that no browser runs anything of.
_INERT = frozenset(
    {"image/png", "image/jpeg", "image/gif", "image/webp", "image/x-icon", "image/vnd.microsoft.icon"}
    | {"text/plain", "text/csv", "application/json"}
)
#: Paths under which optuna-dashboard serves files of its own package; everything else may be somebody's upload.
_OWN = ("/dashboard", "/static/", "/incompatible-rdb-schema")
#: What the app allows everyone, and what is said here in its place.
_REPLACED = frozenset({"access-control-allow-origin", "x-content-type-options", "x-frame-options", "referrer-policy"})
#: The page's own policy (optuna-dashboard 0.21.0, `_app.py`) stays; browsers keep to both.
_POLICY = "frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'"
_ADDED: Headers = [
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Content-Security-Policy", _POLICY),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Referrer-Policy", "same-origin"),
]


def protected(path: str, status: str, headers: Headers) -> Headers:
    """Returns a response's headers as they may go out.

    Args:
        path: Of the request.
        status: Of the response, such as "200 OK".
        headers: As the app gave them.
    """
    kept = [(name, value) for name, value in headers if name.lower() not in _REPLACED]
    if not path.startswith(_OWN):
        kept = _made_inert(status, kept)
    return kept + _ADDED


def _made_inert(status: str, headers: Headers) -> Headers:
    """An upload is shown only as what cannot run; anything else, HTML and SVG too, is saved as a file."""
    told = {name.lower(): value for name, value in headers}.get("content-type", "")
    if not told or told.partition(";")[0].strip().lower() in _INERT:
        return headers
    others = [(name, value) for name, value in headers if name.lower() not in ("content-type", "content-disposition")]
    if not status.startswith("2"):
        return [*others, ("Content-Type", "text/plain; charset=utf-8")]
    return [*others, ("Content-Type", "application/octet-stream"), ("Content-Disposition", "attachment")]
