"""`hpo inspect` and `hpo simulate`."""

from pathlib import Path
from typing import Annotated

import typer

from hpo.cli.command import DATA, command, option
from hpo.cli.options import DataOptions, Json, SplitOptions
from hpo.cli.output import print_json


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    command(app, "inspect", DATA)(inspect)
    command(app, "simulate", DATA)(simulate)


def inspect(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="Genes with labels, in any form that run takes.")],
    reading: DataOptions,
    splitting: SplitOptions,
    json: Json = False,
) -> None:
    """Counts, balance, lengths, duplicates, contradictory labels, the accuracy ceiling; what create-study would do."""
    from hpo.cli.reading import read_labelled
    from hpo.inspect_data import as_text, look_at

    findings = look_at(
        read_labelled(data, reading),
        source=data.name,
        genetic_code=reading.genetic_code,
        folds=splitting.folds,
        test_size=splitting.test_size,
        seed=splitting.seed,
        duplicates=splitting.duplicates,
    )
    if json:
        print_json(findings)
    else:
        print(as_text(findings))


def simulate(
    out: Annotated[
        Path,
        typer.Argument(
            metavar="OUT",
            help="File to write: .csv, .tsv, .fasta, .parquet or .npy (the original's form), each also with .gz.",
        ),
    ],
    genes: Annotated[int, option("--genes", help="Rows to write.", min=40)] = 1000,
    codons: Annotated[int, option("--codons", help="Length of the ancestor gene, in codons.", min=12)] = 100,
    noise: Annotated[float, option("--noise", help="Share of labels that are flipped.", min=0, max=0.49)] = 0.05,
    seed: Annotated[int, option("--seed", help="The same seed gives the same genes.", min=0)] = 0,
    json: Json = False,
) -> None:
    """Write genes like the original's: mutants of one ancestor, many cut short, with a known ceiling on accuracy."""
    from model.simulation import simulate as simulate_genes
    from model.simulation import write_simulated

    simulated = simulate_genes(genes, codons, noise, seed)
    write_simulated(simulated, out)
    facts = {
        "file": str(out),
        "genes": genes,
        "codons": codons,
        "ceiling": simulated.ceiling,
        "realised_accuracy": simulated.realised_accuracy,
        "resistance_positions": [int(position) for position in simulated.resistance_positions],
    }
    if json:
        print_json(facts)
    else:
        print(
            f"{out}: {genes} genes of up to {codons} codons. The rule that made them is right for "
            f"{simulated.realised_accuracy:.1%} of these labels, {simulated.ceiling:.1%} in expectation."
        )
