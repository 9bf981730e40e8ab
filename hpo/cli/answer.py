"""`hpo finalize` and `hpo predict`."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hpo.cli.options import AnswerOptions, DataOptions, Device, Json, Output, StorageOptions, Study, command, option
from hpo.cli.output import print_json

if TYPE_CHECKING:
    from model.alphabet import Alphabet
    from model.genes import Genes


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    command(app, "finalize", "Step by step, on any number of machines")(finalize)
    command(app, "predict", "Step by step, on any number of machines")(predict)


def finalize(
    output: Output,
    place: StorageOptions,
    choice: AnswerOptions,
    study: Study = None,
    device: Device = "auto",
    no_test: Annotated[
        bool, typer.Option("--no-test", help="Report without opening the test set.", envvar="HPO_NO_TEST")
    ] = False,
    early: Annotated[
        bool, typer.Option("--early", help="Answer from the trials finished so far.", envvar="HPO_EARLY")
    ] = False,
    json: Json = False,
) -> None:
    """Retrain the best trial, open the test set, write report and model."""
    from hpo.finalize import FinalizeOptions
    from hpo.finalize import finalize as answer
    from hpo.study.opened import open_study

    opened = open_study(place.storage, study, place.artifacts)
    options = FinalizeOptions(
        device=device, with_test=not no_test, early=early, prefer=choice.prefer, ensemble=choice.ensemble
    )
    print_result(answer(opened, output, options), output, json)


def predict(
    model_dir: Annotated[Path, typer.Argument(metavar="MODEL_DIR", help="The folder `model` that finalize wrote.")],
    sequences: Annotated[
        Path, typer.Argument(metavar="SEQUENCES", help="Genes, in any form that run takes; labels are not needed.")
    ],
    reading: DataOptions,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="CSV to write; stdout by default.")
    ] = None,
    explain: Annotated[
        Path | None,
        option(
            "--explain",
            metavar="FILE",
            help="CSV to write: what changing each letter does to the probability, gene by gene. For a few genes.",
        ),
    ] = None,
    device: Device = "auto",
    json: Json = False,
) -> None:
    """Probabilities of resistance for new genes, as CSV: id, probability_resistant, resistant."""
    from hpo.cli.reading import read_unlabelled
    from hpo.terminal import say
    from hpo.use.explain import explain as explain_genes
    from hpo.use.explain import write_changes
    from hpo.use.predict import predict as predict_genes
    from hpo.use.predict import write_csv

    def read(alphabet: "Alphabet") -> "Genes":
        return read_unlabelled(sequences, reading, alphabet)

    predictions = predict_genes(model_dir, read, device)
    if explain is not None:
        changes = explain_genes(model_dir, read, device)
        write_changes(changes, explain)
        say(f"{explain}: {len(changes)} changes of one letter.")
    if json:
        print_json({"predictions": [vars(row) for row in predictions]})
    else:
        write_csv(predictions, output)
        if output is not None:
            say(f"{output}: {len(predictions)} predictions.")


def print_result(result: Mapping[str, Any], output: Path, json: bool) -> None:
    """The answer in a few lines, or as JSON."""
    if json:
        print_json(result)
        return
    cv, test, chosen = result["cv"], result["test"], result["best_trial"]
    best = chosen["preferred_to"]
    why = "" if best is None else f", the simplest of those that cannot be told from the best, trial {best}"
    print(f"Chosen trial: {chosen['number']}{why}")
    print(f"  {'CV accuracy':<26} {cv['mean']:.4f}, mean of {len(cv['fold_accuracies'])} folds")
    print(f"  {'CV accuracy, corrected':<26} {cv['corrected_mean']:.4f}, for the choice of the best of many")
    if test is None:
        print("  The test set was not opened.")
    else:
        (low, high), genes = test["interval95"], test["n"]
        print(f"  {'test accuracy':<26} {test['accuracy']:.4f} (95 % interval {low:.4f} to {high:.4f}, {genes} genes)")
    for name, baseline in result["baselines"].items():
        if baseline["cv"] is None:  # trial 0 did not finish; the report says why
            continue
        against = "" if baseline.get("test") is None else f", test {baseline['test']:.4f}"
        print(f"  {name.replace('_', ' '):<26} CV {baseline['cv']:.4f}{against}")
    print(f"Report: {output / 'report.html'}")
    print(f"Model:  {output / 'model'}")
