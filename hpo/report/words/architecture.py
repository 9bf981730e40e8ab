"""Why this architecture: the best that each choice reached, from the trials themselves."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from hpo.choices import Objective
from hpo.report.evidence import Evidence, FinishedTrial, ParamValue
from hpo.report.statistics import Statistics
from hpo.report.words.names import apart, encoding_name, plural, scored, spoken, value

_LISTED = 8  # trials that are named one by one
_MANY = 6  # a hyperparameter with more different values than this is told as a range


@dataclass(frozen=True)
class Choice:
    """One value of a hyperparameter, and how trials with it did."""

    value: str
    trials: int
    best: float | None  #: best mean score of a complete trial; None where none came through
    best_number: int | None
    chosen: bool


@dataclass(frozen=True)
class Compared:
    """A hyperparameter, its choices from best to worst, and what they say."""

    name: str
    choices: tuple[Choice, ...]
    text: str


def compare_choices(evidence: Evidence, statistics: Statistics) -> Sequence[Compared]:
    """Compares the values of every hyperparameter that took a few different ones."""
    compared = []
    for name, chosen in evidence.chosen.params.items():
        by_value = _by_value(evidence.trials, name)
        if 1 < len(by_value) <= _MANY:
            choices = tuple(sorted((_choice(v, t, chosen) for v, t in by_value.items()), key=_order))
            compared.append(Compared(spoken(name), choices, _sentence(name, choices, statistics, evidence.objective)))
    return compared


def ranges(evidence: Evidence) -> Sequence[str]:
    """Tells where the better quarter of the complete trials lies, for hyperparameters with many values."""
    complete = sorted(_complete(evidence.trials), key=lambda trial: -(trial.mean or 0.0))
    better = complete[: max(2, len(complete) // 4)]
    lines = []
    for name, chosen in evidence.chosen.params.items():
        tried = [raw for trial in evidence.trials if _is_number(raw := trial.params.get(name))]
        if len(set(tried)) > _MANY:
            good = [raw for trial in better if _is_number(raw := trial.params.get(name))]
            lines.append(
                f"{spoken(name).capitalize()}: {value(chosen)}. Tried {_extent(tried)}; "
                f"{_best(len(better))} at {_extent(good)}."
            )
    return lines


def introduction(evidence: Evidence, statistics: Statistics) -> str:
    """Says what the chosen trial is, and how clearly it won."""
    chosen = evidence.chosen
    parameters = sum(layer.parameters for layer in chosen.layers)
    encoding = chosen.params.get("encoding")
    reads = f" It reads {encoding_name(str(encoding))}." if encoding else ""
    text = f"{_why(evidence)}: a network with {plural(parameters, 'parameter')}.{reads} "
    others = statistics.cv.corrected.configurations - 1
    if not others:
        return text + "No other trial was complete."
    if not statistics.tied:
        return text + f"None of the other {plural(others, 'complete trial')} comes near it."
    return text + _ties(evidence, statistics, others, parameters)


def _best(count: int) -> str:
    return f"the best {count} trials lie" if count > 1 else "the only complete trial lies"


def _why(evidence: Evidence) -> str:
    chosen, best = evidence.chosen, evidence.instead_of
    if best is None:
        return f"Trial {chosen.number} won"
    size = f", {plural(best.network_parameters, 'parameter')}" if best.network_parameters else ""
    return (
        f"Trial {chosen.number} was preferred as the simplest that cannot be told from the best, trial {best.number} "
        f"(CV {scored(best.mean, evidence.objective)}{size})"
    )


def _ties(evidence: Evidence, statistics: Statistics, others: int, parameters: int) -> str:
    text = (
        f"Of the other {plural(others, 'complete trial')}, {len(statistics.tied)} cannot be told from it by their "
        f"out-of-fold predictions ({_listed(statistics.tied)}): what sets them apart may be chance."
    )
    smaller = [t for t in statistics.tied if t.network_parameters and t.network_parameters < parameters]
    if not smaller:
        return text + " None of these is a smaller network."
    simplest = min(smaller, key=lambda trial: trial.network_parameters or 0)
    text += (
        f" The smallest of these is trial {simplest.number} with "
        f"{plural(simplest.network_parameters or 0, 'parameter')} (CV {scored(simplest.mean, evidence.objective)})"
    )
    if evidence.instead_of is None:
        return text + "; hpo finalize --prefer simplest takes it."
    return text + f"; but the best, trial {evidence.instead_of.number}, is better than it by more than chance."


def _listed(trials: Sequence[FinishedTrial]) -> str:
    """Names trials, the best first."""
    named = ", ".join(str(trial.number) for trial in trials[:_LISTED])
    more = len(trials) - _LISTED
    return f"{'trials' if len(trials) > 1 else 'trial'} {named}" + (f" and {more:,} more" if more > 0 else "")


def _complete(trials: Sequence[FinishedTrial]) -> list[FinishedTrial]:
    return [trial for trial in trials if trial.state == "COMPLETE" and trial.mean is not None]


def _by_value(trials: Sequence[FinishedTrial], name: str) -> dict[ParamValue, list[FinishedTrial]]:
    found: dict[ParamValue, list[FinishedTrial]] = defaultdict(list)
    for trial in trials:
        if name in trial.params:
            found[trial.params[name]].append(trial)
    return found


def _choice(raw: ParamValue, trials: list[FinishedTrial], chosen: ParamValue) -> Choice:
    best = max(_complete(trials), key=lambda trial: trial.mean or 0.0, default=None)
    mean, number = (None, None) if best is None else (best.mean, best.number)
    return Choice(value(raw), len(trials), mean, number, raw == chosen)


def _order(choice: Choice) -> tuple[float, str]:
    return (math.inf if choice.best is None else -choice.best, choice.value)


def _sentence(name: str, choices: tuple[Choice, ...], statistics: Statistics, objective: Objective) -> str:
    chosen = next(choice for choice in choices if choice.chosen)
    rest = [choice for choice in choices if not choice.chosen and choice.best is not None]
    if chosen.best is None or not rest:
        return f"{spoken(name).capitalize()} {spoken(chosen.value)}: no complete trial took another value."
    second = rest[0]
    margin = chosen.best - (second.best or 0.0)
    if margin < 0:  # a simpler trial was preferred to the best one
        return (
            f"{spoken(name).capitalize()} {spoken(chosen.value)} reached {scored(chosen.best, objective)}, "
            f"{spoken(name)} {spoken(second.value)} {scored(second.best, objective)}: {apart(margin, objective)} "
            f"{'less' if objective == 'log_loss' else 'more'}."
        )
    tied = second.best_number in {trial.number for trial in statistics.tied}
    how_sure = "that may be chance" if tied else "more than chance"
    return (
        f"{spoken(name).capitalize()} {spoken(chosen.value)} reached {scored(chosen.best, objective)}, the next best, "
        f"{spoken(second.value)}, {scored(second.best, objective)}: {apart(margin, objective)}, {how_sure}."
    )


def _is_number(raw: ParamValue) -> bool:
    return isinstance(raw, int | float) and not isinstance(raw, bool)


def _extent(values: Sequence[ParamValue]) -> str:
    numbers = [float(raw) for raw in values if raw is not None]
    low, high = value(min(numbers)), value(max(numbers))
    return low if low == high else f"{low} to {high}"
