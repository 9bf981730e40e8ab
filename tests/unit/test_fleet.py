"""Which worker process sits where."""

import pytest

from hpo.fleet import seats_for


def test_a_cpu_gets_one_worker_per_core() -> None:
    assert [seat.device for seat in seats_for(["cpu"], None, cores=3)] == ["cpu"] * 3


def test_workers_says_how_many() -> None:
    assert len(seats_for(["cpu"], 5, cores=2)) == 5


def test_every_gpu_gets_one_process_that_sees_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    seats = seats_for(["cuda:0", "cuda:1"], None, cores=8)
    assert [seat.device for seat in seats] == ["cuda:0", "cuda:0"]
    assert [seat.environment["CUDA_VISIBLE_DEVICES"] for seat in seats] == ["0", "1"]


def test_gpus_that_a_scheduler_chose_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,GPU-8f2a")
    seats = seats_for(["cuda:0", "cuda:1"], None, cores=8)
    assert [seat.environment["CUDA_VISIBLE_DEVICES"] for seat in seats] == ["3", "GPU-8f2a"]


def test_more_workers_than_gpus_are_dealt_out() -> None:
    seats = seats_for(["cuda:0", "cuda:1"], 3, cores=8)
    assert [seat.environment["CUDA_VISIBLE_DEVICES"] for seat in seats] == ["0", "1", "0"]
