"""Training on a real GPU: the same numbers every time, no waiting within an epoch, and what becomes of a full one."""

import gc
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from optuna.trial import TrialState

import hpo.trial.fold_training
from hpo.signals import StopFlag
from hpo.study.attributes import BUDGET
from hpo.study.opened import OpenedStudy
from hpo.workers.worker import Worker
from model.batching import Examples
from model.configuration import LearnerConfig, TrainingSettings, original_configuration
from model.errors import OutOfMemoryError
from model.prediction import predict
from model.ragged import Ragged
from model.training import FoldResult, train_final, train_fold
from storage.trials.lease import REASON, WorkerIdentity

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")

GPU = "cuda:0"
VOCABULARY = 6
#: Everything that a network of ours can have.
CONFIG = replace(
    original_configuration("dna"),
    embedding_size=8,
    hidden_size=12,
    layers=2,
    batch_size=16,
    learning_rate=0.01,
    dropout=0.3,
    schedule="cosine",
    weight_decay=0.01,
)
SETTINGS = TrainingSettings(max_epochs=4, patience=9, engine="stock")
PRECISIONS = pytest.mark.parametrize("precision", ["fp32", "tf32", "bf16"])
POOLINGS = pytest.mark.parametrize("pooling", ["last", "mean", "max"])
POSITIONS = pytest.mark.parametrize("positions", ["none", "learned"])


def examples(rows: int, seed: int = 0) -> Examples:
    """Resistant where any of the first three letters is a 5."""
    generator = np.random.default_rng(seed)
    lengths = generator.integers(6, 41, rows)
    tokens = generator.integers(2, VOCABULARY, (rows, 40), dtype=np.uint8)
    tokens[np.arange(40) >= lengths[:, None]] = 0
    return Examples(Ragged.of_padded(tokens, lengths), (tokens[:, :3] == 5).any(axis=1))


TRAIN, VALIDATION = examples(240), examples(60, seed=1)


def fold(config: LearnerConfig = CONFIG, settings: TrainingSettings = SETTINGS, **options) -> FoldResult:
    arguments = {"vocabulary_size": VOCABULARY, "seed": 3, "device": GPU, **options}
    return train_fold(config, settings, TRAIN, VALIDATION, **arguments)


def assert_same(one: FoldResult, other: FoldResult) -> None:
    assert one.curves == other.curves
    np.testing.assert_array_equal(one.probabilities, other.probabilities)


@PRECISIONS
@POOLINGS
@POSITIONS
def test_the_same_call_gives_the_same_numbers(precision: str, pooling: str, positions: str) -> None:
    config = replace(CONFIG, pooling=pooling, positions=positions)
    settings = replace(SETTINGS, precision=precision)
    assert_same(fold(config, settings), fold(config, settings))


def test_a_gpu_trains_as_a_cpu_does() -> None:
    # Without dropout, whose random numbers each kind of device has of its own.
    config = replace(CONFIG, dropout=0.0)
    on_gpu, on_cpu = fold(config), fold(config, device="cpu")
    for name, values in vars(on_cpu.curves).items():
        if name.endswith("loss"):
            np.testing.assert_allclose(getattr(on_gpu.curves, name), values, rtol=1e-4)
    np.testing.assert_allclose(on_gpu.probabilities, on_cpu.probabilities, atol=1e-3)


@PRECISIONS
def test_a_coarser_precision_learns_as_well(precision: str) -> None:
    result = fold(replace(CONFIG, dropout=0.1), replace(SETTINGS, precision=precision, max_epochs=20))
    assert max(result.curves.validation_accuracy) > 0.85


class StopError(Exception):
    """Raised by a caller that wants to stop."""


@PRECISIONS
def test_a_fold_goes_on_at_its_checkpoint_to_the_same_numbers(precision: str) -> None:
    settings = replace(SETTINGS, precision=precision)
    checkpoints: list[bytes] = []

    def on_epoch(curves, write) -> None:
        if curves.epochs == 2:
            checkpoints.append(write())
            raise StopError

    with pytest.raises(StopError):
        fold(settings=settings, on_epoch=on_epoch)
    assert_same(fold(settings=settings, checkpoint=checkpoints[0]), fold(settings=settings))


