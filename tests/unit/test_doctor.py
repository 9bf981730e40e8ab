"""What `hpo doctor` says of this machine's workers."""

import os

import pytest

import hpo.doctor
from hpo.doctor import examine
from hpo.study.address import StudyAddress
from model.cores import usable_cores


def says_of_workers(device: str) -> str:
    findings = examine(StudyAddress(storage="sqlite:///nowhere.db"), device)
    return next(finding.says for finding in findings if finding.what == "workers")


def test_a_cpu_trains_one_trial_in_each_process() -> None:
    cores = usable_cores()
    expected = f"1 trial at a time in each of {cores} processes" if cores > 1 else "1 process, 1 trial at a time"
    assert says_of_workers("cpu") == expected


def test_gpus_say_how_many_trials_they_train_and_how_that_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hpo.doctor, "devices_named", lambda device: ("cuda:0", "cuda:1"))
    monkeypatch.setattr(hpo.doctor, "lanes_for", lambda *_: 8 if _[-1] == "cuda:0" else 1)
    said = says_of_workers("auto")
    assert "cuda:0 trains 8 trials at once (measured with genes of 300 codons" in said
    assert "cuda:1 trains 1 trial at a time (measured" in said


def test_the_artifacts_are_tried_with_new_bytes_each_time_that_do_not_stay(tmp_path, monkeypatch) -> None:
    """The trap: bytes that are there already are not written again, so a folder that became full would pass."""
    place = tmp_path / "artifacts"
    address = StudyAddress(storage="sqlite:///nowhere.db", artifacts=str(place))
    place.mkdir()

    def finding() -> hpo.doctor.Finding:
        return next(finding for finding in examine(address, "cpu") if finding.what == "artifacts")

    assert finding().ok
    assert [path for path in place.rglob("*") if path.is_file()] == []

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert not finding().ok
    assert "No space left" in finding().says


def test_a_folder_without_a_study_is_no_fault_until_a_storage_is_named(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    findings = examine(StudyAddress(storage="sqlite:///hpo.db"), "cpu")
    assert all(finding.ok for finding in findings)
    assert "no study in this folder yet" in next(one.says for one in findings if one.what == "storage")
    for address in (
        StudyAddress(storage="sqlite:///other.db"),
        StudyAddress(storage="sqlite:///hpo.db", artifacts="elsewhere"),
    ):
        assert not all(finding.ok for finding in examine(address, "cpu"))
