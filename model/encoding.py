"""From letters to tokens: whole sequences here, mutations in `model.mutations`.

Token 0 is padding, 1 is unknown (any ambiguity), letters start at 2 in alphabetical order:
nucleotide A C G T; amino_acid A C D E ... Y; codon AAA AAC AAG AAT ACA ... TTT (all 64 under every genetic
code; those that are stops are never seen).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

from model.alphabet import AMINO_ACIDS, BASES, GAP, Alphabet, has_gaps, without_gaps
from model.errors import DataError
from model.genes import Genes, Indices
from model.ragged import Ragged
from model.translation import CODONS, STOP, codon_numbers, translations

WholeEncoding = Literal["nucleotide", "codon", "amino_acid"]
#: Of amino acids, and of nucleotides.
MutationEncoding = Literal["mutation", "mutation_nucleotide"]
Encoding = Literal[WholeEncoding, MutationEncoding]

PAD = 0
UNKNOWN = 1
_SPECIAL = ("<pad>", "<unknown>")
_VOCABULARIES: dict[WholeEncoding, tuple[str, ...]] = {
    "nucleotide": (*_SPECIAL, *BASES),
    "codon": (*_SPECIAL, *CODONS),
    "amino_acid": (*_SPECIAL, *AMINO_ACIDS),
}
# Marks a stop and an incomplete codon; no vocabulary reaches this far.
_END = 255
# Letters encoded at a time, so that intermediate arrays stay at some tens of megabytes.
_CHUNK = 2**20
# Stands for a sequence without letters, and is read as unknown in every alphabet.
_NOTHING = "?"


@dataclass(frozen=True, eq=False)
class Encoded:
    """Sequences as tokens.

    Attributes:
        tokens: N rows: letters as uint8, or mutations as int32, which are position * V + letter. A sequence without a
            token is one UNKNOWN.
        vocabulary_size: V, letters with PAD and UNKNOWN.
        positions: P that a mutation can have; None where tokens are letters and stand at their position.
    """

    tokens: Ragged
    vocabulary_size: int
    positions: int | None = None

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """[N], at least 1."""
        return self.tokens.lengths

    @property
    def empty(self) -> NDArray[np.bool_]:
        """[N], which whole sequences have no token of their own: all they are is one UNKNOWN."""
        empty: NDArray[np.bool_] = (self.lengths == 1) & (self.tokens.flat[self.tokens.starts] == UNKNOWN)
        return empty

    def subset(self, indices: Indices) -> "Encoded":
        """Takes some rows (numbers from 0, or a mask [N]); T stays as it is."""
        return replace(self, tokens=self.tokens.subset(indices))

    def identities(self) -> NDArray[np.int64]:
        """Number the distinct rows by first appearance: [N], equal where all tokens are equal."""
        return self.tokens.identities()


def whole_encodings(alphabet: Alphabet) -> tuple[WholeEncoding, ...]:
    """Names the encodings that whole sequences of this alphabet can have."""
    return get_args(WholeEncoding) if alphabet == "dna" else ("amino_acid",)


def mutation_encodings(alphabet: Alphabet) -> tuple[MutationEncoding, ...]:
    """Names the encodings that genes of this alphabet can have where they descend from one ancestor."""
    return get_args(MutationEncoding) if alphabet == "dna" else ("mutation",)


def encodings_for(alphabet: Alphabet) -> tuple[Encoding, ...]:
    """Names all encodings that sequences of this alphabet can have."""
    return (*whole_encodings(alphabet), *mutation_encodings(alphabet))


def whole_encoding(encoding: Encoding) -> WholeEncoding:
    """Names the letters that an encoding tells of: those of mutations, or an encoding's own."""
    told: dict[Encoding, WholeEncoding] = {"mutation": "amino_acid", "mutation_nucleotide": "nucleotide"}
    return told.get(encoding) or cast(WholeEncoding, encoding)


def is_mutation(encoding: str) -> bool:
    """Says whether an encoding gives a gene by its mutations."""
    return encoding in get_args(MutationEncoding)


def vocabulary(encoding: WholeEncoding, *, gaps: bool = False) -> tuple[str, ...]:
    """Names every token of a whole encoding; the index is the token. Gaps that are kept come last; codons have none."""
    return (*_VOCABULARIES[encoding], GAP) if gaps and encoding != "codon" else _VOCABULARIES[encoding]


def spelled(token: int, encoding: WholeEncoding, genetic_code: int = 1, *, gaps: bool = False) -> str:
    """Writes a token for people: A, ATC (I), K; a dash for padding and, where they are kept, for a gap."""
    if token == PAD:
        return "–"
    word = vocabulary(encoding, gaps=gaps)[token]
    if encoding != "codon" or token == UNKNOWN:
        return word
    residue = next(residue for codon, residue in translations(genetic_code).values() if codon == word)
    return f"{word} ({residue})"


