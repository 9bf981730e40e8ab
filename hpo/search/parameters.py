"""One hyperparameter of a search space: a range, a list of choices, or one fixed value.

What a value means to the learner is not known here.
"""

import math
from typing import Annotated, Literal, cast

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from pydantic import BaseModel, ConfigDict, Field, model_validator

Value = bool | int | float | str
#: Beyond every bound of the learner's; NaN and infinity lie outside too.
_END = 1e9
Number = Annotated[int | float, Field(ge=-_END, le=_END)]


class Range(BaseModel):
    """An interval, both ends included."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["range"] = "range"
    low: Number
    high: Number
    log: bool = False
    #: Finer ones are beyond the arithmetic with which Optuna counts steps.
    step: Annotated[int | float, Field(ge=1e-12, le=_END)] | None = None

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
        """Returns the values that have to be allowed for the whole range to be allowed."""
        return (self.low, self.high)

    def start(self, whole: bool) -> Value:
        """Returns the value in the middle, on the range's own scale."""
        middle = math.sqrt(self.low * self.high) if self.log else (self.low + self.high) / 2
        if self.step is not None:
            middle = self._at(math.floor((middle - self.low) / self.step + 1e-9))
        return round(middle) if whole else middle

    def contains(self, value: Value) -> bool:
        """Returns whether the sampler could propose `value`."""
        if isinstance(value, str) or not self.low <= value <= self.high:
            return False
        steps = (value - self.low) / (self.step or 1)
        return self.step is None or math.isclose(steps, round(steps), abs_tol=1e-9)

    def distribution(self, whole: bool) -> BaseDistribution:
        """Returns it as Optuna's distribution; `whole` for integers."""
        if whole:
            return IntDistribution(int(self.low), int(self._last), log=self.log, step=int(self.step or 1))
        return FloatDistribution(float(self.low), float(self._last), log=self.log, step=self.step)

    def suggest(self, trial: optuna.trial.Trial, name: str, whole: bool) -> Value:
        """Returns the value that the sampler proposes."""
        if whole:
            return trial.suggest_int(name, int(self.low), int(self._last), log=self.log, step=int(self.step or 1))
        return trial.suggest_float(name, self.low, self._last, log=self.log, step=self.step)

    @property
    def _last(self) -> int | float:
        """The highest value that can be proposed: Optuna warns where that is not the end of the range."""
        return self.high if self.step is None else self._at(math.floor((self.high - self.low) / self.step + 1e-9))

    def _at(self, steps: int) -> int | float:
        return self.low + (self.step or 1) * steps


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
        """Returns every choice."""
        return self.choices

    def start(self, whole: bool) -> Value:
        """Returns the first choice of the list."""
        return self.choices[0]

    def contains(self, value: Value) -> bool:
        """Returns whether the sampler could propose `value`."""
        return value in self.choices

    def distribution(self, whole: bool) -> BaseDistribution:
        """Returns it as Optuna's distribution."""
        return CategoricalDistribution(self.choices)

    def suggest(self, trial: optuna.trial.Trial, name: str, whole: bool) -> Value:
        """Returns the value that the sampler proposes."""
        return cast(Value, trial.suggest_categorical(name, self.choices))


class Fixed(BaseModel):
    """One value, not searched."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["fixed"] = "fixed"
    value: Value

    def examples(self) -> tuple[Value, ...]:
        """Returns the value."""
        return (self.value,)

    def start(self, whole: bool) -> Value:
        """Returns the value."""
        return self.value


Parameter = Annotated[Range | Choices | Fixed, Field(discriminator="kind")]
