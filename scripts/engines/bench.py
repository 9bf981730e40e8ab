"""The measurements of `bench_engine`; each adds its records as they come."""

import argparse
import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from engines import cases, mutations
from engines.cases import BATCH, Case
from engines.children import Child, GpuLaunch, Launch, keras_python
from model.allocator import ALLOCATOR_ENVIRONMENT

ROOT = Path(__file__).resolve().parents[2]
VARIANTS = ("keras", "tutorial", "stock", "native", "limit")
#: Ways of training on a GPU: a variant, its precision (torch's default for recurrent layers is TF32) and its lanes.
GPU_WAYS: dict[str, tuple[Any, ...]] = {
    "tutorial, tf32": ("tutorial", "tf32"),
    "ours, plain, tf32": ("plain", "tf32"),
    "ours, tf32": ("graphs", "tf32"),
    "ours, 4 lanes, tf32": ("graphs", "tf32", 4),
    "ours, 8 lanes, tf32": ("graphs", "tf32", 8),
    "tutorial, fp32": ("tutorial", "fp32"),
    "ours, fp32": ("graphs", "fp32"),
    "ours, 8 lanes, fp32": ("graphs", "fp32", 8),
}
JOB = (
    *(("keras", "amino_acid"), ("keras", "nucleotide")),
    *(("native", "mutation"), ("native", "amino_acid"), ("native", "nucleotide")),
)
Record = dict[str, Any]


def read(records: Path) -> list[Record]:
    """What is there."""
    return [json.loads(line) for line in records.read_text().splitlines()] if records.exists() else []


