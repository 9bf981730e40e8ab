"""What a parent tells its child: it arrives whole, and nothing secret is in the arguments."""

import os
import subprocess
import sys

import pytest

from hpo.errors import UsageError
from hpo.study.address import StudyAddress
from hpo.workers.assignment import Assignment, Limits, new_name, read_assignment

ADDRESS = StudyAddress(storage="postgresql://me:sesame@db/hpo", study="s", artifacts="/shared/artifacts")


@pytest.mark.parametrize("limits", [Limits(), Limits(timeout_s=0.0, step_timeout_s=0.001), Limits(lanes=3)])
def test_a_child_reads_what_its_parent_wrote(limits: Limits) -> None:
    told = Assignment(address=ADDRESS, worker="w1", device="cuda:0", parent_pid=7, limits=limits)
    assert read_assignment(told.arguments, told.environment) == told
    assert not any("sesame" in argument for argument in told.arguments)


def test_names_are_never_given_twice() -> None:
    assert len({new_name() for _ in range(100)}) == 100


@pytest.mark.parametrize("environment", [{}, {"HPO_STORAGE": "sqlite:///hpo.db", "HPO_PARENT_PID": "none"}])
def test_a_child_without_a_parent_is_told_how_to_start_one(environment: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="hpo worker"):
        read_assignment(["--device", "cpu", "--step-timeout", "600"], environment)


@pytest.mark.slow
def test_a_child_s_errors_are_messages_and_exit_codes() -> None:
    """As those of `hpo`: its parent's log is read by people."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HPO_")}
    done = subprocess.run(
        [sys.executable, "-m", "hpo.workers", "--device", "cpu", "--step-timeout", "600"],
        capture_output=True,
        text=True,
        env=clean,
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "hpo worker" in done.stderr
    assert "Traceback" not in done.stderr
