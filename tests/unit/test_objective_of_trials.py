"""A study that is compared by something else than accuracy: what its trials tell, who prunes, what is refused."""

import io
from collections.abc import Callable
from typing import Any, get_args

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState
from sklearn import metrics as sk

from hpo.choices import Objective
from hpo.errors import UsageError
from hpo.objectives import TOLD
from hpo.signals import StopFlag
from hpo.study.attributes import EPOCHS, FOLD_ACCURACIES
from hpo.study.objective import FOLD_SCORES, fold_scores
from hpo.study.opened import OpenedStudy
from hpo.study.status import read_status
from hpo.trial.development_rows import load_development_rows
from hpo.workers.worker import Worker
from model.configuration import TrainingSettings
from storage.trials.lease import WorkerIdentity

SPACE = """
encoding = "amino_acid"
embedding_size = 4
hidden_size = [4, 5, 6]
layers = 1
batch_size = 64
"""
#: One configuration, in two spellings.
FIXED = """
linear = "none"
linear_start = ["regression", "zero"]
dropout = 0.1
pooling = "max"
positions = "none"
learning_rate = 0.01
schedule = "constant"
weight_decay = 0.0
"""
OTHERS = [objective for objective in get_args(Objective) if objective != "accuracy"]
THEIRS = {
    "balanced_accuracy": lambda labels, p: sk.balanced_accuracy_score(labels, p > 0.5),
    "mcc": lambda labels, p: sk.matthews_corrcoef(labels, p > 0.5),
    "roc_auc": sk.roc_auc_score,
    "log_loss": lambda labels, p: -sk.log_loss(labels, p.astype(np.float64)),
}


@pytest.fixture
def worked(make_study: Callable[..., Callable[[], OpenedStudy]]) -> Callable[..., OpenedStudy]:
    """Works on a study of tiny networks until its budget is spent."""

    def work(**changes: Any) -> OpenedStudy:
        training = TrainingSettings(max_epochs=3, engine="stock")
        asked = {"trials": 2, "folds": 2, "original": "skip", "space": SPACE, "training": training, **changes}
        opened = make_study(**asked)()
        identity = WorkerIdentity(worker="w1", host="laptop", pid=1, device="cpu")
        Worker(opened=opened, identity=identity, device="cpu", stop=StopFlag()).work()
        return opened

    return work


def expected_scores(opened: OpenedStudy, attributes: dict[str, Any], objective: Objective) -> list[float]:
    """From the stored probabilities, by scikit-learn."""
    development, scores = load_development_rows(opened.contract, opened.artifacts), []
    for fold in range(opened.contract.splitting.folds):
        bytes_ = opened.artifacts.get(attributes[f"hpo:fold:{fold}"]["artifact"])
        with np.load(io.BytesIO(bytes_)) as archive:
            probabilities = archive["probabilities"][attributes[EPOCHS] - 1]
        scores.append(float(THEIRS[objective](development.labels_of_fold(fold), probabilities)))
    return scores


@pytest.mark.parametrize("objective", OTHERS)
def test_a_trial_tells_the_mean_of_its_folds_scores(worked, objective: Objective) -> None:
    opened = worked(objective=objective)
    trials = opened.storage.get_all_trials(opened.handle.study_id)
    assert [trial.state for trial in trials] == [TrialState.COMPLETE] * 2
    for trial in trials:
        expected = expected_scores(opened, trial.user_attrs, objective)
        assert trial.user_attrs[FOLD_SCORES] == pytest.approx(expected, abs=1e-6)
        assert trial.value == pytest.approx(np.mean(expected), abs=1e-6)
        assert trial.intermediate_values[1] == pytest.approx(trial.value)
        assert all(0 <= accuracy <= 1 for accuracy in trial.user_attrs[FOLD_ACCURACIES])
    # Plain Optuna finds the best as we do, and shows what its value is.
    plain = optuna.load_study(study_name="s", storage=opened.storage)
    best = read_status(opened).best
    assert best is not None
    assert plain.best_trial.number == best.number
    assert plain.best_value == pytest.approx(-best.cv_score if objective == "log_loss" else best.cv_score)
    assert plain.metric_names == [TOLD[objective]]


def test_a_study_by_accuracy_tells_no_other_scores(worked) -> None:
    opened = worked(trials=1)
    (trial,) = opened.storage.get_all_trials(opened.handle.study_id)
    assert FOLD_SCORES not in trial.user_attrs
    assert trial.value == np.mean(trial.user_attrs[FOLD_ACCURACIES])


def test_the_objective_changes_no_training(worked) -> None:
    by_accuracy, by_area = worked(study="one", trials=1), worked(study="two", trials=1, objective="roc_auc")
    one, two = (
        opened.storage.get_all_trials(opened.handle.study_id)[0].user_attrs for opened in (by_accuracy, by_area)
    )
    assert [one[f"hpo:fold:{fold}"]["artifact"] for fold in (0, 1)] == [
        two[f"hpo:fold:{fold}"]["artifact"] for fold in (0, 1)
    ]
    assert one[FOLD_ACCURACIES] == two[FOLD_ACCURACIES]


def test_folds_that_are_read_back_are_scored_alike(worked) -> None:
    """A trial takes over what another one that is trained alike has left among the artifacts."""
    opened = worked(objective="mcc", trials=2, space=SPACE.replace("[4, 5, 6]", "4") + FIXED)
    first, *others = opened.storage.get_all_trials(opened.handle.study_id)
    for other in others:
        assert other.user_attrs["hpo:twin"]["trial"] == 0
        assert (other.value, other.user_attrs[FOLD_SCORES]) == (first.value, first.user_attrs[FOLD_SCORES])
        assert other.intermediate_values == first.intermediate_values


@pytest.mark.parametrize("objective", OTHERS)
def test_other_objectives_are_pruned_by_pairs_which_is_said_once(make_study, capsys, objective: Objective) -> None:
    opened = make_study(objective=objective, pruner=None)()
    assert opened.contract.search.pruner == "paired"
    assert capsys.readouterr().err.count("so they are pruned by paired: chance goes by accuracy.") == 1


def test_accuracy_is_pruned_by_chance_and_nothing_is_said(make_study, capsys) -> None:
    assert make_study(pruner=None)().contract.search.pruner == "chance"
    assert "pruned by" not in capsys.readouterr().err


def test_chances_of_another_objective_are_refused_by_both_options(make_study) -> None:
    with pytest.raises(UsageError, match=r"--pruner chance .* --objective is log_loss") as refused:
        make_study(objective="log_loss", pruner="chance")
    assert "Leave --pruner out, which takes paired" in refused.value.next_step


@pytest.mark.parametrize("told", [None, "x", ["x"], [True], [float("nan")], {"0": 1.0}, [[0.5]]])
def test_scores_that_cannot_be_read_are_none(told: object) -> None:
    assert fold_scores({FOLD_SCORES: told}, "mcc") == ()


def test_scores_are_read_by_their_objective() -> None:
    attributes = {FOLD_ACCURACIES: [0.9, 0.8], FOLD_SCORES: [-0.3, -0.4]}
    assert fold_scores(attributes, "accuracy") == (0.9, 0.8)
    assert fold_scores(attributes, "log_loss") == (-0.3, -0.4)
