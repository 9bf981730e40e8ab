"""The options of the commands as keywords: the same words, with underscores, the same values and the same defaults."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

from hpo.choices import Objective, Original, Prefer, Pruner, Sampler, Start
from hpo.errors import UsageError
from model.alphabet import AlphabetOrAuto
from model.choices import (
    Duplicates,
    Engine,
    Gaps,
    InnerStops,
    Intermediate,
    LabelMeaning,
    Missing,
    OddLetters,
    Precision,
)

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Group = TypeVar("Group", bound="DataclassInstance")


class ReadingOptions(TypedDict, total=False):
    """How a file of genes is read: `hpo create-study --help` says more of each."""

    alphabet: AlphabetOrAuto
    sequence_column: str
    label_column: str
    id_column: str
    labels: str | Path
    where: Mapping[str, str]
    intermediate: Intermediate
    genetic_code: int
    gaps: Gaps
    odd_letters: OddLetters
    inner_stops: InnerStops
    missing: Missing
    longest: int
    memory: int  #: bytes


class StudyOptions(ReadingOptions, total=False):
    """What a study is made with, beside its data, its name and its budget."""

    label_words: Mapping[str, LabelMeaning]
    resistant_from: float
    header_labels: bool
    folds: int
    test_size: float
    seed: int
    duplicates: Duplicates
    space: str | Path
    original: Original
    enqueue: str | Path
    warm_start: str
    start: Start
    patience_trials: int
    objective: Objective
    sampler: Sampler
    startup_trials: int
    pruner: Pruner
    max_epochs: int
    patience: int
    engine: Engine
    precision: Precision
    lease_timeout: float
    retries: int


class AnswerOptions(TypedDict, total=False):
    """Which model is the answer."""

    prefer: Prefer
    ensemble: int


#: Of the commands, by their names there.
_ELSEWHERE = {"where": "conditions"}
_PATHS = ("labels", "space", "enqueue")


def as_commands_take_them(options: Mapping[str, Any]) -> dict[str, Any]:
    """Returns keywords as the fields of the commands' options.

    Args:
        options: Of the classes above.
    """
    values = dict(options)
    if "where" in values:
        values["where"] = [f"{column}={value}" for column, value in values["where"].items()]
    if "label_words" in values:
        values["label_words"] = ",".join(f"{word}={meaning}" for word, meaning in values["label_words"].items())
    values |= {name: Path(values[name]) for name in _PATHS if values.get(name) is not None}
    return {_ELSEWHERE.get(name, name): value for name, value in values.items()}


def group(kind: type[Group], values: dict[str, Any], **given: Any) -> Group:
    """Takes a group of options out of `values`.

    Args:
        kind: A dataclass of the command line.
        values: From `as_commands_take_them`; what the group holds is removed.
        given: Of the group, from elsewhere.
    """
    own = {field.name: values.pop(field.name) for field in fields(kind) if field.name in values}
    return kind(**given, **own)


def check_all_taken(values: Mapping[str, Any], function: str) -> None:
    """Refuses options that no group took.

    Raises:
        UsageError: Names them.
    """
    if values:
        unknown = ", ".join(sorted(values))
        raise UsageError(f"hpo.{function} takes no option called {unknown}.", f"help(hpo.{function}) names all.")
