"""The contract: everything that `create-study` freezes, and that every worker must be able to keep.

It is stored as JSON in the study. Whoever opens a study reads it through `parse`, which checks every field, because
the contents of a database are input like any other: what a contract holds can be used as it is.
"""

import dataclasses
import datetime
import functools
import importlib.metadata
from collections.abc import Callable, Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from hpo.choices import LONGEST_S, MOST, OBJECTIVE, Objective, Original, Pruner, Sampler
from hpo.errors import ContractError
from hpo.search.configurations import params_of
from hpo.search.parameters import Value
from hpo.search.space import Space
from hpo.study.contract_data import Data, Frozen
from hpo.study.formats import upgraded
from hpo.study.learner_sources import learner
from model import gpu
from model.choices import Duplicates
from model.configuration import LearnerConfig, TrainingSettings
from model.encoder import Encoder
from model.encoding import is_mutation
from model.errors import DataError

#: Libraries whose version changes the numbers of a trial.
PINNED = ("numpy", "optuna", "torch")
#: Those that came into the numbers with mutations and regressions: compared where the study names them.
PINNED_SINCE = ("biopython", "scikit-learn", "scipy")
#: What decides of our own: the sources of the learner; our version, in studies that do not name them.
LEARNER, OURS = "learner", "hpo"
MAX_FOLDS, MOST_IN_A_PORTFOLIO = 1000, 100
#: Characters of a complaint that are shown: it may quote a whole document.
_SHOWN = 300


def _reader(kind: type[LearnerConfig] | type[TrainingSettings]) -> Callable[[object], object]:
    """Returns what reads a stored `kind` with the learner's own checks.

    A study made before a name came has its default: it was trained so.
    """
    defaults = {
        field.name: field.default for field in dataclasses.fields(kind) if field.default is not dataclasses.MISSING
    }

    def read(stored: object) -> object:
        if isinstance(stored, kind):
            return stored
        if not isinstance(stored, Mapping):
            raise PydanticCustomError("not_a_table", "must be names and their values")
        try:
            return kind.from_dict({**defaults, **stored})
        except DataError as error:
            raise PydanticCustomError("learner", "{reason}", {"reason": error.message}) from error

    return read


def _dated(text: str) -> str:
    datetime.datetime.fromisoformat(text)
    return text


Date = Annotated[str, AfterValidator(_dated)]


class Splitting(Frozen):
    """How rows were dealt out."""

    folds: int = Field(ge=2, le=MAX_FOLDS)
    test_size: float = Field(gt=0, lt=1)
    duplicates: Duplicates


class SearchSettings(Frozen):
    """How trials are proposed, compared and pruned."""

    sampler: Sampler
    #: A study made before there were others goes by accuracy.
    objective: Objective = OBJECTIVE
    pruner: Pruner
    startup_trials: int = Field(ge=1, le=MOST)
    space: Space
    #: Params with which the search begins, in this order; nothing where it begins with its space and at random.
    portfolio: list[dict[str, Value]] = Field(default=[], max_length=MOST_IN_A_PORTFOLIO)

    @property
    def trials_before_tpe(self) -> int:
        """How many have ended before TPE proposes: a portfolio, and random ones that fill up.

        A portfolio that knows nothing of these genes would lead TPE to more of the like: random trials look elsewhere.
        """
        return max(len(self.portfolio), self.startup_trials)

    @model_validator(mode="after")
    def _portfolio_is_of_the_space(self) -> "SearchSettings":
        for place, params in enumerate(self.portfolio):
            if params_of(params, self.space) != params:
                raise ValueError(f"portfolio.{place} is nothing that search.space could propose")
        return self

    @model_validator(mode="after")
    def _chances_are_of_accuracies(self) -> "SearchSettings":
        if self.pruner == "chance" and self.objective != "accuracy":
            raise ValueError(f"pruner 'chance' goes by accuracies, and objective is {self.objective!r}")
        return self


class Leases(Frozen):
    """When a silent worker is taken for dead, and how often its trial is tried again."""

    beat_interval_s: float = Field(gt=0, le=LONGEST_S)
    timeout_s: float = Field(gt=0, le=LONGEST_S)
    max_deaths: int = Field(ge=0, le=MOST)

    @model_validator(mode="after")
    def _beats_within_the_timeout(self) -> "Leases":
        if self.beat_interval_s >= self.timeout_s:
            raise ValueError(f"a beat every {self.beat_interval_s} s is too slow for a timeout of {self.timeout_s} s")
        return self


