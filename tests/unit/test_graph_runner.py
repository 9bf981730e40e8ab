"""What the runner does with graphs, on a machine without a GPU: a graph here only counts what is asked of it."""

import logging
from collections.abc import Iterator
from unittest.mock import MagicMock

import pytest
import torch

from model.gpu import graphs
from model.gpu.graphs import PLAIN_USES, GraphRunner


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[MagicMock]]:
    """The graphs that were made."""
    graphs_made: list[MagicMock] = []

    def make() -> MagicMock:
        graphs_made.append(MagicMock())
        return graphs_made[-1]

    monkeypatch.setattr(torch.cuda, "CUDAGraph", make)
    monkeypatch.setattr(torch.cuda, "graph_pool_handle", lambda: (0, 1))
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    yield graphs_made


def runner_on_a_gpu(**options: object) -> GraphRunner:
    return GraphRunner(torch.device("cuda"), **options)  # type: ignore[arg-type]


def test_a_shape_is_captured_at_its_second_use_and_replayed_from_then_on(made: list[MagicMock]) -> None:
    runner, done = runner_on_a_gpu(), list[tuple[str, bool]]()
    for shape in ("a", "a", "b", "a", "a"):
        runner.run(shape, lambda shape=shape: done.append((shape, runner.is_capturing)))
    assert done == [("a", False), ("a", True), ("b", False)]
    (graph,) = made
    assert graph.replay.call_count == 3
    assert runner.graphs == 1
    runner.close()
    graph.reset.assert_called_once()
    assert runner.graphs == 0


def test_without_capturing_all_work_is_plain(made: list[MagicMock]) -> None:
    runner, done = runner_on_a_gpu(capture=False), list[int]()
    for _ in range(5):
        runner.run("a", lambda: done.append(1))
    assert len(done) == 5
    assert not made


@pytest.mark.parametrize("error", [RuntimeError("old driver"), torch.OutOfMemoryError("full")])
def test_what_cannot_be_captured_goes_on_plainly_from_the_same_random_state(
    error: RuntimeError, made: list[MagicMock], caplog: pytest.LogCaptureFixture
) -> None:
    generator = MagicMock()
    runner, plain = runner_on_a_gpu(generator=lambda: generator), list[int]()

    def work() -> None:
        if runner.is_capturing:
            raise error
        plain.append(1)

    with caplog.at_level(logging.WARNING, logger=graphs.__name__):
        for shape in "aaaaabbbb":
            runner.run(shape, work)
    assert len(plain) == 9
    (graph,) = made  # and no other is tried
    graph.register_generator_state.assert_called_once_with(generator)
    graph.capture_end.assert_called_once()
    graph.reset.assert_called_once()
    generator.graphsafe_set_state.assert_called_once_with(generator.clone_state())
    assert str(error) in caplog.text
    assert len(caplog.records) == 1


def test_an_error_of_plain_work_and_a_stop_within_a_capture_are_the_callers(made: list[MagicMock]) -> None:
    runner = runner_on_a_gpu()

    def stop() -> None:
        if runner.is_capturing:
            raise KeyboardInterrupt

    def fail() -> None:
        raise torch.OutOfMemoryError("full")

    with pytest.raises(torch.OutOfMemoryError):
        runner.run("a", fail)
    for _ in range(PLAIN_USES):
        runner.run("b", stop)
    with pytest.raises(KeyboardInterrupt):
        runner.run("b", stop)
    assert not runner.is_capturing
    assert runner.graphs == 0
