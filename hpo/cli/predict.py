"""`hpo predict`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hpo.choices import PredictWith
from hpo.cli.command import STEP_BY_STEP, command, option
from hpo.cli.data_options import DataOptions
from hpo.cli.options import Device, Json
from hpo.cli.output import print_json

if TYPE_CHECKING:
    from model.genes import Genes
    from model.saving.loading import SavedModel


def register(app: typer.Typer) -> None:
    """Adds the command of this file."""
    command(app, "predict", STEP_BY_STEP)(predict)


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
    chosen: Annotated[
        PredictWith,
        option(
            "--with",
            help="What predicts: the network; the plain baseline that the folder keeps where the report found one as "
            "good or better, by its name; or best, which takes that baseline where there is one.",
        ),
    ] = "network",
    device: Device = "auto",
    json: Json = False,
) -> None:
    """Probabilities of resistance for new genes, as CSV: id, probability_resistant, resistant, answer and more.

    The answer is in the words of the training data's labels. The last column, outside_training, says of a gene why it
    is unlike those that the model has seen, and is empty where it is not.
    """
    from hpo.cli.reading import read_unlabelled
    from hpo.errors import UsageError
    from hpo.terminal import say
    from hpo.use.explain import explain as explain_genes
    from hpo.use.explain import write_changes
    from hpo.use.formulas import told
    from hpo.use.predict import predict as predict_genes
    from hpo.use.writing import write_csv

    if explain is not None and chosen != "network":
        raise UsageError("--explain shows what moves the network, and --with asks another.", "Leave one of them out.")
    genes: list[Genes] = []

    def read(model: "SavedModel") -> "Genes":
        if not genes:
            genes.append(read_unlabelled(sequences, reading, model))
        return genes[0]

    predicted = predict_genes(model_dir, read, device, chosen)
    for line in predicted.told:
        say(line)
    predictions = predicted.rows
    if explain is not None:
        changes = explain_genes(model_dir, read, device)
        write_changes(changes, explain)
        say(f"{explain}: {len(changes)} changes of one letter.")
    if json:
        changes_made = genes[0].provenance.changes.as_dict()
        rows = [vars(row) for row in predictions]
        document = {"predictions": rows, "changes": changes_made, "outside_training": predicted.outside}
        print_json(document | {"predictor": predicted.predictor})
    else:
        write_csv(predictions, output)
        if changed := told(row.id for row in predictions):
            say(changed)
        if output is not None:
            say(f"{output}: {len(predictions)} predictions.")
