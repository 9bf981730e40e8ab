"""Reading what the user named, with the options of the command line."""

from pathlib import Path
from typing import TYPE_CHECKING

from hpo.cli.data_options import DataOptions
from hpo.cli.label_options import LabelOptions

if TYPE_CHECKING:
    from model.genes import Genes
    from model.saving.loading import SavedModel


def read_labelled(data: Path, options: DataOptions, labelling: LabelOptions) -> "Genes":
    """Reads the genes in a file.

    Args:
        data: The file.
        options: Columns, alphabet, and what to do with intermediate results and with what cannot be read.
        labelling: What labels mean.

    Raises:
        DataError: Says what is wrong with which row, and what to do.
        UsageError: An option is not of its form.
    """
    from hpo.terminal import step
    from model.reading import read_genes

    words = labelling.labelling(options.intermediate)
    _refuse_irregular(data)
    if options.labels is not None:
        _refuse_irregular(options.labels)
    with step(f"Reading {data.name}"):
        return read_genes(
            data,
            sequence_column=options.sequence_column,
            label_column=options.label_column,
            id_column=options.id_column,
            labels_path=options.labels,
            alphabet=options.alphabet,
            labelling=words,
            header_labels=labelling.header_labels,
            rules=options.rules(),
            where=options.where(),
            longest=options.longest,
            memory=options.memory,
            genetic_code=options.genetic_code,
        )


def read_unlabelled(data: Path, options: DataOptions, model: "SavedModel") -> "Genes":
    """Reads genes to predict as those were read that the model was trained on, and says what was changed.

    Args:
        data: The file.
        options: Of the user, where he wants it otherwise.
        model: For its alphabet, its genetic code and its rules.

    Raises:
        UsageError: The user says another alphabet or genetic code than the model's, or names labels.
        DataError: Says what is wrong with which row, and what to do.
    """
    from hpo.errors import UsageError
    from hpo.terminal import say, step
    from model.reading import read_genes
    from model.translation import STANDARD

    _refuse_labels(options)
    alphabet = model.alphabet
    if options.alphabet not in ("auto", alphabet):
        raise UsageError(
            f"This model reads {alphabet}, not {options.alphabet}.",
            f"Give it {alphabet} sequences, or a model that was trained on {options.alphabet}.",
        )
    _refuse_irregular(data)
    code = model.encoder.genetic_code
    if options.genetic_code not in (STANDARD, code):
        raise UsageError(f"This model reads codons by genetic code {code}.", "Leave out --genetic-code.")
    with step(f"Reading {data.name}"):
        genes = read_genes(
            data,
            sequence_column=options.sequence_column,
            id_column=options.id_column,
            alphabet=options.alphabet,
            expected=alphabet,
            trained=model.origin.columns,
            require_labels=False,
            rules=options.rules(model.rules),
            where=options.where(),
            longest=options.longest,
            memory=options.memory,
            genetic_code=code,
        )
    for line in genes.provenance.in_words():
        say(line)
    return genes


def _refuse_labels(options: DataOptions) -> None:
    from hpo.errors import UsageError

    named = {"--labels": options.labels, "--label-column": options.label_column, "--intermediate": options.intermediate}
    for option, value in named.items():
        if value is not None:
            raise UsageError(f"predict reads no labels, so {option} says nothing here.", "Leave it out.")


def _refuse_irregular(path: Path) -> None:
    from model.errors import DataError
    from model.files import check_regular

    try:
        check_regular(path)
    except FileNotFoundError:
        return  # whoever reads it says so
    except OSError as error:
        raise DataError(
            f"The file {path} cannot be read: {error.strerror}.", "Save what a pipe gives to a file, and name that."
        ) from error
