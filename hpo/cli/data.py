"""`hpo inspect` and `hpo simulate`."""

from pathlib import Path
from typing import Annotated

import typer

from hpo.cli.command import DATA, command, option
from hpo.cli.data_options import DataOptions
from hpo.cli.label_options import LabelOptions
from hpo.cli.options import Json, SpaceFile, SplitOptions
from hpo.cli.output import print_json
from hpo.errors import EXIT_FAILED
from model.choices import SimulationRule


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    command(app, "inspect", DATA)(inspect)
    command(app, "simulate", DATA)(simulate)


def inspect(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="Genes with labels, in any form that run takes.")],
    reading: DataOptions,
    labelling: LabelOptions,
    splitting: SplitOptions,
    space: SpaceFile = None,
    json: Json = False,
) -> None:
    """Counts, balance, lengths, duplicates, contradictory labels, the accuracy ceiling; what create-study would do."""
    from hpo.cli.reading import read_labelled
    from hpo.inspect_data import as_text, look_at
    from hpo.terminal import show

    findings = look_at(
        read_labelled(data, reading, labelling),
        source=data.name,
        genetic_code=reading.genetic_code,
        folds=splitting.folds,
        test_size=splitting.test_size,
        seed=splitting.seed,
        duplicates=splitting.duplicates,
        space_file=space,
    )
    if json:
        print_json(findings)
    else:
        show(as_text(findings))
    if not findings["create_study"]["possible"]:
        raise typer.Exit(EXIT_FAILED)


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
    rule: Annotated[
        SimulationRule,
        option(
            "--rule",
            help="What makes a gene resistant: one mutation or early stop (additive), one mutation of a pair without "
            "the other (epistatic), or a shifted reading frame (frame). The last two are beyond a linear model.",
        ),
    ] = "additive",
    json: Json = False,
) -> None:
    """Write genes like the original's: mutants of one ancestor, with a known ceiling on accuracy."""
    from model.simulation import LINEAR_GENES, linear_ceiling, write_simulated
    from model.simulation import simulate as simulate_genes

    simulated = simulate_genes(genes, codons, noise, seed, rule)
    write_simulated(simulated, out)
    linear = linear_ceiling(simulated, seed)
    facts = {
        "file": str(out),
        "genes": genes,
        "codons": codons,
        "rule": rule,
        "rule_in_words": simulated.rule.words,
        "ceiling": simulated.ceiling,
        "linear_ceiling": linear,
        "realised_accuracy": simulated.realised_accuracy,
        "resistance_positions": list(simulated.resistance_positions),
    }
    if json:
        print_json(facts)
    else:
        longest = max(map(len, simulated.genes.sequences))
        print(
            f"{out}: {genes} genes of up to {longest} bases. {simulated.rule.words}\n"
            f"This rule is right for {simulated.realised_accuracy:.1%} of these labels, {simulated.ceiling:.1%} in "
            f"expectation; the best linear model of mutations for {linear:.1%} (measured with {LINEAR_GENES:,} other "
            "genes of the same rule)."
        )
