"""Small networks."""

from dataclasses import replace

import numpy as np
import torch
from hypothesis import strategies as st
from torch import Tensor

from model.configuration import original_configuration

VOCABULARY = 7


CONSENSUS = np.array([1, 2, 3, 4, 5, 6, 1, 1, 0, 2])  # some sequences are longer


TINY = replace(original_configuration("protein"), embedding_size=3, hidden_size=4, dropout=0.0)


def padded(sequences: list[list[int]], steps: int) -> tuple[Tensor, Tensor]:
    """Tokens [T, B] and lengths [B]."""
    tokens = torch.zeros(steps, len(sequences), dtype=torch.uint8)
    for column, sequence in enumerate(sequences):
        tokens[: len(sequence), column] = torch.tensor(sequence, dtype=torch.uint8)
    return tokens, torch.tensor([len(sequence) for sequence in sequences])


sequences = st.lists(st.lists(st.integers(1, VOCABULARY - 1), min_size=1, max_size=12), min_size=1, max_size=5)
