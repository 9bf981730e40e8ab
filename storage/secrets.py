"""What may be secret in the addresses that this process was given, and text without it.

A password is looked for by what it is and not by what stands around it: a driver quotes the half of a URL that it
could not read, and no pattern knows which half. So each address is taken apart when it is given, generously, and each
part that may be secret is kept from all messages and logs from then on.
"""

import re
from urllib.parse import quote, quote_plus, unquote, unquote_plus

_STARS = "***"
_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.\-]*:/{1,}")
#: Between these a driver may cut a password that was not escaped.
_CUTS = re.compile(r"[@:/?#&;\s]+")
#: A shorter secret stands in many words; it is taken for one only where it stands alone.
_SHORT = 6
#: A shorter piece of a secret tells nothing.
_LEAST = 3
#: What begins so holds no secret: paths, and addresses that know no passwords.
_PATHS = ("/", ".", "~", "sqlite:")
#: Words of our own that a password may be made of: it is one only where it stands alone.
_COMMON = frozenset(
    ["hpo", "postgres", "postgresql", "sqlite", "worker", "study", "storage", "trial", "trials", "optuna"]
)
#: Names of what is secret in a URL's query, misspelt or not; host, port, sslmode and the like are told.
_SECRETIVE = re.compile("pas|pwd|pw|secret|token|key|cred|auth")

_secrets: set[str] = set()


def remember(address: str) -> None:
    """Keeps what may be secret in an address out of all text that goes through `without_secrets`.

    Args:
        address: A URL as the user gave it, misspelt or not; a path has nothing secret.
    """
    for secret in secrets_in(address):
        remember_secret(secret)


def remember_secret(secret: str) -> None:
    """Keeps a secret, such as a token, out of all text that goes through `without_secrets`."""
    _secrets.update(form for form in _forms(secret) if form)


def without_secrets(text: str, *, results: bool = False) -> str:
    """Returns the text with three stars for every secret that was given to this process.

    Args:
        text: Of our own, or of a driver's.
        results: Whether it is figures and commands of our own, in which a short password can only be met by accident.
    """
    for secret in sorted(_secrets, key=len, reverse=True):
        weak = len(secret) < _SHORT or secret.lower() in _COMMON
        if not weak:
            text = text.replace(secret, _STARS)
        elif not results:
            text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(secret)}(?![A-Za-z0-9])", _STARS, text)
    return text


def secrets_in(address: str) -> set[str]:
    """Returns each part of an address that may be secret, and the pieces that a driver may cut it to."""
    if address.startswith(_PATHS):
        return set()
    scheme = _SCHEME.match(address)
    rest = address[scheme.end() :] if scheme else address
    # The password may hold any character, so all that stands before the last '@' of the URL belongs to it.
    before, at, after = rest.rpartition("@")
    if at:
        user, colon, password = before.partition(":")
        is_user = scheme is not None and not address.startswith("s3:")
        found = _pieces(password if colon else "" if is_user else user)
    else:
        may_be_cut = scheme is not None and scheme.group() != "grpc://"
        found = _in_place_of_a_port(re.split(r"[/?#]", after)[0]) if may_be_cut else set()
    return found | _in_query(rest)


def _in_place_of_a_port(place: str) -> set[str]:
    """A password whose '@' was forgotten."""
    port = place.rpartition(":")[2] if ":" in place else ""
    return set() if port.isdecimal() or place.endswith("]") else _pieces(port)


def _pieces(secret: str) -> set[str]:
    pieces = {piece for piece in _CUTS.split(secret) if len(piece) >= _LEAST}
    return ({secret} | pieces) - {""}


def _in_query(text: str) -> set[str]:
    _, _, query = text.partition("?")
    pairs = (part.partition("=") for part in re.split("[&;]", query))
    return {value for name, _, value in pairs if value and _SECRETIVE.search(name.lower())}


def _forms(secret: str) -> set[str]:
    """A secret as it was given, as it is meant, and as somebody may escape it again."""
    meant = {secret, unquote(secret), unquote_plus(secret)}
    return (
        meant
        | {quote(each, safe="") for each in meant}
        | {quote_plus(each) for each in meant}
        | {repr(each)[1:-1] for each in meant}
    )
