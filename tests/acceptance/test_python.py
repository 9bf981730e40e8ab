"""`import hpo`: what the guide shows runs as it stands there, and says what the commands say."""

import dataclasses
import json
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sklearn.base import clone, is_classifier
from sklearn.frozen import FrozenEstimator
from sklearn.utils.estimator_checks import check_estimator

import hpo
from hpo.api.answers import RunOptions
from hpo.api.options import StudyOptions
from hpo.cli.data_options import DataOptions
from hpo.cli.label_options import LabelOptions
from hpo.cli.options import AnswerOptions, SearchOptions, SplitOptions
from model.simulation import simulate, write_simulated

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def guide(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder in which the guide's examples ran, one after another in one script, and what they printed."""
    folder = tmp_path_factory.mktemp("guide")
    write_simulated(simulate(120, 20, 0.05, 0), folder / "genes.csv")
    blocks = BLOCK.findall((ROOT / "docs" / "guides" / "python.md").read_text())
    (folder / "guide.py").write_text("\n".join(blocks))
    done = subprocess.run([sys.executable, "guide.py"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


def test_the_guide_runs_as_it_stands(guide: tuple[Path, str]) -> None:
    folder, printed = guide
    result = json.loads((folder / "report" / "result.json").read_text())
    first = printed.splitlines()[0]
    chosen, test = result["best_trial"]["number"], result["test"]["accuracy"]
    assert first == f"{chosen} {result['cv']['corrected_mean']} {test}"
    assert (folder / "second" / "report.html").is_file()
    assert printed.count("COMPLETE") + printed.count("PRUNED") == 3
    assert "3 trials deleted; " in printed


def test_a_model_is_a_classifier_that_says_what_predict_says(guide: tuple[Path, str]) -> None:
    folder, _ = guide
    model = hpo.load_model(folder / "report" / "model")
    rows = hpo.predict(folder / "report" / "model", folder / "genes.csv")
    sequences = [line.split(",")[1] for line in (folder / "genes.csv").read_text().splitlines()[1:]]
    probabilities = model.predict_proba(sequences)
    assert [round(value, 6) for value in probabilities[:, 1]] == [row.probability_resistant for row in rows]
    assert list(model.predict(sequences)) == [row.resistant for row in rows]
    assert probabilities.sum(axis=1) == pytest.approx(1.0)
    labels = [line.split(",")[2] == "1" for line in (folder / "genes.csv").read_text().splitlines()[1:]]
    assert model.score(sequences, labels) == pytest.approx(
        sum(a == b.resistant for a, b in zip(labels, rows, strict=True)) / 120
    )


def test_a_model_passes_what_applies_of_the_checks_of_scikit_learn(guide: tuple[Path, str]) -> None:
    model = hpo.load_model(guide[0] / "report" / "model")
    with pytest.warns(Warning, match="Can't test estimator"):  # those that need rows of numbers
        check_estimator(model)
    assert is_classifier(model)
    gene = [(guide[0] / "genes.csv").read_text().splitlines()[1].split(",")[1]]
    assert clone(model).predict(gene) == model.predict(gene)
    assert pickle.loads(pickle.dumps(model)).predict(gene) == model.predict(gene)  # noqa: S301 - ours
    frozen = FrozenEstimator(model)
    assert frozen.fit(gene, [True]).predict(gene) == model.predict(gene)


@pytest.mark.parametrize(
    ("sequences", "complaint"),
    [
        ("ATGAAATAA", "not a list of strings"),
        ([["ATGAAATAA"]], "not a list of strings"),
        (["ATGAAATAA", None], "sequence is missing in row 2"),
        (["ATGJJJ"], "row 1"),
    ],
)
def test_what_a_model_cannot_read_is_refused(guide: tuple[Path, str], sequences: list[str], complaint: str) -> None:
    model = hpo.load_model(guide[0] / "report" / "model")
    with pytest.raises(hpo.ModelError) as refused:
        model.predict(sequences)
    assert complaint in refused.value.message


def test_a_model_is_not_fitted_again(guide: tuple[Path, str]) -> None:
    with pytest.raises(hpo.HpoError, match="not fitted again"):
        hpo.load_model(guide[0] / "report" / "model").fit(["ATG"], [True])


def test_errors_say_what_the_commands_say(tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path / 'hpo.db'}"
    with pytest.raises(hpo.StorageError) as refused:
        hpo.open_study("none", storage=storage)
    assert refused.value.next_step
    (tmp_path / "genes.csv").write_text("sequence,resistant\nATG,1\n")
    with pytest.raises(hpo.HpoError, match="takes no option called colour"):
        hpo.create_study(tmp_path / "genes.csv", study="s", trials=1, storage=storage, colour="red")  # type: ignore[call-arg]
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        hpo.nothing  # noqa: B018


def test_keywords_are_the_commands_options() -> None:
    groups = (DataOptions, LabelOptions, SearchOptions, SplitOptions)
    fields = {field.name for kind in groups for field in dataclasses.fields(kind)}
    assert {{"where": "conditions"}.get(name, name) for name in StudyOptions.__optional_keys__} == fields
    answers = {field.name for field in dataclasses.fields(AnswerOptions)}
    assert RunOptions.__optional_keys__ == StudyOptions.__optional_keys__ | answers


def test_commands_begin_without_what_only_python_needs() -> None:
    code = (
        "import sys, hpo, hpo.cli.app; print([name for name in ('torch', 'sklearn', 'optuna') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