def test_a_network_predicts_the_same_on_both_kinds_of_device() -> None:
    network, _ = train_final(CONFIG, SETTINGS, TRAIN, VOCABULARY, epochs=2, seed=1, device=GPU)
    on_gpu, on_cpu = (predict(network, VALIDATION, device) for device in (GPU, "cpu"))
    np.testing.assert_allclose(on_gpu, on_cpu, atol=1e-5)


@PRECISIONS
@POOLINGS
@POSITIONS
def test_the_host_never_waits_between_the_batches_of_an_epoch(waits, precision, pooling, positions) -> None:
    config = replace(CONFIG, pooling=pooling, positions=positions)
    float(torch.ones(1, device=GPU).sum())
    assert waits() > 0  # it counts
    after_each: list[int] = []
    settings = replace(SETTINGS, max_epochs=2, precision=precision)
    fold(config, settings, on_batch=lambda: after_each.append(waits()))
    # Validation is a batch of its own; the sums are read before it.
    batches = len(after_each) // 2
    assert batches > 10
    for epoch in (0, batches):
        assert after_each[epoch] == after_each[epoch + batches - 2]


def test_a_gpu_without_room_says_so_and_computes_on() -> None:
    # One batch of 20,000 rows of 1,000 tokens of 8,192 features: 655 GB.
    huge = replace(CONFIG, embedding_size=8192, batch_size=10**6)
    many = Examples(Ragged.of(np.ones(20_000_000, np.uint8), np.full(20_000, 1000)), np.arange(20_000) < 9)
    settings = replace(SETTINGS, merge_duplicates=False)
    before = allocated()
    with pytest.raises(OutOfMemoryError, match=r"memory of cuda:0 .*smaller batch size"):
        train_fold(huge, settings, many, VALIDATION, VOCABULARY, seed=1, device=GPU)
    assert allocated() == before
    fold()


SPACE = "encoding = 'codon'\nembedding_size = [4, 8]\nhidden_size = [4, 8, 16]\nlayers = [1, 2]\nbatch_size = 16\n"


@pytest.fixture
def opened(make_study) -> OpenedStudy:
    """A study of two trials of five folds of one epoch."""
    return make_study(trials=2, space=SPACE, training=TrainingSettings(max_epochs=1))()


def worker_on(opened: OpenedStudy) -> Worker:
    identity = WorkerIdentity(worker="w1", host="laptop", pid=1, device=GPU)
    return Worker(opened=opened, identity=identity, device=GPU, stop=StopFlag())


def test_a_full_gpu_fails_the_trial_alone(opened, monkeypatch) -> None:
    real = hpo.trial.fold_training.train_fold

    def without_room(*arguments, **options) -> FoldResult:
        monkeypatch.setattr(hpo.trial.fold_training, "train_fold", real)
        gc.collect()
        torch.cuda.empty_cache()
        torch.cuda.set_per_process_memory_fraction(1e-6)
        try:
            return real(*arguments, **options)
        finally:
            torch.cuda.set_per_process_memory_fraction(1.0)

    monkeypatch.setattr(hpo.trial.fold_training, "train_fold", without_room)
    report = worker_on(opened).work()
    assert (report.failed, report.complete) == (1, 1)
    failed, complete = opened.storage.get_all_trials(opened.handle.study_id)
    assert (failed.state, complete.state) == (TrialState.FAIL, TrialState.COMPLETE)
    assert "memory of cuda:0 is not enough" in failed.user_attrs[REASON]


def test_a_gpus_memory_does_not_grow_from_trial_to_trial(opened) -> None:
    opened.handle.set(BUDGET, 6)
    worker_on(opened).work()
    before = allocated()
    opened.handle.set(BUDGET, 18)
    worker_on(opened).work()
    assert allocated() == before


def allocated() -> int:
    """Bytes that tensors hold on the GPU."""
    gc.collect()
    return torch.cuda.memory_allocated(GPU)


BROKEN = """
import torch
from model.runtime import computes
from model.ragged import Ragged
assert computes("cuda:0")
try:
    torch.zeros(4, device="cuda:0")[torch.tensor([9], device="cuda:0")].cpu()
except RuntimeError as error:
    print(computes("cuda:0"))
"""


def test_a_gpu_computes_no_more_after_an_error_within_a_kernel() -> None:
    done = subprocess.run([sys.executable, "-c", BROKEN], capture_output=True, text=True, timeout=120)
    assert done.stdout == "False\n", done.stderr
