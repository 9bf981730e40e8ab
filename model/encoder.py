"""Encodes the genes of a study or model: whole sequences, or mutations of the ancestor that the genes descend from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from model.encoding import Encoded, Encoding, MutationEncoding, WholeEncoding, encode, is_mutation, spelled, vocabulary
from model.genes import Genes
from model.mutations import encode_mutations, letters_of, written


@dataclass(frozen=True)
class Encoder:
    """What has to be known besides the genes themselves.

    Attributes:
        genetic_code: NCBI's number, for codons and the translation of DNA.
        ancestors: The ancestor's amino acids or nucleotides, by the encoding that is told from it; none where the genes
            have no ancestor in common.
        gaps: Whether gaps of an alignment are a letter of whole sequences; codons and mutations have none.
    """

    genetic_code: int = 1
    ancestors: Mapping[MutationEncoding, str] = field(default_factory=dict)
    gaps: bool = False

    def encode(self, genes: Genes, encoding: Encoding) -> Encoded:
        """Encodes genes as tokens.

        Args:
            genes: N rows.
            encoding: One that the alphabet has; of mutations only where there is an ancestor.

        Raises:
            DataError: The alphabet does not have this encoding, or the genetic code is unknown.
        """
        if is_mutation(encoding):
            kind = cast(MutationEncoding, encoding)
            return encode_mutations(genes, kind, self.genetic_code, self.ancestors[kind])
        return encode(genes, cast(WholeEncoding, encoding), self.genetic_code, gaps=self.gaps)

    def ancestor(self, encoding: Encoding) -> str | None:
        """Returns what mutations are told from; None for an encoding of whole sequences."""
        return self.ancestors[cast(MutationEncoding, encoding)] if is_mutation(encoding) else None

    def vocabulary(self, encoding: Encoding) -> tuple[str, ...]:
        """Names every letter of an encoding: of sequences, or of mutations."""
        if is_mutation(encoding):
            return letters_of(cast(MutationEncoding, encoding))
        return vocabulary(cast(WholeEncoding, encoding), gaps=self.gaps)

    def spelled(self, place: int, letter: int, encoding: Encoding) -> str:
        """Writes a letter for people.

        Args:
            place: Position, from 0.
            letter: That stands there; of mutations 0 is the ancestor's.
            encoding: Of the letter.

        Returns:
            A, ATC (I), K; of mutations p.Ser315Thr, or Ser315 for the ancestor's letter.
        """
        if not is_mutation(encoding):
            return spelled(letter, cast(WholeEncoding, encoding), self.genetic_code, gaps=self.gaps)
        kind = cast(MutationEncoding, encoding)
        return written(place, letter, kind, self.ancestors[kind])