class Bench:
    """The measurements; each adds its records as they come.

    Args:
        options: The command line.
        folder: Where the rows are written.
    """

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self.options, self.folder = options, folder
        self.done = {(record["what"], record["case"], record["threads"]) for record in read(options.records)}

    def table(self) -> None:
        """Measures nothing."""

    def equal(self) -> None:
        """Equal work, case by case."""
        for case in cases.chosen(self.options.cases, self.options.threads):
            if ("equal", case.name, case.threads) in self.done:
                continue
            launches = {variant: self._launch(case, variant) for variant in VARIANTS}
            for variant, told in self._take_turns(launches).items():
                rows = case.rows(variant)
                tokens = int(cases.equal_work(case.name, rows)["lengths"].sum())
                self._add("equal", case.name, case.threads, variant=variant, rows=rows, tokens=tokens, **told)

    def job(self) -> None:
        """An epoch of a fold of the original's job, training and validation, each way."""
        case = f"1/{self.options.scale:g} of the genes"
        if ("job", case, 2) in self.done:
            return
        launches, rows = {}, 0
        for variant, encoding in JOB:
            if variant not in self.options.sides or encoding not in self.options.encodings:
                continue
            made = cases.job(self.options.scale, encoding, fold=0)  # type: ignore[arg-type]
            rows = int((~made["held"]).sum())
            path = cases.write(self.folder, encoding, made)
            launches[f"{variant}, {encoding}"] = Launch(variant, path, 2, BATCH)
        for name, told in self._take_turns(launches).items():
            self._add("job", case, 2, variant=name, rows=rows, scale=self.options.scale, **told)

    def accuracy(self) -> None:
        """Validation accuracy of the original's configuration: as many steps as at full size, from smaller batches."""
        batch = max(1, round(BATCH / self.options.scale))
        for fold in range(self.options.folds):
            for variant in self.options.variants:
                case = f"{variant}, {self.options.encoding}, fold {fold}"
                if ("accuracy", case, 1) in self.done:
                    continue
                made = cases.job(self.options.scale, self.options.encoding, fold)
                launch = Launch(variant, cases.write(self.folder, "fold", made), 1, batch, seed=fold)
                with Child(launch, keras_python(self.options.keras)) as child:
                    curve = [self._epoch(child, variant) for _ in range(self.options.epochs)]
                self._add(
                    "accuracy",
                    case,
                    1,
                    variant=variant,
                    encoding=self.options.encoding,
                    fold=fold,
                    curve=curve,
                    scale=self.options.scale,
                    batch=batch,
                    held=int(made["held"].sum()),
                )

    def workers(self) -> None:
        """Two workers of one thread beside one worker of one and of two threads."""
        for name, steps, batch, batches in (("T=300, batch 400", 300, 400, 2), ("T=99, batch 32", 99, 32, 60)):
            if ("workers", name, 2) in self.done:
                continue
            path = cases.write(self.folder, name, cases.equal_work(f"T={steps}", batch * batches))
            with ExitStack() as stack:
                first, second, wide = (
                    stack.enter_context(Child(Launch("native", path, threads, batch), Path())) for threads in (1, 1, 2)
                )
                alone, both, threaded = "one of one thread", "two of one thread", "one of two threads"
                seconds = self._rounds({alone: [first], both: [first, second], threaded: [wide]})
            for way, took in seconds.items():
                rows = batch * batches * (2 if way == both else 1)
                self._add("workers", name, 2, variant=way, rows=rows, seconds=took)

    def gpu(self) -> None:
        """Equal work on a GPU, one way after another, then all again; what finds no time is left for another call."""
        import torch

        card = f"{torch.cuda.get_device_name()}, torch {torch.__version__}"
        end = time.monotonic() + self.options.seconds
        for number, case in enumerate(cases.GPU_CASES):
            name = f"{case.name} on {card}"
            if ("gpu", name, 1) in self.done:
                continue
            share = (end - time.monotonic()) / (len(cases.GPU_CASES) - number)
            for way, (rows, seconds) in self._gpu_turns(case, time.monotonic() + share).items():
                self._add("gpu", name, 1, variant=way, rows=rows, train=seconds)

    def _gpu_turns(self, case: cases.GpuCase, end: float) -> dict[str, tuple[int, list[float]]]:
        """Rows of an epoch and seconds of each, by way, for as many repetitions as there is time for."""
        told: dict[str, tuple[int, list[float]]] = {}
        with ExitStack() as stack:
            started = {
                way: Child(GpuLaunch(kind, case, *how))
                for way, (kind, *how) in GPU_WAYS.items()
                if len(how) == 1 or how[1] <= case.most_lanes
            }
            children = {way: stack.enter_context(child) for way, child in started.items()}
            for repetition in range(self.options.repetitions + 1):
                round_began = time.monotonic()
                for way, child in children.items():
                    answer = child.do("train")
                    if repetition:  # the first warms up
                        told.setdefault(way, (answer["rows"], []))[1].append(answer["seconds"])
                now = time.monotonic()
                if repetition and now + (now - round_began) > end:
                    break
        return told

    def memory(self) -> None:
        """A worker's memory, trial after trial."""
        for encoding, trials in (("mutation", 50), ("amino_acid", 50), ("nucleotide", 5)):
            if ("memory", encoding, 1) in self.done:
                continue
            command = [sys.executable, "-m", "engines.memory", encoding, str(trials)]
            environment = {**os.environ, **ALLOCATOR_ENVIRONMENT, "PYTHONPATH": str(ROOT)}
            told = subprocess.run(command, cwd=ROOT / "scripts", env=environment, stdout=subprocess.PIPE, check=True)
            self._add("memory", encoding, 1, trials=[json.loads(line) for line in told.stdout.splitlines()])

    def mutations(self) -> None:
        """Genes by their mutations: the native training beside the ways through torch, one thread."""
        for case in mutations.CASES:
            name = f"{case.name} on {mutations.cpu()}"
            if ("mutations", name, 1) in self.done:
                continue
            for told in mutations.measure(case, self.options.repetitions):
                self._add("mutations", name, 1, **told)

    def _rounds(self, ways: dict[str, list[Child]]) -> dict[str, list[float]]:
        seconds: dict[str, list[float]] = {way: [] for way in ways}
        for repetition in range(self.options.repetitions + 1):
            for way, children in ways.items():
                for child in children:
                    child.tell("train")
                took = max(child.answer()["seconds"] for child in children)
                if repetition:  # the first warms up
                    seconds[way].append(took)
        return seconds

    def _epoch(self, child: Child, variant: str) -> float:
        told = child.do("train")
        return float((told if variant != "keras" else child.do("infer"))["accuracy"])

    def _launch(self, case: Case, variant: str) -> Launch:
        rows = case.rows(variant)
        path = cases.write(self.folder, f"{case.name} {rows}", cases.equal_work(case.name, rows))
        return Launch(variant, path, case.threads, BATCH)

    def _take_turns(self, launches: dict[str, Launch]) -> dict[str, Record]:
        """Seconds of training and of inference of each variant; the first round warms up and does not count."""
        with_keras = any(launch.variant == "keras" for launch in launches.values())
        python = keras_python(self.options.keras) if with_keras else Path()
        told: dict[str, Record] = {name: {"train": [], "infer": []} for name in launches}
        with ExitStack() as stack:
            children = {name: stack.enter_context(Child(launch, python)) for name, launch in launches.items()}
            for repetition in range(self.options.repetitions + 1):
                for name, child in children.items():
                    for work in ("train", "infer") if launches[name].variant != "limit" else ("train",):
                        answer = child.do(work)
                        if repetition:
                            told[name][work].append(answer["seconds"])
                            told[name].update({k: v for k, v in answer.items() if k != "seconds"})
                print(f"round {repetition} of {self.options.repetitions}", file=sys.stderr, flush=True)
        return told

    def _add(self, what: str, case: str, threads: int, **fields: Any) -> None:
        with self.options.records.open("a") as file:
            file.write(json.dumps({"what": what, "case": case, "threads": threads, **fields}) + "\n")
