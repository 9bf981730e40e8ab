"""Mutations of bytes and of JSON documents. The same generator gives the same input."""

import copy
import random
from collections.abc import Sequence
from typing import Any

Spots = list[tuple[Any, Any]]

#: Numbers at which programs break, as two, four and eight bytes hold them.
_NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**40, 2**63 - 1, 2**64 - 1)
#: What a field of a document may hold instead.
_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2**31, 2**63, 2**64, -(2**63), 10**30, 10**400, 0.0, -0.5, 1e308, 1e-320),
    *(float("inf"), float("-inf"), float("nan"), "", " ", "x", "\0", "\x1b[2J", "\ud800", "NaN", "1e999", "A" * 5000),
    *(
        "../../etc/passwd",
        "=1+1",
        [],
        {},
        [[]],
        [None],
        {"": ""},
        {"x": {"x": {"x": []}}},
        [1] * 500,
        [[[[[[[[1]]]]]]]],
    ),
)
_MOST_BYTES = 300_000


def mutate_bytes(seeds: Sequence[bytes], words: Sequence[bytes], generator: random.Random) -> bytes:
    """Returns one of the seeds with one to six changes; one of two keeps its first bytes, which tell a format."""
    data = bytearray(generator.choice(seeds))
    kept = 8 if generator.random() < 0.5 else 0
    for _ in range(generator.choice((1, 1, 1, 1, 2, 3, 6))):
        change = generator.choice(_CHANGES)
        at = generator.randrange(min(kept, len(data)), len(data) + 1)
        change(data, at, generator, seeds, words)
    return bytes(data[:_MOST_BYTES])


def mutate_document(document: Any, generator: random.Random) -> Any:
    """Returns a document with one to four of its fields replaced, left out, doubled, or moved."""
    changed = copy.deepcopy(document)
    for _ in range(generator.choice((1, 1, 1, 1, 2, 4))):
        spots = _spots(changed)
        if not spots:
            return generator.choice(_VALUES)
        within, key = generator.choice(spots)
        _change(within, key, generator.choice(spots), generator)
    return generator.choice(_VALUES) if generator.random() < 0.01 else changed


def _change(within: Any, key: Any, other: tuple[Any, Any], generator: random.Random) -> None:
    kind = generator.random()
    if kind < 0.6:
        within[key] = copy.deepcopy(generator.choice(_VALUES))
    elif kind < 0.75:
        del within[key]
    elif kind < 0.9:
        within[key] = copy.deepcopy(other[0][other[1]])
    elif isinstance(within, dict):
        within[generator.choice(("", "x", "hpo:fold:1", str(key).upper(), f"{key} "))] = within[key]
    else:
        within.extend(within[:50])


def _spots(document: Any) -> Spots:
    """Finds every place in a document that holds a value."""
    spots: Spots = []
    waiting = [document]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict | list):
            keys = list(part) if isinstance(part, dict) else range(len(part))
            spots.extend((part, key) for key in keys)
            waiting.extend(part[key] for key in keys)
    return spots


def _flip(data: bytearray, at: int, generator: random.Random, *_: object) -> None:
    if at < len(data):
        data[at] ^= 1 << generator.randrange(8)


def _byte(data: bytearray, at: int, generator: random.Random, *_: object) -> None:
    data[at : at + 1] = bytes([generator.randrange(256)])


def _number(data: bytearray, at: int, generator: random.Random, *_: object) -> None:
    size = generator.choice((1, 2, 4, 8))
    number = generator.choice(_NUMBERS) % 256**size
    data[at : at + size] = number.to_bytes(size, generator.choice(("little", "big")))


def _cut(data: bytearray, at: int, generator: random.Random, *_: object) -> None:
    del data[at : at + generator.choice((1, 2, 8, 64, 4096))]


def _end(data: bytearray, at: int, *_: object) -> None:
    del data[at:]


def _repeat(data: bytearray, at: int, generator: random.Random, *_: object) -> None:
    part = data[at : at + generator.choice((1, 3, 16, 200))]
    data[at:at] = part * generator.choice((1, 2, 10, 100))


def _insert(data: bytearray, at: int, generator: random.Random, seeds: Sequence[bytes], words: Sequence[bytes]) -> None:
    data[at:at] = generator.choice(words) * generator.choice((1, 1, 1, 2, 40)) if words else b"\0"


def _replace(
    data: bytearray, at: int, generator: random.Random, seeds: Sequence[bytes], words: Sequence[bytes]
) -> None:
    word = generator.choice(words) if words else b"\xff"
    data[at : at + len(word)] = word


def _splice(data: bytearray, at: int, generator: random.Random, seeds: Sequence[bytes], *_: object) -> None:
    other = generator.choice(seeds)
    start = generator.randrange(len(other) + 1)
    data[at:] = other[start : start + _MOST_BYTES]


def _swap(data: bytearray, at: int, generator: random.Random, *_: object) -> None:
    size = generator.choice((1, 4, 30))
    other = generator.randrange(len(data) + 1)
    one, two = data[at : at + size], data[other : other + size]
    if len(one) == len(two):
        data[at : at + size], data[other : other + size] = two, one


_CHANGES = (_flip, _byte, _number, _cut, _end, _repeat, _insert, _replace, _splice, _swap)
