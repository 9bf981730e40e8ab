"""A plain regression that was fitted once, as numbers and weights: it predicts what it predicted then, of any gene."""

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from model.baseline.features import Kind, feature_numbers
from model.encoder import Encoder
from model.encoding import Encoding, MutationEncoding
from model.genes import Genes

#: What each is called, and what it sees.
NAMES: dict[str, Kind] = {
    "logistic_regression": "position",
    "mutation_logistic_regression": "mutation",
    "kmer_logistic_regression": "word",
}


@dataclass(frozen=True, eq=False)
class KeptBaseline:
    """A logistic regression.

    Attributes:
        name: One of `NAMES`.
        encoding: By which it reads genes: of whole sequences, or of mutations.
        ancestor: That mutations are told from; None for whole sequences.
        base: As `feature_numbers` takes it, likewise `size`.
        numbers: [F] ascending, what has a weight.
        weights: [F].
        intercept: Of a gene that has nothing of these.
    """

    name: str
    encoding: Encoding
    ancestor: str | None
    base: int
    size: int
    numbers: NDArray[np.int64]
    weights: NDArray[np.float64]
    intercept: float

    def probabilities(self, genes: Genes, genetic_code: int, gaps: bool) -> NDArray[np.float64]:
        """Computes P(resistant) [N].

        Args:
            genes: N rows, cleaned as the training genes were.
            genetic_code: NCBI's number.
            gaps: Whether gaps of an alignment are letters.

        Raises:
            DataError: A gene is too long to be compared.
        """
        ancestors = {} if self.ancestor is None else {cast(MutationEncoding, self.encoding): self.ancestor}
        encoded = Encoder(genetic_code, ancestors, gaps).encode(genes, self.encoding)
        rows, numbers = feature_numbers(NAMES[self.name], encoded.tokens, self.base, self.size)
        scores = np.full(len(genes), self.intercept)
        if len(self.numbers):
            places = np.minimum(np.searchsorted(self.numbers, numbers), len(self.numbers) - 1)
            known = self.numbers[places] == numbers
            scores += np.bincount(rows[known], weights=self.weights[places[known]], minlength=len(genes))
        return np.asarray(np.exp(-np.logaddexp(0.0, -scores)))
