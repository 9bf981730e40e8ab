"""The search space: read from TOML, checked when the study is made, suggested through Optuna.

A space names every field of `LearnerConfig` once, with a list of choices, a range, or one fixed value. Ranges
are flat (no parameter depends on another), so that TPE models all parameters jointly.
"""

import dataclasses
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hpo.errors import SpaceError
from model.configuration import LearnerConfig
from model.encoding import Encoding
from model.errors import ModelError

Value = bool | int | float | str


class Range(BaseModel):
    """An interval, both ends included."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["range"] = "range"
    low: int | float
    high: int | float
    log: bool = False
    step: int | float | None = None

    @model_validator(mode="after")
    def _ends_in_order(self) -> "Range":
        if self.low >= self.high:
            raise ValueError(f"low ({self.low}) must be below high ({self.high})")
        if self.log and self.low <= 0:
            raise ValueError(f"a logarithmic range needs low above 0, got {self.low}")
        if self.log and self.step is not None:
            raise ValueError("a range is either logarithmic or has a step, not both")
        return self

    def examples(self) -> tuple[Value, ...]:
        """The values that have to be allowed for the whole range to be allowed."""
        return (self.low, self.high)

    def contains(self, value: Value) -> bool:
        """Whether the sampler could propose `value`."""
        return not isinstance(value, str) and self.low <= value <= self.high

    def distribution(self, whole: bool) -> BaseDistribution:
        """As Optuna's distribution; `whole` for integers."""
        if whole:
            return IntDistribution(int(self.low), int(self.high), log=self.log, step=int(self.step or 1))
        return FloatDistribution(float(self.low), float(self.high), log=self.log, step=self.step)

    def suggest(self, trial: optuna.trial.Trial, name: str, whole: bool) -> Value:
        """The value that the sampler proposes."""
        if whole:
            return trial.suggest_int(name, int(self.low), int(self.high), log=self.log, step=int(self.step or 1))
        return trial.suggest_float(name, self.low, self.high, log=self.log, step=self.step)


class Choices(BaseModel):
    """A list of values to choose from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["choices"] = "choices"
    choices: tuple[Value, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _all_different(self) -> "Choices":
        if len(set(self.choices)) != len(self.choices):
            raise ValueError(f"a choice stands twice in {list(self.choices)}")
        return self

    def examples(self) -> tuple[Value, ...]:
        """Every choice."""
        return self.choices

    def contains(self, value: Value) -> bool:
        """Whether the sampler could propose `value`."""
        return value in self.choices

    def distribution(self, whole: bool) -> BaseDistribution:
        """As Optuna's distribution."""
        return CategoricalDistribution(self.choices)

    def suggest(self, trial: optuna.trial.Trial, name: str, whole: bool) -> Value:
        """The value that the sampler proposes."""
        return cast(Value, trial.suggest_categorical(name, self.choices))


class Fixed(BaseModel):
    """One value, not searched."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["fixed"] = "fixed"
    value: Value

    def examples(self) -> tuple[Value, ...]:
        """The value."""
        return (self.value,)


Parameter = Annotated[Range | Choices | Fixed, Field(discriminator="kind")]


class Space(BaseModel):
    """A checked search space: one entry per field of `LearnerConfig`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    parameters: dict[str, Parameter]

    @property
    def searched(self) -> dict[str, Range | Choices]:
        """The parameters that the sampler chooses, by name."""
        return {name: entry for name, entry in self.parameters.items() if not isinstance(entry, Fixed)}

    @property
    def distributions(self) -> dict[str, BaseDistribution]:
        """The searched parameters as Optuna's distributions, by name."""
        return {name: entry.distribution(_is_whole(name)) for name, entry in self.searched.items()}

    @property
    def encodings(self) -> tuple[Encoding, ...]:
        """Every encoding that a trial may ask for."""
        return tuple(cast(Encoding, value) for value in self.parameters["encoding"].examples())

    def suggest(self, trial: optuna.trial.Trial) -> LearnerConfig:
        """The configuration that the sampler proposes for `trial`."""
        values: dict[str, Any] = {name: self.suggest_one(trial, name) for name in self.parameters}
        return LearnerConfig(**values)

    def suggest_one(self, trial: optuna.trial.Trial, name: str) -> Value:
        """The value of one parameter for `trial`."""
        entry = self.parameters[name]
        return entry.value if isinstance(entry, Fixed) else entry.suggest(trial, name, _is_whole(name))

    def representable(self, config: LearnerConfig) -> dict[str, Value]:
        """The part of `config` that this space could have proposed, by parameter name."""
        values = dataclasses.asdict(config)
        return {name: values[name] for name, entry in self.searched.items() if entry.contains(values[name])}


def read_space(path: Path | None, alphabet: str) -> Space:
    """The search space in `path`, or the default for the alphabet.

    Args:
        path: A TOML file; parameters that it leaves out keep their default.
        alphabet: "dna" or "protein".

    Raises:
        SpaceError: The file cannot be read, or asks for something that the learner does not have.
    """
    defaults = Path(__file__).parent / "spaces" / f"{alphabet}.toml"
    table = tomllib.loads(defaults.read_text())
    if path is not None:
        table |= _read_toml(path)
    unknown = sorted(set(table) - _field_names())
    if unknown:
        raise SpaceError(
            f"{path}: no hyperparameter is called {', '.join(unknown)}.",
            f"Allowed are {', '.join(sorted(_field_names()))}.",
        )
    space = Space(parameters={name: _parameter(name, entry, path) for name, entry in table.items()})
    _check_values(space, path, alphabet)
    return space


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except OSError as error:
        raise SpaceError(f"The search space {path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SpaceError(f"The search space {path} is not valid TOML: {error}.") from error


def _parameter(name: str, entry: object, path: Path | None) -> Range | Choices | Fixed:
    try:
        if isinstance(entry, Mapping):
            return Range(**entry)
        if isinstance(entry, list):
            return Choices(choices=tuple(entry)) if len(entry) != 1 else Fixed(value=entry[0])
        return Fixed.model_validate({"value": entry})
    except (ValidationError, TypeError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise SpaceError(
            f"{path}: {name} = {entry!r} is not a list of choices, a range or a value: {reason}.",
            f"Write {name} = [a, b], {name} = {{ low = a, high = b, log = true }} or {name} = a.",
        ) from error


def _check_values(space: Space, path: Path | None, alphabet: str) -> None:
    """Build a configuration from every end of every parameter: the learner knows what it allows."""
    base: dict[str, Any] = {name: parameter.examples()[0] for name, parameter in space.parameters.items()}
    for name, parameter in space.parameters.items():
        for value in parameter.examples():
            if _is_whole(name) and not (isinstance(value, int) and not isinstance(value, bool)):
                raise SpaceError(f"{path}: {name} takes whole numbers, got {value!r}.")
            try:
                LearnerConfig(**{**base, name: value})
            except (ModelError, TypeError, ValueError) as error:
                raise SpaceError(f"{path}: {name} = {value!r} is not allowed: {error}") from error
    if alphabet == "protein" and space.encodings != ("amino_acid",):
        raise SpaceError(
            f"{path}: proteins can only be searched as amino_acid, got {', '.join(space.encodings)}.",
            "Leave `encoding` out, or say --alphabet dna if these are genes.",
        )


def _field_names() -> set[str]:
    return {field.name for field in dataclasses.fields(LearnerConfig)}


def _is_whole(name: str) -> bool:
    return next(field.type for field in dataclasses.fields(LearnerConfig) if field.name == name) in (int, "int")
