"""The linear path: a weight for everything that a linear model would look at, added to the network's logit.

It learns at once what single letters do, and leaves to the network what they do together. It begins at zero, or
by position at a logistic regression (`model.regression`); then the gradient decides how much of either is used.

Source: the wide part of wide and deep learning, Cheng et al. 2016.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.encoding import PAD
from model.gpu.gathering import sum_up

#: Words are as long as keeps their number below this, and no longer than `LONGEST_WORD`.
MOST_WORDS = 60_000
LONGEST_WORD = 6


class ByPosition(nn.Module):
    """One weight per position and letter, summed over a sequence.

    The consensus letter of a position has none: in nearly every row, such weights would be one huge bias in pieces.
    A mutation counts twice: by its position and letter, and by its position alone (the weight in padding's place), for
    most mutations are rare, and those of one position often do the same.

    Args:
        positions: P; letters beyond have no weight.
        vocabulary_size: V.
        stated: Whether tokens say their own position, as mutations do: position * V + letter. Otherwise they stand
            at it.
    """

    def __init__(self, positions: int, vocabulary_size: int, stated: bool) -> None:
        super().__init__()
        self._stated = stated
        self.weight = nn.Parameter(torch.empty(positions, vocabulary_size))
        #: [P, V], 1 where a letter counts: all but padding and the consensus.
        self.counted: Tensor
        self.register_buffer("counted", torch.empty(positions, vocabulary_size))

    def begin(self, consensus: Tensor) -> None:
        """Sets the weights to 0 and leaves out what counts nothing.

        Args:
            consensus: [P], the consensus letter of each position, which is left out; mutations have none.
        """
        self.weight.zero_()
        self.counted.fill_(1.0)
        if not self._stated:
            self.counted[:, PAD] = 0.0
            self.counted.scatter_(1, consensus.unsqueeze(1), 0.0)

    def forward(self, tokens: Tensor, lengths: Tensor | None) -> Tensor:
        """Sums up.

        Args:
            tokens: [T, B], PAD after each sequence's end.
            lengths: Not needed: padding counts nothing.

        Returns:
            [B].
        """
        weights = self.weight * self.counted
        if tokens.is_cuda:
            # The gradient of an index takes a GPU as long as half a layer.
            return sum_up(weights, tokens, self._stated)
        found = functional.embedding(self._index(tokens), weights.view(-1, 1)).squeeze(2)
        if self._stated:
            alone = functional.embedding(self._positions(tokens), weights.view(-1, 1)).squeeze(2)
            found = (found + alone) * (tokens != PAD)
        return found.sum(dim=0)

    def features(self, tokens: Tensor) -> Tensor:
        """Tells which weights count for each row, as `forward` adds them up.

        Args:
            tokens: [T, B].

        Returns:
            [F, B] into the flattened [P * V], -1 for none; F is T, or 2 T for mutations.
        """
        index = self._index(tokens)
        if self._stated:
            both, padding = torch.cat([index, self._positions(tokens)]), torch.cat([tokens, tokens]) == PAD
            return both.masked_fill(padding, -1)
        return index.masked_fill(self.counted.view(-1)[index] == 0.0, -1)

    def _index(self, tokens: Tensor) -> Tensor:
        index = tokens.long()
        if self._stated:
            return index
        positions, letters = self.weight.shape
        place = torch.arange(len(tokens), device=tokens.device).unsqueeze(1)
        return torch.where(place < positions, index + place * letters, PAD)

    def _positions(self, tokens: Tensor) -> Tensor:
        """Where the weights of mutations' positions are; padding's is not to be taken."""
        return (tokens - tokens % self.weight.shape[1]).long()


class ByWord(nn.Module):
    """One weight per word of k letters, wherever it stands; summed, and divided by the root of the number of words.

    Args:
        vocabulary_size: V.
    """

    def __init__(self, vocabulary_size: int) -> None:
        super().__init__()
        self._letters = vocabulary_size
        self._size = word_size(vocabulary_size)
        self.weight = nn.Parameter(torch.empty(vocabulary_size**self._size, 1))

    def begin(self, consensus: Tensor) -> None:
        """Sets the weights to 0."""
        self.weight.zero_()

    def forward(self, tokens: Tensor, lengths: Tensor | None) -> Tensor:
        """Sums up; a sequence shorter than a word has none.

        Args:
            tokens: [T, B].
            lengths: [B] int64; or None where every sequence has T tokens.

        Returns:
            [B].
        """
        places = len(tokens) - self._size + 1
        if places < 1:
            return self.weight.new_zeros(tokens.shape[1])
        words = tokens[:places].long()
        for offset in range(1, self._size):
            words = words * self._letters + tokens[offset : offset + places].long()
        counts = places if lengths is None else lengths - self._size + 1
        inside = torch.arange(places, device=tokens.device).unsqueeze(1) < counts
        total = (functional.embedding(words, self.weight).squeeze(2) * inside).sum(0)
        return total / inside.sum(0).clamp(min=1).sqrt()


def word_size(vocabulary_size: int) -> int:
    """Returns k, letters of a word."""
    sizes = range(LONGEST_WORD, 1, -1)
    return next((size for size in sizes if vocabulary_size**size <= MOST_WORDS), 1)


LinearPath = ByPosition | ByWord
