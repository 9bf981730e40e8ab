"""What options of the service take: words, and how large a number may be.

Imports nothing of ours, so that the command line shows them at once.
"""

from typing import Literal

#: More of anything than a sane study has: trials, epochs, rows. Databases count trials in 32 bits.
MOST = 10**9
#: Seconds of a year: no wait is longer.
LONGEST_S = 366 * 86_400.0

#: Who proposes the next trial.
Sampler = Literal["tpe", "random"]
#: What a search begins with: a portfolio, or where its space begins, and random configurations.
Start = Literal["portfolio", "random"]
#: What trials are compared by, and the best is chosen by.
Objective = Literal["accuracy", "balanced_accuracy", "mcc", "roc_auc", "log_loss"]
#: Unless somebody says another.
OBJECTIVE: Objective = "accuracy"
#: Who ends a trial after a bad fold.
Pruner = Literal["chance", "paired", "median", "percentile", "wilcoxon", "none"]
#: Unless somebody says another: P is derived for accuracies, and known to come true for them alone.
PRUNER: Pruner = "chance"
PRUNER_OF_OTHER_OBJECTIVES: Pruner = "paired"
#: Which trial the final model comes from.
Prefer = Literal["best", "simplest"]
#: What predicts: the network, the regression that is kept beside it (by its name), or the one that the report advises.
PredictWith = Literal[
    "network", "best", "logistic_regression", "mutation_logistic_regression", "kmer_logistic_regression"
]
#: What is done with trial 0: the original's configuration on all folds or on the first, or a proposal like any other.
Original = Literal["all", "one-fold", "skip"]
#: Of the lines that a worker writes to stderr.
LogFormat = Literal["text", "json"]
#: Of exported tables.
ExportFormat = Literal["csv", "parquet", "json"]
