"""Our optimizer takes torch's steps; and a training brings no compiler and no algebra into the process."""

import subprocess
import sys

import pytest
import torch

from model.adam import Adam

#: Prints what a whole training of one epoch imported of torch's compiler and of what that needs.
_TRAINING = """
import sys
import numpy as np
from model.batching import Examples
from model.configuration import LearnerConfig, TrainingSettings, original_configuration
from model.training import train_fold
from model.ragged import Ragged
rows = Examples(Ragged.of(np.full(24, 2, dtype=np.uint8), np.full(8, 3)), np.arange(8) < 4)
train_fold(original_configuration("dna"), TrainingSettings(max_epochs=1, engine="stock"), rows, rows, 6, seed=0)
print([name for name in ("torch._dynamo", "sympy") if name in sys.modules])
"""


@pytest.mark.slow
def test_its_steps_are_those_of_torch() -> None:
    generator = torch.Generator().manual_seed(0)
    ours = [torch.nn.Parameter(torch.randn(4, 3, generator=generator)) for _ in range(3)]
    theirs = [torch.nn.Parameter(one.detach().clone()) for one in ours]
    adam, reference = Adam(ours, weight_decay=0.1), torch.optim.AdamW(theirs, weight_decay=0.1, fused=True)
    for step in range(1, 6):
        adam.learning_rate = reference.param_groups[0]["lr"] = 0.01 * step
        for one, other in zip(ours, theirs, strict=True):
            one.grad = torch.sin(3 * one.detach())
            other.grad = torch.sin(3 * other.detach())
        adam.step()
        reference.step()
    for one, other in zip(ours, theirs, strict=True):
        assert torch.equal(one, other)


@pytest.mark.slow
def test_training_imports_no_compiler() -> None:
    ran = subprocess.run([sys.executable, "-c", _TRAINING], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