class Contract(Frozen):
    """A study of ours, as frozen by `create-study`."""

    #: See `hpo.study.formats`.
    format: Literal[7] = 7
    study: str = Field(min_length=1)
    created: Date
    #: Of splits, training and search: everything else that is random is derived from it.
    seed: int = Field(ge=0, le=2**63 - 1)
    data: Data
    splitting: Splitting
    search: SearchSettings
    #: What all trials share.
    training: Annotated[TrainingSettings, BeforeValidator(_reader(TrainingSettings))]
    #: What is done with trial 0.
    original: Original
    #: The original's configuration: trial 0, unless that is skipped.
    baseline: Annotated[LearnerConfig, BeforeValidator(_reader(LearnerConfig))]
    leases: Leases
    versions: dict[str, str]
    #: How GPUs computed when it was made; a CPU's numbers have not changed.
    gpu_arithmetic: int = Field(ge=1, le=MOST)

    @model_validator(mode="after")
    def _mutations_have_an_ancestor(self) -> "Contract":
        told = self.data.ancestors
        for encoding in (*self.search.space.encodings, self.baseline.encoding):
            if is_mutation(encoding) and encoding not in told:
                raise ValueError(
                    f"search.space or baseline asks for encoding {encoding!r}; data.ancestors has "
                    f"{', '.join(told) or 'none'}"
                )
        return self

    @property
    def encoder(self) -> Encoder:
        """What encodes the study's genes."""
        return Encoder(self.training.genetic_code, self.data.ancestors, self.data.cleaning.gaps == "keep")

    @property
    def settings(self) -> TrainingSettings:
        """The training settings that all trials share."""
        return self.training

    @property
    def baseline_configuration(self) -> LearnerConfig:
        """The original's configuration: trial 0, unless that is skipped."""
        return self.baseline

    def is_original(self, number: int) -> bool:
        """Says whether a trial is the original's configuration, and no proposal of the sampler."""
        return number == 0 and self.original != "skip"

    def check_versions(self) -> None:
        """Refuses to go on with libraries that would give other numbers.

        Raises:
            ContractError: Names every library that differs.
        """
        here = versions()
        ours = LEARNER if LEARNER in self.versions else OURS
        differing = [
            f"{name} {here[name]} here, {self.versions.get(name, 'none')} in the study"
            for name in (ours, *PINNED, *(name for name in PINNED_SINCE if name in self.versions))
            if here[name] != self.versions.get(name)
        ]
        if differing:
            raise ContractError(
                f"This machine cannot work on study {self.study!r}: {'; '.join(differing)}.",
                f"Install the study's versions here (hpo {self.versions.get(OURS, 'unknown')}), or create a new study.",
            )

    def check_device(self, device: str) -> None:
        """Refuses a device that would give other numbers than those that the study has.

        Args:
            device: As PyTorch names it.

        Raises:
            ContractError: It is a GPU, and GPUs computed otherwise when the study was made.
        """
        if device != "cpu" and self.gpu_arithmetic != gpu.ARITHMETIC:
            raise ContractError(
                f"Study {self.study!r} was made when GPUs computed otherwise (way {self.gpu_arithmetic}, here way "
                f"{gpu.ARITHMETIC}): its trials and those of {device} could not be compared.",
                "Go on with --device cpu, or with the version of hpo that made it, or create a new study.",
            )


def parse(document: object, study: str) -> Contract:
    """Returns the contract in a study's attribute, of whatever format.

    Args:
        document: The attribute.
        study: The study's name, for messages.

    Raises:
        ContractError: It is not one, or of a format that this version does not read; names study and field.
    """
    try:
        return Contract.model_validate(upgraded(document, study) if isinstance(document, Mapping) else document)
    except ValidationError as error:
        raise ContractError(
            f"Study {study!r} holds no contract that this version reads ({first_complaint(error)}).",
            "It was not made by `hpo create-study`, or was changed since.",
        ) from error


def first_complaint(error: ValidationError) -> str:
    """Returns the first field that is wrong, and why, without a full stop."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "contract"
    complaint = f"{where}: {first['msg']}".rstrip(".")
    return complaint if len(complaint) <= _SHOWN else f"{complaint[:_SHOWN]}..."


def versions() -> dict[str, str]:
    """Returns what gives this machine its numbers: libraries, without build labels such as +cpu, and the learner."""
    return {name: _installed(name) for name in (OURS, *PINNED, *PINNED_SINCE)} | {LEARNER: learner()}


@functools.cache
def _installed(name: str) -> str:
    """Found by looking through all that is installed, which takes milliseconds for each."""
    return importlib.metadata.version(name).split("+")[0]
