"""A model's origin as JSON, and back: what is read is untrusted, so each value is checked."""

import base64
import binascii
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.alphabet import AMBIGUOUS, CLEAR, GAP, Alphabet
from model.encoding import Encoding, is_mutation
from model.origin import Answers, Origin
from model.seen import Seen
from model.seen.words import possible

_LONGEST_NAME = 200
_MOST = 2**40
_SEEN = {"letters", "shortest", "longest", "mutations", "strangest", "words"}


def origin_as_dict(origin: Origin) -> dict[str, Any]:
    """Returns values for JSON."""
    seen, answers = origin.seen, origin.answers
    return {
        "seen": None if seen is None else {**vars(seen), "words": _packed(seen.words)},
        "columns": dict(origin.columns),
        "answers": None if answers is None else {"resistant": answers.resistant, "susceptible": answers.susceptible},
    }


def read_origin(document: object, alphabet: Alphabet, encoding: Encoding) -> Origin:
    """Reads what `origin_as_dict` has made.

    Args:
        document: From JSON.
        alphabet: Of the model.
        encoding: Of the model, which says what its genes are measured by.

    Raises:
        ValueError: It is something else; says what.
    """
    if not isinstance(document, dict) or set(document) != {"seen", "columns", "answers"}:
        raise ValueError("origin is not seen, columns and answers")
    columns = document["columns"]
    if not isinstance(columns, dict) or not set(columns) <= {"sequence", "id"} or not _are_names(columns.values()):
        raise ValueError("origin.columns is not names of a sequence and an id column")
    return Origin(
        seen=None if document["seen"] is None else _read_seen(document["seen"], alphabet, encoding),
        columns=columns,
        answers=None if document["answers"] is None else _read_answers(document["answers"]),
    )


def _read_answers(document: object) -> Answers:
    if not isinstance(document, dict) or set(document) != {"resistant", "susceptible"}:
        raise ValueError("origin.answers is not a word for resistant and one for susceptible")
    if not _are_names(document.values()):
        raise ValueError("origin.answers has a word that is none")
    return Answers(**document)


def _read_seen(document: object, alphabet: Alphabet, encoding: Encoding) -> Seen:
    if not isinstance(document, dict) or set(document) != _SEEN:
        raise ValueError(f"origin.seen does not have {sorted(_SEEN)}")
    letters, shortest, longest = document["letters"], document["shortest"], document["longest"]
    if not isinstance(letters, str) or not set(letters) <= set(CLEAR[alphabet] + AMBIGUOUS[alphabet] + GAP):
        raise ValueError(f"origin.seen.letters are not letters of {alphabet}")
    if not _is_count(shortest) or not _is_count(longest) or shortest > longest:
        raise ValueError("origin.seen.shortest and longest are not lengths")
    strangest, mutations = document["strangest"], document["mutations"]
    if type(strangest) is not float or not 0 <= strangest <= 1:
        raise ValueError("origin.seen.strangest is not a share")
    if not _is_count(mutations) if is_mutation(encoding) else mutations is not None:
        raise ValueError(f"origin.seen.mutations is not what a model of encoding {encoding} has")
    return Seen(letters, shortest, longest, strangest, _unpacked(document["words"], alphabet), mutations)


def _packed(words: NDArray[np.bool_]) -> str:
    return base64.b64encode(np.packbits(words).tobytes()).decode("ascii")


def _unpacked(text: object, alphabet: Alphabet) -> NDArray[np.bool_]:
    count = possible(alphabet)
    try:
        bits = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (ValueError, binascii.Error) as error:
        raise ValueError("origin.seen.words is not base64") from error
    if len(bits) != -(-count // 8):
        raise ValueError("origin.seen.words does not have a bit for each word")
    return np.unpackbits(np.frombuffer(bits, np.uint8))[:count].astype(np.bool_)


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value <= _MOST


def _are_names(values: Any) -> bool:
    return all(isinstance(value, str) and len(value) <= _LONGEST_NAME for value in values)
