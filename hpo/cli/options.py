"""Options of the command line: the same words everywhere, each with an environment twin (`--study`, `HPO_STUDY`)."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hpo.choices import OBJECTIVE, Objective, Original, Prefer, Pruner, Sampler, Start
from hpo.cli.command import option
from hpo.cli.durations import parse_duration
from model.choices import Duplicates, Engine, Precision

if TYPE_CHECKING:
    from hpo.study.address import StudyAddress

#: The forest that rates the hyperparameters takes no larger seed.
MAX_SEED = 2**32 - 1

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object to stdout.")]
Trials = Annotated[int, option("--trials", help="The budget: trials to finish.", min=1)]
NewStudy = Annotated[str, option("--study", help="The study's name.", metavar="NAME")]
Study = Annotated[
    str | None,
    option("--study", help="The study's name; may be left out where the storage holds one study.", metavar="NAME"),
]
Output = Annotated[Path, option("--output", help="Folder for report and model.", metavar="DIR")]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace the report of another study that --output holds.")
]
Device = Annotated[
    str, option("--device", help="auto (every GPU, or the CPU), cpu, cuda, cuda:0, ...", metavar="DEVICE")
]
DataFile = Annotated[
    Path,
    typer.Argument(
        metavar="DATA",
        help="Genes with labels: .npy (the original's form), CSV, TSV, FASTA, JSON, Parquet or Arrow; also packed.",
    ),
]
SpaceFile = Annotated[
    Path | None,
    option("--space", help="Search space (TOML); what it leaves out keeps its default.", metavar="FILE"),
]
Workers = Annotated[
    int | None,
    option("--workers", help="Worker processes; by default one per GPU, or one per core.", min=1, metavar="K"),
]


Lanes = Annotated[
    int | None,
    option(
        "--lanes",
        help="Trials that each process trains at once; by default as many as help: measured on a GPU, 1 on a CPU.",
        min=1,
        max=32,
        metavar="N",
    ),
]


@dataclass(frozen=True, kw_only=True)
class StorageOptions:
    """Where studies and artifacts are kept."""

    storage: Annotated[
        str,
        option(
            "--storage",
            help="sqlite:///FILE, postgresql://USER@HOST/DB or grpc://HOST:PORT. With a password in it, "
            "set HPO_STORAGE instead: arguments are seen by every user of the machine.",
            metavar="URL",
        ),
    ] = "sqlite:///hpo.db"
    artifacts: Annotated[
        str | None,
        option(
            "--artifacts",
            help="Folder or s3://BUCKET/PREFIX for data snapshots, folds and reports; by default "
            "hpo-artifacts beside a SQLite file, else in the current folder.",
            metavar="PLACE",
        ),
    ] = None

    def address(self, study: str | None = None) -> "StudyAddress":
        """Returns where a study lives; without a name, the storage's only one."""
        from hpo.study.address import StudyAddress

        return StudyAddress(storage=self.storage, study=study, artifacts=self.artifacts)


@dataclass(frozen=True, kw_only=True)
class SplitOptions:
    """How rows are dealt out."""

    folds: Annotated[int, option("--folds", help="Folds of the cross-validation.", min=2, max=50)] = 5
    test_size: Annotated[
        float, option("--test-size", help="Share of the rows sealed away as test set.", min=0.01, max=0.9)
    ] = 0.2
    seed: Annotated[int, option("--seed", help="Of splits, training and search.", min=0, max=MAX_SEED)] = 0
    duplicates: Annotated[
        Duplicates,
        option("--duplicates", help="Keep identical sequences together in one part, or spread them."),
    ] = "together"


@dataclass(frozen=True, kw_only=True)
class SearchOptions:
    """How the search goes."""

    space: SpaceFile = None
    original: Annotated[
        Original | None,
        option(
            "--original",
            help="Trial 0, the original's configuration on whole sequences: on all folds, on one-fold, or skip it. By "
            "default all where it takes at most about a third of the other trials' time, one-fold where one fold "
            "of it does, else skip.",
        ),
    ] = None
    enqueue: Annotated[
        Path | None,
        option(
            "--enqueue",
            help="Configurations of your own that are tried first: JSON (a list of objects) or CSV, by the names of "
            "the space; what one leaves out is proposed.",
            metavar="FILE",
        ),
    ] = None
    warm_start: Annotated[
        str | None,
        option(
            "--warm-start",
            help="Begin from the best configurations of an earlier study: its name in this storage, or URL#NAME. With "
            "a password in the URL, set HPO_WARM_START instead.",
            metavar="STUDY",
        ),
    ] = None
    start: Annotated[
        Start | None,
        option(
            "--start",
            help="What the search begins with: configurations that were good on other genes (portfolio; the default "
            "where there is one and neither --space nor --warm-start is given), or random ones behind the first of "
            "choices and the middle of ranges.",
        ),
    ] = None
    patience_trials: Annotated[
        int | None,
        option(
            "--patience-trials",
            help="End the search when so many trials in a row have not beaten the best; else the budget alone does.",
            min=1,
        ),
    ] = None
    objective: Annotated[
        Objective,
        option(
            "--objective",
            help="What trials are compared by, and the best is chosen by: mean over the folds of cross-validation.",
        ),
    ] = OBJECTIVE
    sampler: Annotated[Sampler, option("--sampler", help="Who proposes the next trial.")] = "tpe"
    startup_trials: Annotated[
        int,
        option("--startup-trials", help="Trials before TPE begins: a portfolio, then random ones.", min=1),
    ] = 10
    pruner: Annotated[
        Pruner | None,
        option(
            "--pruner",
            help="Who ends a trial early: chance (the default) goes by the chance that its accuracy ends above the "
            "best, and takes up again what it has parked; paired (the default of other objectives) compares with the "
            "best, fold by fold; the others are Optuna's.",
        ),
    ] = None
    max_epochs: Annotated[int, option("--max-epochs", help="Epochs of a fold, at most.", min=1)] = 20
    patience: Annotated[
        int, option("--patience", help="Epochs without a lower validation loss before a fold ends.", min=1)
    ] = 6
    engine: Annotated[
        Engine, option("--engine", help="What runs the recurrent layers: native where it can, or stock PyTorch.")
    ] = "auto"
    precision: Annotated[
        Precision,
        option("--precision", help="Arithmetic of training on GPUs: faster and coarser after fp32. CPUs keep fp32."),
    ] = "fp32"
    lease_timeout: Annotated[
        float,
        option(
            "--lease-timeout",
            help="Silence after which a worker is taken for dead: seconds, or 5m, 2h, ...",
            parser=parse_duration(1),
            metavar="DURATION",
        ),
    ] = 60.0
    retries: Annotated[int, option("--retries", help="Workers that a trial may lose before it is failed.", min=0)] = 3


@dataclass(frozen=True, kw_only=True)
class AnswerOptions:
    """Which model is the answer."""

    prefer: Annotated[
        Prefer,
        option(
            "--prefer", help="Take the best trial, or the smallest network among those that cannot be told from it."
        ),
    ] = "best"
    ensemble: Annotated[
        int | None,
        option(
            "--ensemble",
            help="Average so many networks of the chosen trial, from different seeds. By default, where genes are read "
            "by their mutations, 15 networks of the best trial and of trials that complement it; else 1.",
            min=1,
            max=100,
        ),
    ] = None
