"""Where in a gene a model's answer comes from: each letter is changed to those that are common there.

A model that reads mutations is asked what each of the gene's own does, and what the common ones would do.
"""

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from hpo.errors import HpoError
from hpo.use.formulas import as_text
from hpo.use.table import write_rows
from model.genes import Genes
from model.mutagenesis import change_letters
from model.saving.loading import SavedModel, load_model


@dataclass(frozen=True)
class LetterChange:
    """One changed letter of one gene, and what it does."""

    id: str
    position: int  #: from 1, in what the model reads: nucleotides, codons or residues; of the ancestor, for mutations
    letter: str  #: that the gene has there: a letter, or a mutation such as p.Ser315Thr
    changed_to: str
    probability_change: float  #: of resistance, minus 1 to 1


def explain(folder: Path, read: Callable[[SavedModel], Genes], device: str) -> list[LetterChange]:
    """Loads a model and changes genes letter by letter.

    Args:
        folder: That `finalize` wrote.
        read: Reads the genes, given the model, in its alphabet and by its rules.
        device: As PyTorch names it, or "auto".

    Returns:
        Gene by gene, the largest changes first.

    Raises:
        SavedModelError: The folder holds no sound model.
        DataError: The genes cannot be read.
    """
    model = load_model(folder)
    genes = read(model)
    encoding, encoder = model.config.encoding, model.encoder
    encoded = encoder.encode(genes, encoding)
    made: list[LetterChange] = []
    for row, name in enumerate(genes.ids):
        found = change_letters(model.networks, encoded, row, model.letters, device)
        changes = [
            LetterChange(
                name,
                int(place) + 1,
                encoder.spelled(int(place), int(before), encoding),
                encoder.spelled(int(place), int(letter), encoding),
                round(float(change), 6),
            )
            for place, before, letter, change in zip(
                found.places, found.before, found.letters, found.change, strict=True
            )
        ]
        made += sorted(changes, key=lambda change: -abs(change.probability_change))
    return made


def write_changes(changes: Sequence[LetterChange], path: Path) -> None:
    """Writes changes as CSV."""
    try:
        with path.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
            names = [field.name for field in fields(LetterChange)]
            write_rows(file, names, ((as_text(change.id), *astuple(change)[1:]) for change in changes))
    except OSError as error:
        raise HpoError(f"{path} cannot be written: {error.strerror}.", "Choose another --explain.") from error
