"""A reader of pickles that admits arrays, dicts, lists, strings, numbers and booleans, and nothing else.

A pickle is a program: it may name any importable thing and call it. Here the few names that numpy's arrays need
lead to stand-ins of our own (`model.reading.stand_ins`), so a file gets hold of no class, no function and no numpy
object at all.
"""

import io

from model.errors import DataError
from model.reading.limits import BoundedUnpickler, LimitError, measure
from model.reading.stand_ins import ADMITTED_NAMES, RefusedError

_ADMITTED = "Admitted: arrays, dicts, lists, strings, numbers and booleans."
_EXPORT = (
    "It is a table of pandas. Where you trust it, write it as CSV: "
    "python -c \"import numpy, pandas; pandas.DataFrame({load}).to_csv('genes.csv', index=False)\""
)
_LOAD_NPY = "numpy.load('{origin}', allow_pickle=True).item()"
_LOAD_PICKLE = "pandas.read_pickle('{origin}')"


class _Unpickler(BoundedUnpickler):
    def find_class(self, module: str, name: str) -> object:
        """Gives the stand-in for a name; the only way by which a pickle reaches anything."""
        try:
            return ADMITTED_NAMES[module, name]
        except KeyError:
            step = _EXPORT if module.partition(".")[0] == "pandas" else ""
            raise RefusedError(f"It tries to load {module}.{name}.", step) from None


def safe_unpickle(data: bytes, origin: str, start: int = 0) -> object:
    """Reads one pickle without running anything of it.

    Args:
        data: The bytes that hold the pickle.
        origin: Where it comes from, for messages.
        start: Where in the bytes it begins.

    Returns:
        Dicts, lists, tuples, strings, bytes, numbers, booleans, None, and `PickledArray` for arrays.

    Raises:
        DataError: It names anything else (the name is in the message), or is damaged.
    """
    try:
        # A BytesIO shares the bytes that it is made of.
        stream = io.BytesIO(data)
        stream.seek(start)
        content: object = _Unpickler(stream, encoding="latin-1").load()
        measure(content)
        return content
    except LimitError as error:
        raise DataError(f"{origin} is refused. {error}", "Write genes and labels as CSV, and give that.") from error
    except RefusedError as error:
        step = error.step.replace("{load}", _LOAD_NPY if start else _LOAD_PICKLE).replace("{origin}", origin)
        raise DataError(f"{origin} is refused. {error} {_ADMITTED} Nothing of it was run.", step) from error
    except Exception as error:  # a damaged pickle may raise anything
        raise DataError(f"{origin} is damaged: {str(error)[:200]}.", "Copy or write it again.") from error
