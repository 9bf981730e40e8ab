"""From letters to tokens: whole sequences here, mutations in `model.mutations`.

Token 0 is padding, 1 is unknown (any ambiguity), letters start at 2 in alphabetical order:
nucleotide A C G T; amino_acid A C D E ... Y; codon AAA AAC AAG AAT ACA ... TTT (all 64 under every genetic
code; those that are stops are never seen).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

from model.alphabet import AMINO_ACIDS, BASES, GAP, Alphabet, has_gaps, without_gaps
from model.errors import DataError
from model.genes import Genes, Indices
from model.translation import CODONS, STOP, codon_numbers, translations

WholeEncoding = Literal["nucleotide", "codon", "amino_acid"]
#: Of amino acids, and of nucleotides.
MutationEncoding = Literal["mutation", "mutation_nucleotide"]
Encoding = Literal[WholeEncoding, MutationEncoding]
#: Letters as uint8, or mutations as int32.
Tokens = NDArray[np.integer[Any]]

PAD = 0
UNKNOWN = 1
_SPECIAL = ("<pad>", "<unknown>")
_VOCABULARIES: dict[WholeEncoding, tuple[str, ...]] = {
    "nucleotide": (*_SPECIAL, *BASES),
    "codon": (*_SPECIAL, *CODONS),
    "amino_acid": (*_SPECIAL, *AMINO_ACIDS),
}
# Marks the first stop, an incomplete codon and what lies behind a sequence; no vocabulary reaches this far.
_END = 255
# Letters encoded at a time, padding included, so that intermediate arrays stay at some megabytes.
_CHUNK = 2**22
# Times the letters that sequences of about one length take at most, padded.
_EVEN = 2
# Padding of a data set: its share of all tokens from which it is refused, once it takes this many bytes.
_MOST_PADDING = 0.9
_MANY_BYTES = 2**31


@dataclass(frozen=True, eq=False)
class Encoded:
    """Sequences as tokens.

    Attributes:
        tokens: [N, T], padded with 0 at the end: letters as uint8, or mutations as int32, which are
            position * V + letter.
        lengths: [N], at least 1: a sequence without a token is one UNKNOWN.
        vocabulary_size: V, letters with PAD and UNKNOWN.
        positions: P that a mutation can have; None where tokens are letters and stand at their position.
    """

    tokens: Tokens
    lengths: NDArray[np.int64]
    vocabulary_size: int
    positions: int | None = None

    def __len__(self) -> int:
        return len(self.lengths)

    def subset(self, indices: Indices) -> "Encoded":
        """Takes some rows (numbers from 0, or a mask [N]); T stays as it is."""
        return replace(self, tokens=self.tokens[indices], lengths=self.lengths[indices])

    def identities(self) -> NDArray[np.int64]:
        """Number the distinct rows by first appearance: [N], equal where all tokens are equal."""
        numbers: dict[bytes, int] = {}
        rows = (blake2b(row, digest_size=16).digest() for row in np.ascontiguousarray(self.tokens))
        return np.fromiter((numbers.setdefault(row, len(numbers)) for row in rows), np.int64, len(self))


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
    table = _codon_table(encoding, genetic_code) if by_codon else _letter_table(encoding, gaps)
    sequences = without_gaps(genes.sequences) if by_codon else genes.sequences
    lengths = np.ones(len(genes), dtype=np.int64)
    chunks = []
    for rows in _parts(sequences):
        texts = sequences[rows] if isinstance(rows, slice) else [sequences[row] for row in rows]
        longest = max(map(len, texts))
        width = max(-(-longest // 3) * 3 if by_codon else longest, 3)
        text = "".join([one.ljust(width, "\0") for one in texts]).encode("ascii")
        tokens = table[codon_numbers(text, width)] if by_codon else _looked_up(text, table, width)
        lengths[rows] = _close(tokens)
        chunks.append((rows, tokens[:, : lengths[rows].max()]))
    _check_padding(genes, lengths)
    tokens = np.zeros((len(genes), lengths.max(initial=1)), dtype=np.uint8)
    for rows, part in chunks:
        tokens[rows, : part.shape[1]] = part
    return Encoded(tokens, lengths, len(vocabulary(encoding, gaps=gaps)))


def _parts(sequences: Sequence[str]) -> Iterator[slice | NDArray[np.int64]]:
    """Parts rows, few letters a part with their padding; by length where one long sequence would pad many others."""
    lengths = np.fromiter(map(len, sequences), np.int64, len(sequences))
    longest = max(int(lengths.max(initial=1)), 1)
    if len(lengths) * longest <= _EVEN * lengths.sum():
        count = max(_CHUNK // longest, 1)
        yield from (slice(start, start + count) for start in range(0, len(lengths), count))
        return
    order = np.argsort(lengths, kind="stable")
    while len(order):
        # The longest row of a part stands last.
        count = int(np.searchsorted(lengths[order] * np.arange(1, len(order) + 1), _CHUNK, side="right"))
        yield order[: max(count, 1)]
        order = order[max(count, 1) :]


def _check_padding(genes: Genes, lengths: NDArray[np.int64]) -> None:
    """Refuses what would be large, and padding for the most part.

    Raises:
        DataError: Naming the longest.
    """
    size, longest = len(genes), int(lengths.max(initial=1))
    if size * longest > _MANY_BYTES and lengths.sum() < (1 - _MOST_PADDING) * size * longest:
        raise DataError(
            f"Sequence {genes.ids[int(lengths.argmax())]!r} has {longest:,} tokens, half of all have "
            f"{np.median(lengths):,.0f} or fewer: padded to one length, {size:,} sequences take "
            f"{size * longest / 2**30:.1f} GiB.",
            "Leave out what is so long.",
        )


def _looked_up(text: bytes, table: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """Gives the token of each letter [N, width]: `bytes.translate` takes half of the time of an index."""
    return np.frombuffer(bytearray(text.translate(table.tobytes())), np.uint8).reshape(-1, width)


def _close(tokens: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Blank everything from the first _END of each row on, in place; give the lengths."""
    ended = tokens == _END
    lengths: NDArray[np.int64] = np.where(ended.any(axis=1), ended.argmax(axis=1), tokens.shape[1])
    tokens[np.arange(tokens.shape[1]) >= lengths[:, None]] = PAD
    tokens[lengths == 0, 0] = UNKNOWN
    lengths[lengths == 0] = 1
    return lengths


def _letter_table(encoding: WholeEncoding, gaps: bool) -> NDArray[np.uint8]:
    """Token by ASCII code [256]."""
    table = np.full(256, UNKNOWN, dtype=np.uint8)
    for token, letter in enumerate(vocabulary(encoding, gaps=gaps)[len(_SPECIAL) :], start=len(_SPECIAL)):
        table[ord(letter)] = token
    table[0] = _END
    return table


def _codon_table(encoding: WholeEncoding, genetic_code: int) -> NDArray[np.uint8]:
    """Token by codon number [4096]."""
    token_of = {letter: token for token, letter in enumerate(vocabulary(encoding))}
    table = np.full(4096, _END, dtype=np.uint8)
    for number, (codon, residue) in translations(genetic_code).items():
        if residue != STOP:
            table[number] = token_of.get(codon if encoding == "codon" else residue, UNKNOWN)
    return table
