"""The contract: everything that `create-study` freezes, and that every worker must be able to keep.

It is stored as JSON in the study. Whoever opens a study reads it through `Contract`, which checks every field,
because the contents of a database are input like any other.
"""

import importlib.metadata
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hpo.errors import ContractError
from hpo.search.space import Space
from model.configuration import LearnerConfig, TrainingSettings

#: Libraries whose version changes the numbers of a trial.
PINNED = ("hpo", "numpy", "optuna", "torch")


class Frozen(BaseModel):
    """Immutable, and unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Rows(Frozen):
    """One part of the data, as a sealed artifact."""

    artifact: str = Field(pattern=r"^[0-9a-f]{64}$")
    fingerprint: str
    rows: int = Field(gt=0)
    resistant: int = Field(ge=0)


class Data(Frozen):
    """Where the rows came from, and what they are."""

    source: str
    fingerprint: str
    alphabet: Literal["dna", "protein"]
    ambiguous_letters: int
    development: Rows
    test: Rows


class Splitting(Frozen):
    """How rows were dealt out."""

    folds: int = Field(ge=2)
    test_size: float = Field(gt=0, lt=1)
    seed: int
    duplicates: Literal["together", "spread"]


class SearchSettings(Frozen):
    """How trials are proposed and pruned."""

    sampler: Literal["tpe", "random"]
    pruner: Literal["paired", "median", "percentile", "wilcoxon", "none"]
    startup_trials: int = Field(ge=1)
    space: Space


class Leases(Frozen):
    """When a silent worker is taken for dead, and how often its trial is tried again."""

    beat_interval_s: float = Field(gt=0)
    timeout_s: float = Field(gt=0)
    max_deaths: int = Field(ge=0)


class Contract(Frozen):
    """A study of ours, as frozen by `create-study`."""

    format: Literal[1] = 1
    study: str
    created: str
    seed: int
    data: Data
    splitting: Splitting
    search: SearchSettings
    training: dict[str, Any]
    baseline: dict[str, Any]
    leases: Leases
    versions: dict[str, str]

    @property
    def settings(self) -> TrainingSettings:
        """The training settings that all trials share."""
        return TrainingSettings(**self.training)

    @property
    def baseline_configuration(self) -> LearnerConfig:
        """Trial 0: the original's configuration."""
        return LearnerConfig(**self.baseline)

    def check_versions(self) -> None:
        """Refuse to go on with libraries that would give other numbers.

        Raises:
            ContractError: Names every library that differs.
        """
        here = versions()
        differing = [
            f"{name} {here[name]} here, {self.versions.get(name, 'none')} in the study"
            for name in PINNED
            if here[name] != self.versions.get(name)
        ]
        if differing:
            raise ContractError(
                f"This machine cannot work on study {self.study!r}: {'; '.join(differing)}.",
                "Install the study's versions here, or create a new study.",
            )


def parse(document: object, study: str) -> Contract:
    """The contract in a study's attribute.

    Raises:
        ContractError: It is not one, or of a newer format.
    """
    try:
        return Contract.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ContractError(
            f"Study {study!r} holds no contract that this version reads ({where}: {first['msg']}).",
            "It was not made by `hpo create-study`, or by another version of hpo.",
        ) from error


def versions() -> dict[str, str]:
    """The versions of the pinned libraries on this machine, without build labels such as +cpu."""
    return {name: importlib.metadata.version(name).split("+")[0] for name in PINNED}
