"""What a checkpoint leaves behind: nothing after its trial's end, and never another worker's loss."""

import pytest
from optuna.trial import TrialState

from hpo.study.attributes import CHECKPOINT
from hpo.trial.checkpoints import Checkpoints
from hpo.trial.held_trial import HeldTrial
from model.errors import NonFiniteLossError
from model.fitting import Fitting
from storage.artifacts import NamedBlobs
from storage.errors import LeaseLostError, StorageError

pytestmark = pytest.mark.slow


class KilledError(BaseException):
    """A worker that is no more: nothing of it handles this."""


def pruned(monkeypatch: pytest.MonkeyPatch) -> TrialState:
    """As after other trials have been finished that are better."""
    monkeypatch.setattr(HeldTrial, "should_prune", lambda _: True)
    return TrialState.PRUNED


def failing_with(error: Exception):
    def ends(monkeypatch: pytest.MonkeyPatch) -> TrialState:
        def one_epoch(*_: object) -> None:
            raise error

        monkeypatch.setattr(Fitting, "one_epoch", one_epoch)
        return TrialState.FAIL

    return ends


@pytest.mark.parametrize(
    "ends",
    [pruned, failing_with(NonFiniteLossError("The training loss is nan.")), failing_with(RuntimeError("odd shapes"))],
    ids=["pruned", "failed", "failed by surprise"],
)
def test_a_trial_that_ends_before_its_interrupted_fold_leaves_no_checkpoint(make_search, monkeypatch, ends) -> None:
    search = make_search(trials=2)
    search.work(search.stop_in(2, 6))
    assert (search.trial(1).state, search.record(1).fold) == (TrialState.WAITING, 1)
    assert search.left() == {search.path(1).name}
    state = ends(monkeypatch)
    search.work()
    assert (search.trial(0).state, search.trial(1).state) == (TrialState.COMPLETE, state)
    assert search.trial(1).user_attrs[CHECKPOINT] is None
    assert search.left() == set()


@pytest.mark.slow
@pytest.mark.parametrize("at", [(NamedBlobs, "write"), (NamedBlobs, "remove"), (HeldTrial, "finish")], ids=str)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_worker_that_is_killed_while_it_writes_or_removes_leaves_nothing(
    search, undisturbed, monkeypatch, at, after: bool
) -> None:
    owner, method = at
    if method != "write":
        search.work(search.stop_in(2, 4))
    real = getattr(owner, method)

    def fatal(*arguments) -> None:
        if after:
            real(*arguments)
        raise KilledError

    with monkeypatch.context() as patched, pytest.raises(KilledError):
        patched.setattr(owner, method, fatal)
        search.work(search.stop_in(2, 0) if method == "write" else None)
    if search.trial().state == TrialState.RUNNING:
        search.bury()
        search.work()
    assert search.trial().state == TrialState.COMPLETE
    assert search.trial().user_attrs[CHECKPOINT] is None
    assert search.left() == set()
    assert search.fold_results() == undisturbed()


def test_what_cannot_be_removed_costs_no_trial_and_stays_recorded(search, monkeypatch) -> None:
    search.work(search.stop_in(2, 1))

    def away(*_: object) -> None:
        raise StorageError("The artifact folder cannot be written: Permission denied.")

    monkeypatch.setattr(NamedBlobs, "remove", away)
    search.work()
    assert search.trial().state == TrialState.COMPLETE
    assert search.record().fold == 1
    assert search.left() == {search.path().name}


def test_a_worker_that_lost_its_trial_touches_nothing_of_its_successor(search) -> None:
    opened = search.opened
    late = Checkpoints(opened.artifacts, opened.contract, search.hold())
    late.save(lambda: b"an epoch", [0.5])
    search.bury()
    successor = Checkpoints(opened.artifacts, opened.contract, search.hold())
    assert successor.begin(0) == b"an epoch"
    successor.save(lambda: b"two epochs", [0.5, 0.6])
    with pytest.raises(LeaseLostError):
        late.save(lambda: b"one more", [0.5, 0.6])
    assert NamedBlobs(opened.artifacts).read(search.name()) == b"two epochs"
    # The worst case: it removes what was its own when it looked. The successor's fold would begin anew.
    with pytest.raises(LeaseLostError):
        late.remove()
    assert successor.begin(0) is None
