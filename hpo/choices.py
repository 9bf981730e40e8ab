"""The words that options of the service take. Imports nothing, so that the command line shows them at once."""

from typing import Literal

#: Who proposes the next trial.
Sampler = Literal["tpe", "random"]
#: Who ends a trial after a bad fold.
Pruner = Literal["paired", "median", "percentile", "wilcoxon", "none"]
#: Which trial the final model comes from.
Prefer = Literal["best", "simplest"]
#: What is done with trial 0: the original's configuration on all folds or on the first, or a proposal like any other.
Original = Literal["all", "one-fold", "skip"]
