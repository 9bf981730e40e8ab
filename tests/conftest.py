"""What every test needs: a process as it was before."""

from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(autouse=True)
def _denormal_numbers() -> Iterator[None]:
    """Training flushes denormal numbers for its whole process; Hypothesis refuses to draw floats in such a one."""
    yield
    torch.set_flush_denormal(False)
