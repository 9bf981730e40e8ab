"""Real workers on real GPUs: one process each, restarted when it dies, stopped and gone on with."""

import csv
import os
import signal
from pathlib import Path

import pytest
import torch

from processes import children_of, environment_of, until
from storage.trials.lease import DEATHS
from stored_trials import has_a_fold, numbers, running, trials

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")

#: Trials that take long enough to be met in the middle.
LONG = ("--sampler", "random", "--lease-timeout", "2", "--folds", "2", "--patience", "600", "--max-epochs", "600")


def test_auto_starts_a_process_on_every_gpu_and_one_that_is_killed_is_replaced(hpo, background, opened_here) -> None:
    gpus = torch.cuda.device_count()
    for study in ("undisturbed", "disturbed"):
        hpo.create(study, gpus + 1, *LONG)
    opened = opened_here("disturbed")
    parent = background(hpo.start_anew("worker", "--study", "disturbed", "--device", "auto", "--lanes", "1"))
    until(lambda: running(opened) == gpus and has_a_fold(opened))
    children = children_of(parent.pid)
    # Those that a scheduler left us, by its names, or all of them by their numbers.
    names = os.environ.get("CUDA_VISIBLE_DEVICES", ",".join(map(str, range(gpus)))).split(",")
    assert sorted(environment_of(child)["CUDA_VISIBLE_DEVICES"] for child in children) == sorted(names)
    assert all(uses_a_gpu(child) for child in children)
    for child in children:
        os.kill(child, signal.SIGKILL)
    _, talk = parent.communicate(timeout=200)
    assert parent.returncode == 0, talk
    assert "killed by SIGKILL" in talk
    assert any(DEATHS in trial.user_attrs for trial in trials(opened))

    hpo.ok("worker", "--study", "undisturbed", "--device", "cuda:0", "--workers", "1")
    assert [numbers(trial) for trial in trials(opened)] == [
        numbers(trial) for trial in trials(opened_here("undisturbed"))
    ]


def test_several_workers_may_share_a_gpu(hpo, background, opened_here) -> None:
    hpo.create("s", 4, *LONG)
    opened = opened_here("s")
    parent = background(hpo.start_anew("worker", "--device", "cuda:0", "--workers", "2"))
    until(lambda: running(opened) == 2)
    first, second = (environment_of(child)["CUDA_VISIBLE_DEVICES"] for child in children_of(parent.pid))
    assert first == second
    _, talk = parent.communicate(timeout=200)
    assert parent.returncode == 0, talk
    status = hpo.json("status")
    assert (status["complete"] + status["pruned"], status["failed"]) == (4, 0)


def test_a_fold_goes_on_at_its_checkpoint(hpo, background, opened_here) -> None:
    for study in ("stopped", "whole"):
        hpo.create(study, 1, *LONG)
    opened = opened_here("stopped")
    parent = background(hpo.start_anew("worker", "--study", "stopped", "--device", "cuda:0"))
    until(lambda: has_a_fold(opened))
    parent.send_signal(signal.SIGTERM)
    _, talk = parent.communicate(timeout=60)
    assert parent.returncode == 143, talk
    assert "checkpoint after epoch" in talk
    for study in ("stopped", "whole"):
        done = hpo.run("worker", "--study", study, "--device", "cuda:0")
        assert done.returncode == 0, done.stderr
        assert ("goes on after epoch" in done.stderr) == (study == "stopped")
    stopped, whole = (hpo.json("status", "--study", study)["best"] for study in ("stopped", "whole"))
    assert stopped == whole


def test_a_gpu_that_is_not_there_is_refused_with_those_that_are(hpo) -> None:
    hpo.create("s", 2)
    done = hpo.run("worker", "--device", "cuda:99")
    assert done.returncode == 1
    assert "cuda:0, " in done.stderr


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_main_job_and_its_model_predicts_on_a_cpu_too(hpo, precision: str) -> None:
    search = ("--trials", "3", "--space", "space.toml", "--max-epochs", "4", "--precision", precision)
    search = (*search, "--original", "all", "--device", "cuda:0")
    hpo.ok("run", "genes.csv", "--study", "s", *search, "--output", "report")
    model = hpo.folder / "report" / "model"
    told = []
    for device in ("cuda:0", "cpu"):
        output = f"{device.replace(':', '')}.csv"
        hpo.ok("predict", str(model), "genes.csv", "--device", device, "--output", output)
        with (hpo.folder / output).open() as file:
            told.append([float(row["probability_resistant"]) for row in csv.DictReader(file)])
    assert len(told[0]) == 240
    assert told[0] == pytest.approx(told[1], abs=1e-4)


def uses_a_gpu(pid: int) -> bool:
    return "/dev/nvidia" in Path(f"/proc/{pid}/maps").read_text()
