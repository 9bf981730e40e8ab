"""What a pickle may make of few bytes: bounded while it is loaded, and once more before it is used.

A file of a hundred bytes can hold a tuple that holds itself twice, and so on forty times: taking it for a key of a dict
hashes it in 2^40 steps, and showing it fills the memory. Of a million nested tuples the hash ends the process. So keys
are plain, sets are refused, and what is loaded is measured as if nothing in it were shared.
"""

import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar

from model.reading import memory

#: Containers within containers; the original's file has four.
DEEPEST = 20
#: Dimensions of an array, as in numpy; and its places.
MOST_DIMENSIONS = 64
_MOST_PLACES = 2**40
_REFERENCE, _OBJECT = 8, 50
_CALLS = (pickle.REDUCE, pickle.BUILD, pickle.OBJ, pickle.INST, pickle.NEWOBJ, pickle.NEWOBJ_EX)
#: What one opcode does with the reader.
Step = Callable[[Any], None]
_PLAIN_KEYS = (str, bytes, int, float, bool, type(None))
_RAISE = "twice as many with twice the --memory."


class LimitError(Exception):
    """The file would take more than is allowed; the text says of what."""


class BoundedUnpickler(pickle._Unpickler):
    """Python's own reader of pickles in Python, which lets its steps be bounded; the one in C does not."""

    dispatch: ClassVar[dict[int, Step]]
    stack: list[Any]
    read: Callable[[int], bytes]
    append: Callable[[object], None]

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._parts = 0
        self._bytes = 0
        # Each takes a hundred bytes of memory or more, and one of the file.
        self._most_parts = memory.parts_allowed()

    def count_part(self) -> None:
        """Counts a container or a mark."""
        self._parts += 1
        if self._parts > self._most_parts:
            raise LimitError(f"It has more than {self._most_parts:,} parts; {_RAISE}")

    def count_made(self) -> None:
        """Counts what a call made: a file can call again and again with the same long text."""
        self._bytes += _own_size(self.stack[-1])
        _check_size(self._bytes)

    def check_keys(self, keys: Iterable[object]) -> None:
        """Refuses keys of a dict that are not plain."""
        for key in keys:
            if not isinstance(key, _PLAIN_KEYS):
                raise LimitError(f"It has a dict with a key that is a {type(key).__name__}; keys are text or numbers.")


def measure(root: object) -> None:
    """Makes sure that what was loaded can be used: not too deep, not within itself, not too large.

    Raises:
        LimitError: It is.
    """
    sizes: dict[int, int] = {}
    path: list[tuple[object, Iterator[object]]] = []
    open_parts: set[int] = set()

    def enter(part: object) -> None:
        if id(part) in open_parts:
            raise LimitError("It has a part that holds itself.")
        if len(path) >= DEEPEST:
            raise LimitError(f"It has parts within parts, more than {DEEPEST} deep.")
        open_parts.add(id(part))
        sizes[id(part)] = _own_size(part)
        path.append((part, iter(_containers(part))))

    if _is_container(root):
        enter(root)
    while path:
        part, rest = path[-1]
        inner = next(rest, None)
        if inner is None:
            path.pop()
            open_parts.discard(id(part))
            _check_size(sizes[id(part)])
            if path:
                sizes[id(path[-1][0])] += sizes[id(part)]
        elif id(inner) in sizes and id(inner) not in open_parts:
            sizes[id(part)] += sizes[id(inner)]
            _check_size(sizes[id(part)])
        else:
            enter(inner)


def check_shape(shape: tuple[int, ...]) -> None:
    """Refuses sizes that are long to multiply.

    Raises:
        LimitError: A shape has more dimensions than numpy's, or one larger than any memory.
    """
    if len(shape) > MOST_DIMENSIONS or any(size > _MOST_PLACES for size in shape):
        raise LimitError(f"It has an array of more than {MOST_DIMENSIONS} dimensions or {_MOST_PLACES:,} places.")


def _check_size(size: int) -> None:
    if size > (most := memory.values_allowed()):
        raise LimitError(f"It would take {size:,} bytes or more once it is read; {most:,} are allowed, {_RAISE}")


def _values(part: object) -> list[object] | tuple[object, ...]:
    """Returns what a container holds; nothing for whatever is none."""
    if isinstance(part, list | tuple):
        return part
    if isinstance(part, dict):
        return [*part.keys(), *part.values()]
    values = getattr(part, "values", None)  # of an array's stand-in
    return values if isinstance(values, list) else ()


def _is_container(part: object) -> bool:
    return isinstance(part, list | tuple | dict) or isinstance(getattr(part, "values", None), list)


def _containers(part: object) -> list[object]:
    return [value for value in _values(part) if _is_container(value)]


def _own_size(part: object) -> int:
    """Bytes of a part with the texts in it, without the containers in it."""
    if isinstance(part, str | bytes | bytearray):
        return _OBJECT + len(part)
    values = _values(part)
    texts = sum(len(value) for value in values if isinstance(value, str | bytes | bytearray))
    return _OBJECT + len(values) * (_REFERENCE + _OBJECT) + texts


def _counting(step: Step) -> Step:
    def counted(reader: BoundedUnpickler) -> None:
        reader.count_part()
        step(reader)

    return counted


def _calling(step: Step) -> Step:
    def called(reader: BoundedUnpickler) -> None:
        step(reader)
        reader.count_made()

    return called


def _with_plain_keys(step: Step, keys: slice) -> Step:
    def checked(reader: BoundedUnpickler) -> None:
        reader.check_keys(reader.stack[keys])
        step(reader)

    return checked


def _refuse_set(reader: BoundedUnpickler) -> None:
    raise LimitError("It holds a set.")


def _read_byte_array(reader: BoundedUnpickler) -> None:
    """Takes the bytes that are there; the base class makes room for as many as the file says."""
    length = int.from_bytes(reader.read(8), "little")
    data = reader.read(length)
    if len(data) < length:
        raise EOFError("it ends within its bytes")
    reader.append(data)


_PARTS = (
    *(pickle.MARK, pickle.EMPTY_LIST, pickle.EMPTY_DICT, pickle.EMPTY_TUPLE, pickle.LIST, pickle.DICT),
    *(pickle.TUPLE, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3, *_CALLS),
)
#: Where on the stack a step finds the keys that it puts into a dict.
_KEYS = {pickle.SETITEM: slice(-2, -1), pickle.SETITEMS: slice(0, None, 2), pickle.DICT: slice(0, None, 2)}


def _bounded_steps(steps: Mapping[int, Step]) -> dict[int, Step]:
    bounded = dict(steps)
    for code, keys in _KEYS.items():
        bounded[code[0]] = _with_plain_keys(bounded[code[0]], keys)
    for code in _CALLS:
        bounded[code[0]] = _calling(bounded[code[0]])
    for code in _PARTS:
        bounded[code[0]] = _counting(bounded[code[0]])
    for code in (pickle.EMPTY_SET, pickle.FROZENSET, pickle.ADDITEMS):
        bounded[code[0]] = _refuse_set
    bounded[pickle.BYTEARRAY8[0]] = _read_byte_array
    return bounded


BoundedUnpickler.dispatch = _bounded_steps(pickle._Unpickler.dispatch)
