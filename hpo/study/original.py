"""What is done with trial 0, the original's configuration on whole sequences, where the user does not say.

Why this is a question at all: docs/decisions/0022-what-the-original-may-cost.md.
"""

from dataclasses import dataclass

from hpo.choices import Original
from hpo.errors import UsageError
from hpo.search.space import Space
from model.configuration import original_configuration
from model.cost import operations_per_epoch
from model.encoder import Encoder
from model.genes import Genes

#: What trial 0 may cost, as a share of the cost of all other trials.
AFFORDABLE = 1 / 3


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What trials are estimated to cost, in floating-point operations of an epoch of one fold."""

    original: float
    #: A trial from the middle of the search space.
    usual: float
    folds: int
    #: The budget.
    trials: int

    @property
    def of_all_folds(self) -> float:
        """Cost of trial 0 on all folds, where that of all other trials is 1; nothing is pruned."""
        return self.original / (self.usual * (self.trials - 1))

    @property
    def of_one_fold(self) -> float:
        """The same on one fold."""
        return self.of_all_folds / self.folds


def estimate_cost(rows: Genes, encoder: Encoder, space: Space, *, folds: int, trials: int) -> Cost:
    """Estimates what trial 0 and a usual trial of the space cost.

    All development rows stand for those that a fold trains on, which are the same share of them in every trial.

    Args:
        rows: The development rows.
        encoder: Of the study.
        space: The search space; a usual trial costs what its encodings do on average.
        folds: K.
        trials: The budget.
    """
    original, start = original_configuration(rows.alphabet), space.start
    usual = [operations_per_epoch(start, encoder.encode(rows, encoding)) for encoding in space.encodings]
    return Cost(
        original=operations_per_epoch(original, encoder.encode(rows, original.encoding)),
        usual=sum(usual) / len(usual),
        folds=folds,
        trials=trials,
    )


def choose_original(cost: Cost) -> Original:
    """Takes all folds where they are affordable, one fold where that is, and else leaves trial 0 to the sampler."""
    # With a single trial there is no search that it could hold up.
    if cost.trials == 1 or cost.of_all_folds <= AFFORDABLE:
        return "all"
    return "one-fold" if cost.of_one_fold <= AFFORDABLE else "skip"


def in_words(choice: Original, cost: Cost) -> str:
    """Says in one line what was chosen, and why."""
    if cost.trials == 1:
        return "The original's configuration is the study's only trial."
    others = "the other trial" if cost.trials == 2 else f"the other {cost.trials - 1:,} trials"
    match choice:
        case "all":
            took = f"which take about {_times(cost.of_all_folds)} as long as {others}."
            return f"The original's configuration is tried on all {cost.folds} folds, {took}"
        case "one-fold":
            took = f"all {cost.folds} would take about {_times(cost.of_all_folds)} as long as {others}."
            return f"The original's configuration is tried on one fold: {took} --original all tries it whole."
        case "skip":
            took = f"one fold of it would take about {_times(cost.of_one_fold)} as long as {others}."
            return f"The original's configuration is left out: {took} --original one-fold or all tries it."


def check_answerable(original: Original | None, trials: int) -> None:
    """Refuses a study that could have no complete trial.

    Raises:
        UsageError: Its only trial would end after one fold.
    """
    if original == "one-fold" and trials == 1:
        raise UsageError(
            "With --original one-fold and --trials 1 no trial would see all folds, and none could be the answer.",
            "Ask for 2 trials or more, or for --original all or skip.",
        )


def _times(ratio: float) -> str:
    return f"{ratio:,.0f} times" if ratio >= 10 else f"{ratio:.2g} times"
