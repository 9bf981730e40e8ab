"""The development rows as the learner wants them: encoded once per encoding, divided by fold."""

from functools import cache
from typing import cast

import numpy as np
from numpy.typing import NDArray

from hpo.errors import ContractError
from hpo.study.contract import Contract
from model.encoder import Encoder
from model.encoding import Encoded, Encoding
from model.genes import Genes
from model.snapshot import from_bytes
from model.training import Examples
from storage.artifacts import ArtifactStore


class DevelopmentRows:
    """The development part of a study's data.

    Args:
        genes: The development rows with labels.
        folds: [N] the fold in which a row is validated.
        encoder: Of the study.
    """

    def __init__(self, genes: Genes, folds: NDArray[np.int64], encoder: Encoder) -> None:
        self.genes = genes
        self.folds = folds
        self.encoder = encoder
        self.encoded = cache(self._encode)

    def training(self, encoding: str, fold: int) -> Examples:
        """All rows that are not validated in `fold`."""
        return self._examples(encoding, np.flatnonzero(self.folds != fold))

    def validation(self, encoding: str, fold: int) -> Examples:
        """The rows of `fold`."""
        return self._examples(encoding, np.flatnonzero(self.folds == fold))

    def validated(self, fold: int) -> int:
        """How many rows are validated in `fold`."""
        return int(np.count_nonzero(self.folds == fold))

    def labels_of_fold(self, fold: int) -> NDArray[np.bool_]:
        """[N_val] of the rows of `fold`, True is resistant."""
        return labels_of(self.genes)[np.flatnonzero(self.folds == fold)]

    def everything(self, encoding: str) -> Examples:
        """All rows, for the final model."""
        return self._examples(encoding, np.arange(len(self.folds)))

    def _encode(self, encoding: str) -> Encoded:
        return self.encoder.encode(self.genes, cast(Encoding, encoding))

    def _examples(self, encoding: str, rows: NDArray[np.int64]) -> Examples:
        encoded = self.encoded(encoding)
        return examples(encoded, self.genes, rows)


def examples(encoded: Encoded, genes: Genes, rows: NDArray[np.int64]) -> Examples:
    """The learner's view of some rows.

    Args:
        encoded: All rows of `genes`, encoded.
        genes: With labels.
        rows: Indices into both.
    """
    return Examples(tokens=encoded.tokens.subset(rows), labels=labels_of(genes)[rows])


def labels_of(genes: Genes) -> NDArray[np.bool_]:
    """[N], True is resistant.

    Raises:
        ContractError: The genes carry no labels.
    """
    if genes.labels is None:
        raise ContractError("These rows carry no labels.")
    return genes.labels


def load_development_rows(contract: Contract, artifacts: ArtifactStore) -> DevelopmentRows:
    """Reads the development rows of a study, and checks that they are the ones of the contract.

    Raises:
        ContractError: The artifact holds other rows than the contract says.
        ArtifactMissingError, ArtifactCorruptError: From the store.
    """
    sealed = contract.data.development
    genes, folds = from_bytes(artifacts.get(sealed.artifact))
    if folds is None or genes.fingerprint() != sealed.fingerprint:
        raise ContractError(
            f"The development data of study {contract.study!r} are not the ones it was made with.",
            f"Expected fingerprint {sealed.fingerprint}, found {genes.fingerprint()}.",
        )
    return DevelopmentRows(genes, folds, contract.encoder)
