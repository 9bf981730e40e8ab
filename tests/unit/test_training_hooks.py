"""What a training does between batches: calls its hooks, and moves nothing that it need not."""

import sys
from dataclasses import replace

import pytest
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from model.configuration import LearnerConfig
from model.epochs import Curves
from model.prediction import EVALUATION_BATCH
from model.training import train_fold
from small_training import CONFIG, SETTINGS, VOCABULARY, examples, fold


class StopError(Exception):
    """Raised by a caller that wants to stop."""


def test_hooks_are_called_after_each_batch_and_epoch_and_may_stop_the_training() -> None:
    epochs: list[int] = []
    batches: list[None] = []

    def on_epoch(curves: Curves, checkpoint: object) -> None:
        epochs.append(curves.epochs)
        if curves.epochs == 2:
            raise StopError

    with pytest.raises(StopError):
        fold(on_epoch=on_epoch, on_batch=lambda: batches.append(None))
    assert epochs == [1, 2]
    # The forty validation rows are one batch more.
    assert len(batches) == 2 * (round(120 / 16) + 1)

    def stop() -> None:
        raise StopError

    with pytest.raises(StopError):
        fold(on_batch=stop)


class ReadBacks(TorchDispatchMode):
    """Counts operations whose result has to reach Python, for which a GPU would stop."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        name = func.overloadpacket.__name__
        self.seen += name in ("_local_scalar_dense", "nonzero", "masked_select", "is_nonzero", "equal", "_unique2")
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
@pytest.mark.parametrize("positions", ["none", "learned"])
def test_no_value_is_read_back_between_the_batches_of_an_epoch(pooling: str, positions: str) -> None:
    config = LearnerConfig.from_dict(
        {**CONFIG.as_dict(), "layers": 2, "dropout": 0.2, "pooling": pooling, "positions": positions}
    )
    with ReadBacks() as read_backs:
        assert float(torch.ones(1).sum()) == 1.0
        assert read_backs.seen == 1  # it counts
        after_each: list[int] = []
        stock = replace(SETTINGS, engine="stock", max_epochs=1)
        fold(config, stock, on_batch=lambda: after_each.append(read_backs.seen))
    assert len(after_each) > 2
    assert after_each[0] == after_each[-1]


class Transfers(TorchFunctionMode):
    """Writes down what moves values between host and device, or would where the device is a GPU."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def __torch_function__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        name = getattr(func, "__name__", "")
        # torch calls `to` when it clips gradients, with the device where they are.
        ours = sys._getframe(1).f_globals["__name__"].startswith("model.")
        to_device = name == "to" and ours and any(isinstance(one, torch.device) for one in args)
        if to_device or name in ("cpu", "cuda", "numpy", "item", "tolist", "copy_", "tensor", "__bool__", "__float__"):
            self.seen.append(name)
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
@pytest.mark.parametrize("positions", ["none", "learned"])
def test_an_epoch_moves_its_order_to_the_device_and_its_sums_and_logits_back(pooling: str, positions: str) -> None:
    config = replace(CONFIG, layers=2, dropout=0.2, pooling=pooling, positions=positions)  # type: ignore[arg-type]
    validation = examples(3 * EVALUATION_BATCH, seed=1)
    stock = replace(SETTINGS, engine="stock", max_epochs=3)  # hooks are called between epochs
    ends: list[int] = []

    def on_epoch(*_: object) -> None:
        ends.append(len(transfers.seen))

    with Transfers() as transfers:
        train_fold(config, stock, examples(120), validation, VOCABULARY, 1, on_epoch=on_epoch)
    # The order and each row's share of its weight; loss and accuracy; then the validation rows' logits.
    assert transfers.seen[ends[0] : ends[1]] == ["to", "to", "tolist", "cpu", "numpy"]
