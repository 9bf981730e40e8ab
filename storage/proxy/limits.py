"""What a call of the proxy may hold: bytes, values, and leases that can be read.

A few bytes of JSON or of a repeated field become many times as much in Python and in the database, so values are
counted before any of them is made. The numbers are far above what hpo or a script on Optuna's interface sends.
"""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from google.protobuf.message import Message
from pydantic import TypeAdapter

from storage.trials.lease import DEATHS, LEASE, TrialAttributes

#: Of one request. The longest are contracts, of some kilobytes, and notes.
MOST_BYTES = 4 * 2**20
#: Values in the JSON of one request.
MOST_VALUES = 100_000
#: Entries of repeated fields and maps; each becomes a row.
MOST_ENTRIES = 1_000
#: Unfinished trials that a client asks after at once.
MOST_IDS = 100_000
_IDS = "included_trial_ids"


class TooMuchError(ValueError):
    """A call asks for more than the proxy does."""


def read_json(data: bytes) -> Any:
    """Reads a request that is JSON.

    Raises:
        ValueError: It is none, or holds too many values.
    """
    _check_values(_values_in(data))
    return json.loads(data)


def check_message(message: Message) -> None:
    """Refuses a request of Optuna's service that asks for too much, or holds a lease that nobody could read.

    Raises:
        ValueError: With the reason.
    """
    _check_values(sum(_values_in(text.encode()) for text in _texts(message)))
    for name, entries in _entries(message):
        most = MOST_IDS if name == _IDS else MOST_ENTRIES
        if entries > most:
            raise TooMuchError(f"{entries:,} entries of {name}; the proxy takes {most:,}.")
    attributes = {key: json.loads(text) for key, text in _trial_attributes(message) if key in (LEASE, DEATHS)}
    _trial_attributes_type().validate_python(attributes)


def _values_in(data: bytes) -> int:
    """How many values JSON holds at most: each but the first stands behind one of these."""
    return 1 + sum(data.count(mark) for mark in (b"[", b"{", b","))


def _check_values(found: int) -> None:
    if found > MOST_VALUES:
        raise TooMuchError(f"{found:,} values in one call; the proxy takes {MOST_VALUES:,}.")


def _entries(message: Message) -> Iterator[tuple[str, int]]:
    for descriptor, value in message.ListFields():
        if isinstance(value, Message):
            yield from _entries(value)
        elif not isinstance(value, str | bytes | int | float):
            yield descriptor.name, len(value)


def _texts(message: Message) -> Iterator[str]:
    for _, value in message.ListFields():
        if isinstance(value, str):
            yield value
        elif isinstance(value, Message):
            yield from _texts(value)
        elif hasattr(value, "values"):  # a map, and none here holds messages
            yield from (text for text in value.values() if isinstance(text, str))


def _trial_attributes(message: Any) -> Iterator[tuple[str, str]]:
    kind = message.DESCRIPTOR.name
    if kind == "SetTrialUserAttributeRequest":
        yield message.key, message.value
    elif kind == "CreateNewTrialRequest":
        yield from message.template_trial.user_attributes.items()


@cache
def _trial_attributes_type() -> TypeAdapter[Any]:
    return TypeAdapter(TrialAttributes)
