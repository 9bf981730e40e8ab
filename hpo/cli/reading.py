"""Reading what the user named, with the options of the command line."""

from pathlib import Path
from typing import TYPE_CHECKING

from hpo.cli.options import DataOptions

if TYPE_CHECKING:
    from model.alphabet import Alphabet
    from model.genes import Genes


def read_labelled(data: Path, options: DataOptions, require_labels: bool = True) -> "Genes":
    """Reads the genes in a file.

    Args:
        data: The file.
        options: Columns, alphabet and what to do with intermediate results.
        require_labels: Whether rows without a label are an error.

    Raises:
        DataError: Says what is wrong with which row, and what to do.
    """
    from hpo.terminal import step
    from model.reading import read_genes

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
            intermediate=options.intermediate,
            require_labels=require_labels,
        )


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
    _refuse_irregular(data)
    with step(f"Reading {data.name}"):
        return read_genes(
            data,
            sequence_column=options.sequence_column,
            id_column=options.id_column,
            alphabet=alphabet,
            require_labels=False,
        )


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
