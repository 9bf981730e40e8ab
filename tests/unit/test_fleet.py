"""Which worker process sits where, and what becomes of those that die."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from hpo.signals import StopFlag, StopNow
from hpo.study.address import StudyAddress
from hpo.workers.assignment import Limits
from hpo.workers.devices import slots_for
from hpo.workers.fleet import MAX_FRUITLESS, Fleet
from hpo.workers.take_back import Aftermath
from model.allocator import ALLOCATOR_ENVIRONMENT
from model.configuration import TrainingSettings


def test_a_cpu_gets_one_worker_per_core() -> None:
    assert [slot.device for slot in slots_for(["cpu"], None, cores=3)] == ["cpu"] * 3
    # More would make a slot a group of cores (docs/decisions/0010).
    assert TrainingSettings().threads == 1
    assert len(slots_for(["cpu"], 5, cores=2)) == 5  # or as many as asked for


def test_every_gpu_gets_one_process_that_sees_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    slots = slots_for(["cuda:0", "cuda:1"], None, cores=8)
    assert [slot.device for slot in slots] == ["cuda:0", "cuda:0"]
    assert [slot.environment["CUDA_VISIBLE_DEVICES"] for slot in slots] == ["0", "1"]


def test_gpus_that_a_scheduler_chose_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,GPU-8f2a")
    slots = slots_for(["cuda:0", "cuda:1"], None, cores=8)
    assert [slot.environment["CUDA_VISIBLE_DEVICES"] for slot in slots] == ["3", "GPU-8f2a"]


@pytest.mark.parametrize(
    ("visible", "names"),
    [
        ("3, 1", ["3", "1"]),
        ("GPU-8f2a0c11,GPU-77bd", ["GPU-8f2a0c11", "GPU-77bd"]),
        (" MIG-0b1c , MIG-GPU-8f2a/1/0", ["MIG-0b1c", "MIG-GPU-8f2a/1/0"]),
    ],
)
def test_a_scheduler_may_name_gpus_as_it_likes(monkeypatch: pytest.MonkeyPatch, visible: str, names: list[str]) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    slots = slots_for(["cuda:0", "cuda:1"], None, cores=8)
    assert [slot.environment["CUDA_VISIBLE_DEVICES"] for slot in slots] == names


def test_one_gpu_of_several_takes_as_many_workers_as_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,7")
    slots = slots_for(["cuda:1"], 2, cores=8)
    assert [slot.environment["CUDA_VISIBLE_DEVICES"] for slot in slots] == ["7", "7"]


def test_more_workers_than_gpus_are_dealt_out() -> None:
    slots = slots_for(["cuda:0", "cuda:1"], 3, cores=8)
    assert [slot.environment["CUDA_VISIBLE_DEVICES"] for slot in slots] == ["0", "1", "0"]


class TakenBack:
    """What the fleet told of its dead, and what it is told of their fruits."""

    def __init__(self, fruitful: bool, held: Sequence[int] = ()) -> None:
        self.fruitful = fruitful
        #: Trials that each child holds when it dies, one after another; the others hold one.
        self.held = list(held)
        self.told: list[str] = []
        self.given_back: list[str] = []

    def from_dead(self, worker: str, how: str) -> Aftermath:
        self.told.append(how)
        return Aftermath(self.fruitful, self.held.pop(0) if self.held else 1)

    def from_stopped(self, workers: Sequence[str]) -> None:
        self.given_back += workers


@pytest.fixture
def fleet_of() -> Iterator[Callable[[str, TakenBack], Fleet]]:
    """A fleet of one slot whose child runs some Python in place of a worker."""
    with ExitStack() as stack:

        def make(code: str, taken_back: TakenBack, **limits: Any) -> Fleet:
            fleet = Fleet(
                slots=slots_for(["cpu"], 1, cores=1),
                address=StudyAddress(storage="sqlite:///nowhere.db"),
                take_back=taken_back,
                stop=StopFlag(),
                limits=Limits(**limits),
                command=(sys.executable, "-c", code),
            )
            stack.enter_context(fleet)
            stack.callback(fleet.end, grace_s=0.0)
            return fleet

        yield make


def poll_until(fleet: Fleet, condition: Callable[[], bool], deadline_s: float = 60.0) -> None:
    end = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        fleet.poll()
        time.sleep(0.01)


def test_children_start_with_an_allocator_that_keeps_memory_unless_the_user_says_otherwise(
    fleet_of, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ALLOCATOR_ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MALLOC_TOP_PAD_", "4096")
    told = tmp_path / "environment.json"
    code = f"import json, os; json.dump(dict(os.environ), open({str(told)!r}, 'w'))"
    fleet = fleet_of(code, TakenBack(fruitful=True))
    poll_until(fleet, lambda: fleet.alive == 0)
    environment = json.loads(told.read_text())
    expected = ALLOCATOR_ENVIRONMENT | {"MALLOC_TOP_PAD_": "4096"}
    assert {name: environment[name] for name in ALLOCATOR_ENVIRONMENT} == expected


KILLED = "import os; os.kill(os.getpid(), 9)"


def test_a_child_that_is_killed_before_it_finished_anything_is_not_restarted_for_ever(fleet_of) -> None:
    taken_back = TakenBack(fruitful=False)
    fleet = fleet_of(KILLED, taken_back)
    poll_until(fleet, lambda: not fleet.alive)
    assert taken_back.told == ["killed by SIGKILL"] * MAX_FRUITLESS
    assert fleet.restarts == MAX_FRUITLESS - 1
    assert fleet.exit_codes == [-9]


def test_children_that_die_with_several_trials_have_fewer_and_fewer_until_the_culprit_is_alone(
    fleet_of, tmp_path: Path, caplog
) -> None:
    told = tmp_path / "lanes"
    code = f"import os, sys; open({str(told)!r}, 'a').write(sys.argv[sys.argv.index('--lanes') + 1] + ' ');"
    taken_back = TakenBack(fruitful=False, held=[16, 8, 4, 2])
    fleet = fleet_of(f"{code} os.kill(os.getpid(), 9)", taken_back, lanes=16)
    poll_until(fleet, lambda: not fleet.alive)
    # On the way there no death is one of those after which a slot stays empty.
    assert told.read_text().split() == ["16", "8", "4", "2", *["1"] * MAX_FRUITLESS]
    assert "died with 16 trials in hand (killed by SIGKILL): none is blamed" in caplog.text
    assert "starting another that trains 8 at once" in caplog.text


def test_a_child_that_finishes_trials_is_restarted_however_often_it_dies(fleet_of) -> None:
    taken_back = TakenBack(fruitful=True)
    fleet = fleet_of(KILLED, taken_back)
    poll_until(fleet, lambda: fleet.restarts > 2 * MAX_FRUITLESS)
    assert fleet.exit_codes == []


def test_a_child_in_another_s_place_has_the_time_that_is_left(fleet_of, tmp_path: Path) -> None:
    told = tmp_path / "timeouts"
    code = f"import os, sys; open({str(told)!r}, 'a').write(sys.argv[sys.argv.index('--timeout') + 1] + ' ');"
    fleet = fleet_of(f"{code} os.kill(os.getpid(), 9)", TakenBack(fruitful=False), timeout_s=100.0)
    poll_until(fleet, lambda: not fleet.alive)
    timeouts = [float(timeout) for timeout in told.read_text().split()]
    assert len(timeouts) == MAX_FRUITLESS
    assert 0 <= timeouts[-1] < timeouts[0] <= 100


def test_a_child_that_asks_for_a_fresh_process_gets_one(fleet_of) -> None:
    taken_back = TakenBack(fruitful=True)
    fleet = fleet_of("import sys; sys.exit(75)", taken_back)
    poll_until(fleet, lambda: fleet.restarts > 0)
    assert "hung" in taken_back.told[0]


@pytest.mark.parametrize("code", [0, 1, 143])
def test_a_child_that_ended_by_itself_had_the_last_word(fleet_of, code: int) -> None:
    taken_back = TakenBack(fruitful=False)
    fleet = fleet_of(f"import sys; sys.exit({code})", taken_back)
    poll_until(fleet, lambda: not fleet.alive)
    assert (fleet.restarts, taken_back.told, fleet.exit_codes) == (0, [], [code])


@pytest.fixture
def deaf(fleet_of, tmp_path) -> Callable[[TakenBack, str], Fleet]:
    """A fleet whose child hears no SIGTERM, and does what else is said."""

    def make(taken_back: TakenBack, then: str = "time.sleep(600)") -> Fleet:
        ready = tmp_path / "ready"
        code = "import os, signal, time, pathlib; signal.signal(15, signal.SIG_IGN);"
        fleet = fleet_of(f"{code} pathlib.Path({str(ready)!r}).touch(); {then}", taken_back)
        poll_until(fleet, ready.exists)
        return fleet

    return make


def test_a_child_that_does_not_stop_is_killed_and_its_trial_is_not_to_blame(deaf, caplog) -> None:
    taken_back = TakenBack(fruitful=False)
    fleet = deaf(taken_back)
    fleet.end(grace_s=0.1)
    assert fleet.alive == 0
    assert (len(taken_back.given_back), taken_back.told) == (1, [])
    assert "did not stop" in caplog.text


def test_a_second_signal_waits_for_no_child(deaf, caplog) -> None:
    taken_back = TakenBack(fruitful=False)
    fleet = deaf(taken_back)
    fleet.__exit__(StopNow)
    assert fleet.alive == 0
    assert (len(taken_back.given_back), taken_back.told) == (1, [])
    assert "did not stop" not in caplog.text


def test_what_a_child_holds_that_ended_when_asked_is_given_back(deaf) -> None:
    taken_back = TakenBack(fruitful=False)
    fleet = deaf(taken_back, "time.sleep(0.2); os._exit(143)")
    fleet.end(grace_s=60.0)
    assert (len(taken_back.given_back), taken_back.told) == (1, [])


def test_a_child_that_dies_by_itself_while_it_is_to_stop_is_buried(deaf) -> None:
    taken_back = TakenBack(fruitful=False)
    fleet = deaf(taken_back, "time.sleep(0.5); os.abort()")
    fleet.end(grace_s=60.0)
    assert (taken_back.given_back, taken_back.told) == ([], ["killed by SIGABRT"])


def test_no_child_is_started_once_the_fleet_is_to_stop(fleet_of) -> None:
    taken_back = TakenBack(fruitful=True)
    fleet = fleet_of(KILLED, taken_back)
    fleet.stop.set()
    poll_until(fleet, lambda: not fleet.alive)
    assert (fleet.restarts, fleet.exit_codes) == (0, [-9])


@pytest.mark.slow
def test_a_child_leaves_with_its_exit_code_whatever_its_libraries_would_do_at_the_end() -> None:
    code = (
        "import atexit, os; from hpo.workers.child import leave; atexit.register(os.abort); print('said'); leave(143)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (143, "said\n")
