"""Reading what the user named, with the options of the command line."""

from pathlib import Path
from typing import TYPE_CHECKING

from hpo.cli.label_options import LabelOptions
from hpo.cli.options import DataOptions

if TYPE_CHECKING:
    from model.alphabet import Alphabet
    from model.genes import Genes


def read_labelled(data: Path, options: DataOptions, labelling: LabelOptions) -> "Genes":
    """Reads the genes in a file, and says which rows were left out for their labels.

    Args:
        data: The file.
        options: Columns, alphabet and what to do with intermediate results.
        labelling: What labels mean.

    Raises:
        DataError: Says what is wrong with which row, and what to do.
        UsageError: An option is not of its form.
    """
    from hpo.terminal import say, step
    from model.reading import read_genes

    words = labelling.labelling(options.intermediate)
    with step(f"Reading {data.name}"):
        genes = read_genes(
            data,
            sequence_column=options.sequence_column,
            label_column=options.label_column,
            id_column=options.id_column,
            labels_path=options.labels,
            alphabet=options.alphabet,
            labelling=words,
            header_labels=labelling.header_labels,
        )
    dropped = [f"{read.word!r} in {read.rows}" for read in genes.label_words if read.meaning == "drop"]
    if dropped:
        say(f"Rows are left out for their labels, as asked: {', '.join(dropped)}.")
    return genes


def read_unlabelled(data: Path, options: DataOptions, alphabet: "Alphabet") -> "Genes":
    """Reads genes to predict, in the alphabet of the model.

    Raises:
        UsageError: The user says another alphabet than the model's.
        DataError: Says what is wrong with which row, and what to do.
    """
    from hpo.errors import UsageError
    from hpo.terminal import step
    from model.reading import read_genes

    if options.alphabet not in ("auto", alphabet):
        raise UsageError(
            f"This model reads {alphabet}, not {options.alphabet}.",
            f"Give it {alphabet} sequences, or a model that was trained on {options.alphabet}.",
        )
    with step(f"Reading {data.name}"):
        return read_genes(
            data,
            sequence_column=options.sequence_column,
            id_column=options.id_column,
            alphabet=alphabet,
            require_labels=False,
        )
