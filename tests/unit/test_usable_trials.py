"""A finished trial that nothing can rest on is left out with its reason; the others are the answer."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hpo.errors import NotFinishedError
from hpo.finalizing.finalize import finalize
from hpo.finalizing.options import FinalizeOptions
from hpo.finalizing.trials import choose_trial, finished_trial, read_search
from hpo.signals import StopFlag
from hpo.study.attributes import CONFIGURATION, EPOCHS, FOLD_ACCURACIES
from hpo.study.opened import OpenedStudy
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


@pytest.fixture
def again(make_study: Callable[..., Callable[[], OpenedStudy]]) -> Callable[[], OpenedStudy]:
    """Opens a study of three complete trials of two folds, each time anew."""
    training = TrainingSettings(max_epochs=1, engine="stock")
    opens = make_study(trials=3, folds=2, original="skip", space=SPACE, training=training)
    opened = opens()
    identity = WorkerIdentity(worker="w1", host="laptop", pid=1, device="cpu")
    assert Worker(opened=opened, identity=identity, device="cpu", stop=StopFlag()).work().complete == 3
    return opens


def write(opened: OpenedStudy, number: int, key: str, value: object) -> None:
    with opened.storage.inner.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE trial_user_attributes SET value_json = ? WHERE key = ? AND trial_id = "
            "(SELECT trial_id FROM trials WHERE number = ?)",
            (json.dumps(value), key, number),
        )


def artifact(opened: OpenedStudy, number: int) -> Path:
    trial = opened.storage.get_all_trials(opened.handle.study_id)[number]
    sha256 = trial.user_attrs["hpo:fold:1"]["artifact"]
    return Path(opened.artifacts.location) / sha256[:2] / sha256[2:4] / sha256


def _value(opened: OpenedStudy) -> None:
    with opened.storage.inner.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE trial_values SET value = 0.999 WHERE trial_id = (SELECT trial_id FROM trials WHERE number = 1)"
        )


DAMAGES: dict[str, tuple[Callable[[OpenedStudy], object], str]] = {
    "artifact gone": (lambda opened: artifact(opened, 1).unlink(), "is gone"),
    "artifact damaged": (lambda opened: artifact(opened, 1).write_bytes(b"x"), "is damaged"),
    "record": (lambda opened: write(opened, 1, "hpo:fold:1", {"fold": 1}), "1 results and 2 accuracies of 2 folds"),
    "accuracies": (lambda opened: write(opened, 1, FOLD_ACCURACIES, [7]), "2 results and 0 accuracies of 2 folds"),
    "no epochs": (lambda opened: write(opened, 1, EPOCHS, "many"), "epochs cannot be read"),
    "many epochs": (lambda opened: write(opened, 1, EPOCHS, 9), "epochs cannot be read"),
    "configuration": (lambda opened: write(opened, 1, CONFIGURATION, {"layers": 10**9}), "configuration cannot be"),
    "no configuration": (lambda opened: write(opened, 1, CONFIGURATION, "x"), "configuration cannot be"),
    "value": (_value, "somebody changed it"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_trial_that_is_damaged_is_left_out_with_its_reason(again, damage: str) -> None:
    happens, reason = DAMAGES[damage]
    happens(again())
    opened = again()
    development = load_development_rows(opened.contract, opened.artifacts)
    search = read_search(opened, development)
    (left_out,) = search.left_out
    assert left_out.number == 1
    assert reason in left_out.reason
    assert [trial.number for trial in search.trials] == [0, 2] == list(search.out_of_fold.numbers)
    assert choose_trial(opened, search, development, "best").trial.number != 1
    assert [finished_trial(opened, trial, development).number for trial in search.trials] == [0, 2]


def test_where_no_trial_can_be_used_each_says_why(again) -> None:
    opened = again()
    for number in range(3):
        artifact(opened, number).unlink(missing_ok=True)
    with pytest.raises(NotFinishedError, match=r"trial 0 cannot be used: .* is gone; trial 1 cannot be used") as caught:
        read_search(opened, load_development_rows(opened.contract, opened.artifacts))
    assert "restore the artifacts" in caught.value.next_step


@pytest.mark.slow
def test_the_report_tells_what_was_left_out(again, tmp_path: Path, capsys) -> None:
    artifact(again(), 1).unlink()
    output = tmp_path / "report"
    result = finalize(again(), output, FinalizeOptions(device="cpu", with_test=False))
    (left_out,) = result["left_out"]
    assert (left_out["number"], result["trials"]["complete"], result["foreign_trials"]) == (1, 2, 0)
    assert "Trial 1 is left out: Artifact" in capsys.readouterr().err
    for page in ("report.md", "report.html"):
        assert "1 finished trial left out" in (output / page).read_text()
