"""Runs work of one shape after another: plainly at first, then as a CUDA graph that was captured once.

Work here is what a step does: it reads its input from, and leaves its results in, tensors that keep their place, asks
the host for nothing, and keeps no other tensor. The plain way runs the very code that is captured, so that equal seeds
give equal numbers either way.
"""

import logging
from collections import Counter
from collections.abc import Callable, Hashable
from contextlib import nullcontext, suppress

import torch

from model.gpu.lanes import GRAPH_LOCK

#: Uses of a shape that run plainly before it is captured. They are steps like any other: what libraries and optimizer
#: set up when they are first used is there afterwards. One is enough: a plain step takes about as long as a capture.
PLAIN_USES = 1

log = logging.getLogger(__name__)


class GraphRunner:
    """Keeps a graph for each shape; belongs to one training (or prediction) in one thread.

    Args:
        device: Where the work runs; only a GPU captures.
        capture: Whether to capture at all. The numbers do not depend on it.
        generator: The device's random generator that the work draws from, if it does.
    """

    def __init__(
        self, device: torch.device, capture: bool = True, generator: Callable[[], torch.Generator | None] = lambda: None
    ) -> None:
        self._is_on_gpu = device.type == "cuda"
        self._captures = capture and self._is_on_gpu
        self._generator = generator
        self._graphs: dict[Hashable, torch.cuda.CUDAGraph] = {}
        self._uses: Counter[Hashable] = Counter()
        #: Whether the work is being captured now, which the optimizer wants to be told.
        self.is_capturing = False
        # One pool for all graphs: they run one after another and leave nothing in it.
        self._pool = torch.cuda.graph_pool_handle() if self._captures else None

    def run(self, shape: Hashable, work: Callable[[], None]) -> None:
        """Does a piece of work; returns before a GPU has done it.

        Args:
            shape: Equal shapes mean equal work.
            work: See above.

        Raises:
            torch.OutOfMemoryError: The device has too little memory.
        """
        self._uses[shape] += 1
        if self._captures and self._uses[shape] == PLAIN_USES + 1:
            self._capture(shape, work)
        graph = self._graphs.get(shape)
        if graph is None:
            with GRAPH_LOCK if self._is_on_gpu else nullcontext():
                work()
        else:
            graph.replay()

    @property
    def graphs(self) -> int:
        """Graphs that were captured."""
        return len(self._graphs)

    def close(self) -> None:
        """Frees the graphs and gives their memory back."""
        self._captures = False
        with GRAPH_LOCK:
            for graph in self._graphs.values():
                graph.reset()
            if self._graphs:
                self._graphs.clear()
                torch.cuda.empty_cache()

    def _capture(self, shape: Hashable, work: Callable[[], None]) -> None:
        """Captures the work if that is possible; if not, everything stays plain."""
        generator = self._generator()
        # What cannot be captured may leave the generator as if it were still being captured.
        intact = None if generator is None else generator.clone_state()
        try:
            self._graphs[shape] = self._captured(work, generator)
        except RuntimeError as error:
            # Nothing was computed, so the step can still be done. Where the GPU is broken or full, that will say so.
            self._captures = False
            log.warning("no CUDA graphs: %s cannot be captured, so all steps run plainly: %s", shape, error)
            if generator is not None and intact is not None:
                generator.graphsafe_set_state(intact)

    def _captured(self, work: Callable[[], None], generator: torch.Generator | None) -> torch.cuda.CUDAGraph:
        graph = torch.cuda.CUDAGraph()
        if generator is not None:
            graph.register_generator_state(generator)
        with GRAPH_LOCK:
            # Only this thread's mistakes are errors: others may allocate and copy meanwhile.
            graph.capture_begin(pool=self._pool, capture_error_mode="thread_local")
            self.is_capturing = True
            try:
                work()
            except BaseException:
                with suppress(RuntimeError):
                    graph.capture_end()
                graph.reset()
                raise
            finally:
                self.is_capturing = False
            graph.capture_end()
        return graph