def encode(genes: Genes, encoding: WholeEncoding, genetic_code: int = 1, *, gaps: bool | None = None) -> Encoded:
    """Encode whole sequences as tokens.

    Nucleotides keep the whole sequence. Codons and amino acids go up to the first stop, which is not
    included; an incomplete last codon is dropped. Proteins are encoded as they are. Gaps that were kept are a letter of
    nucleotides and of proteins; codons are read without them.

    Args:
        genes: N rows.
        encoding: One of `whole_encodings(genes.alphabet)`.
        genetic_code: NCBI's number, for codons and the translation of DNA.
        gaps: Whether gaps are a letter; by default where there is one.

    Raises:
        DataError: The alphabet does not have this encoding, or the genetic code is unknown.
    """
    allowed = whole_encodings(genes.alphabet)
    if encoding not in allowed:
        raise DataError(
            f"{genes.alphabet} sequences cannot be encoded as {encoding!r}.",
            f"Allowed: {', '.join(allowed)}.",
        )
    by_codon = genes.alphabet == "dna" and encoding != "nucleotide"
    gaps = has_gaps(genes.sequences) if gaps is None else gaps
    sequences = without_gaps(genes.sequences) if by_codon else genes.sequences
    if by_codon:
        codons = _codon_table(encoding, genetic_code)
        parts = [_codons(part, codons) for part in _parts(sequences)]
    else:
        letters = _letter_table(encoding, gaps).tobytes()
        parts = [_letters(part, letters) for part in _parts(sequences)]
    flat = np.concatenate([np.zeros(0, np.uint8), *(tokens for tokens, _ in parts)])
    lengths = np.concatenate([np.zeros(0, np.int64), *(length for _, length in parts)])
    return Encoded(Ragged.of(flat, lengths), len(vocabulary(encoding, gaps=gaps)))


def _parts(sequences: Sequence[str]) -> Iterator[Sequence[str]]:
    """Parts rows, few letters a part; one that is longer stands alone."""
    ends = np.cumsum(np.fromiter(map(len, sequences), np.int64, len(sequences)))
    start = 0
    while start < len(sequences):
        before = int(ends[start - 1]) if start else 0
        stop = max(int(np.searchsorted(ends, before + _CHUNK, side="right")), start + 1)
        yield sequences[start:stop]
        start = stop


def _letters(sequences: Sequence[str], table: bytes) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Reads letters as tokens: those of all sequences, one after another, and the length of each."""
    full = [sequence or _NOTHING for sequence in sequences]
    # `bytes.translate` takes half of the time of an index.
    tokens = np.frombuffer("".join(full).encode("ascii").translate(table), np.uint8)
    return tokens, np.fromiter(map(len, full), np.int64, len(full))


def _codons(sequences: Sequence[str], table: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Reads codons up to the first stop as tokens: likewise."""
    counts = np.maximum((np.fromiter(map(len, sequences), np.int64, len(sequences)) + 2) // 3, 1)
    whole = zip(sequences, (3 * counts).tolist(), strict=True)
    tokens = table[codon_numbers("".join([one.ljust(letters, "\0") for one, letters in whole]).encode("ascii"))]
    starts = np.cumsum(counts) - counts
    ends = np.flatnonzero(tokens == _END)
    row = np.searchsorted(starts, ends, side="right") - 1
    lengths = counts.copy()
    # From the last to the first, so that the first end of a row is what stays.
    lengths[row[::-1]] = (ends - starts[row])[::-1]
    tokens[starts[lengths == 0]] = UNKNOWN
    lengths[lengths == 0] = 1
    # 1 from a row's begin to before its end, else 0: its steps up and down, summed.
    kept = np.zeros(len(tokens) + 1, dtype=np.int8)
    kept[starts] = 1
    kept[starts + lengths] -= 1
    return tokens[np.cumsum(kept[:-1], dtype=np.int8).view(np.bool_)], lengths


def _letter_table(encoding: WholeEncoding, gaps: bool) -> NDArray[np.uint8]:
    """Token by ASCII code [256]."""
    table = np.full(256, UNKNOWN, dtype=np.uint8)
    for token, letter in enumerate(vocabulary(encoding, gaps=gaps)[len(_SPECIAL) :], start=len(_SPECIAL)):
        table[ord(letter)] = token
    return table


def _codon_table(encoding: WholeEncoding, genetic_code: int) -> NDArray[np.uint8]:
    """Token by codon number [4096]."""
    token_of = {letter: token for token, letter in enumerate(vocabulary(encoding))}
    table = np.full(4096, _END, dtype=np.uint8)
    for number, (codon, residue) in translations(genetic_code).items():
        if residue != STOP:
            table[number] = token_of.get(codon if encoding == "codon" else residue, UNKNOWN)
    return table
