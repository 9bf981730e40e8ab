"""Every figure of result.json, computed again from what is stored, without the code that made the report."""

import io
import json
import math
import os
import warnings
from functools import cached_property
from typing import Any

import numpy as np
import optuna
import pytest
from scipy.stats import binom, norm
from sklearn import metrics as sk

from hpo.evaluation.baselines import BaselineData, all_baselines
from hpo.evaluation.selection_bias import correct_selection_bias
from hpo.seeds import derive
from model.configuration import LearnerConfig
from model.encoding import encode
from model.mutagenesis import common_letters, mutate_positions
from model.prediction import predict
from model.saving import load_model
from model.snapshot import from_bytes
from model.splitting import group_ids
from model.training import Examples, train_final

TRIALS = 12


class Stored:
    """What a study left behind, read by hand: trials, fold records, snapshots, model folder."""

    def __init__(self, hpo) -> None:
        from hpo.session import open_session

        here = os.path.relpath(hpo.folder / "hpo.db")
        session = open_session(f"sqlite:///{here}", "s", str(hpo.folder / "hpo-artifacts"))
        self.get, self.contract = session.artifacts.get, session.contract
        self.trials = session.storage.get_all_trials(session.handle.study_id)[:TRIALS]
        attributes = session.handle.attributes()
        self.openings = sorted(attributes[name] for name in attributes if name.startswith("hpo:test_opening:"))
        self.development, self.folds = from_bytes(self.get(self.contract.data.development.artifact))
        self.test, _ = from_bytes(self.get(self.contract.data.test.artifact))
        self.model = load_model(hpo.folder / "report/model")
        self.complete = [trial for trial in self.trials if trial.state.name == "COMPLETE"]

    def fold(self, trial, k: int) -> dict[str, np.ndarray]:
        with np.load(io.BytesIO(self.get(trial.user_attrs[f"hpo:fold:{k}"]["artifact"]))) as archive:
            return dict(archive)

    def records(self, trial) -> list[dict[str, Any]]:
        found = [trial.user_attrs.get(f"hpo:fold:{k}") for k in range(5)]
        return [record for record in found if record]

    def out_of_fold(self, trial) -> np.ndarray:
        losses = [self.fold(trial, k)["validation_loss"] for k in range(5)]
        shared = min(len(loss) for loss in losses)
        epoch = int(np.mean([loss[:shared] for loss in losses], axis=0).argmin())
        probabilities = np.empty(len(self.folds))
        for k in range(5):
            probabilities[self.folds == k] = self.fold(trial, k)["probabilities"][epoch]
        return probabilities

    @cached_property
    def correct(self) -> np.ndarray:
        calls = [self.out_of_fold(trial) > 0.5 for trial in self.complete]
        return np.stack([call == self.development.labels for call in calls], axis=1)

    def accuracies(self, column: int) -> np.ndarray:
        return np.array([self.correct[self.folds == k, column].mean() for k in range(5)])

    @cached_property
    def best(self) -> int:
        return int(np.argmax([self.accuracies(column).mean() for column in range(len(self.complete))]))

    def groups(self, genes) -> np.ndarray:
        return group_ids(genes, self.contract.search.space.encodings, 1)


@pytest.fixture
def stored(hpo) -> tuple[dict[str, Any], Stored]:
    hpo.ok(
        *("run", "genes.csv", "--study", "s", "--trials", str(TRIALS), "--workers", "1", "--space", "space.toml"),
        *("--max-epochs", "4", "--output", "report"),
    )
    return json.loads((hpo.folder / "report/result.json").read_text()), Stored(hpo)


def test_every_figure_is_computed_again(stored) -> None:
    result, study = stored
    known = check_search(result, study) | check_cv(result, study) | check_test(result, study)
    known |= check_baselines(result, study) | check_positions(result, study)
    assert set(result) - known == {"created", "finished"}, "a figure that this test does not compute"


def check_search(result: dict[str, Any], study: Stored) -> set[str]:
    states = [trial.state.name for trial in study.trials]
    records = [record for trial in study.trials for record in study.records(trial)]
    assert result["study"] == "s"
    assert result["trials"] == {
        "complete": states.count("COMPLETE"),
        "pruned": states.count("PRUNED"),
        "failed": states.count("FAIL"),
        "budget": TRIALS,
    }
    assert result["folds_trained"] == len(records)
    assert result["folds_saved"] == 5 * TRIALS - len(records)
    assert result["seconds"] == pytest.approx(sum(record["seconds"] for record in records))
    best = study.complete[study.best]
    assert result["best_trial"] == {
        "number": best.number,
        "params": best.user_attrs["hpo:config"],
        "preferred_to": None,
        "epochs": best.user_attrs["hpo:epochs"],
        "networks": 1,
        "network_parameters": sum(weights.numel() for weights in study.model.networks[0].parameters()),
    }
    told = [(spent["trial"], spent["best"]) for spent in result["search"]["best_by_trial"]]
    assert [number for number, _ in told] == list(range(TRIALS))
    for number, best in told:
        assert best == pytest.approx(max(trial.value for trial in study.complete if trial.number <= number))
    assert result["importances"] == pytest.approx(importances(study))
    assert len(result["importances"]) > 1
    assert sum(result["importances"].values()) == pytest.approx(1)
    assert (result["test_openings"], result["test_opened"]) == (1, study.openings)
    labels = np.concatenate([study.development.labels, study.test.labels])
    data = result["data"]
    assert (data["development"], data["test"]) == (len(study.development.labels), len(study.test.labels))
    assert (data["resistant"], data["fingerprint"]) == (labels.sum(), study.contract.data.fingerprint)
    for encoding, ceiling in data["ceilings"].items():
        assert ceiling == pytest.approx(ceiling_of(study, encoding, labels))
    assert result["tied_with_best"] == tied(study)
    return {
        *("study", "trials", "folds_trained", "folds_saved", "seconds", "best_trial"),
        *("test_openings", "test_opened", "data", "tied_with_best", "importances", "search"),
    }


def importances(study: Stored) -> dict[str, float]:
    """Optuna's fANOVA over the trials that were drawn from the space, which trial 0 was not."""
    again = optuna.create_study(direction="maximize")
    again.add_trials(drawn := study.complete[1:])
    varied = [name for name in drawn[0].params if len({trial.params[name] for trial in drawn}) > 1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # experimental parts of Optuna say so
        evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
        return optuna.importance.get_param_importances(again, evaluator=evaluator, params=varied)


def ceiling_of(study: Stored, encoding: str, labels: np.ndarray) -> float:
    """Each sequence says its commoner label."""
    rows = [encode(genes, encoding) for genes in (study.development, study.test)]
    words = [tuple(tokens[:n].tolist()) for part in rows for tokens, n in zip(part.tokens, part.lengths, strict=True)]
    right = 0
    for word in set(words):
        here = labels[[other == word for other in words]]
        right += max(here.sum(), len(here) - here.sum())
    return right / len(labels)


def tied(study: Stored) -> list[int]:
    found, groups = [], study.groups(study.development)
    for column in range(len(study.complete)):
        difference = study.correct[:, study.best].astype(int) - study.correct[:, column].astype(int)
        error = math.sqrt(variance(difference, groups))
        if column != study.best and abs(difference.mean()) <= 1.959963984540054 * error:
            found.append((-study.accuracies(column).mean(), study.complete[column].number))
    return [number for _, number in sorted(found)]


def check_cv(result: dict[str, Any], study: Stored) -> set[str]:
    cv, accuracies = result["cv"], study.accuracies(study.best)
    assert cv["fold_accuracies"] == pytest.approx(accuracies)
    assert cv["mean"] == pytest.approx(accuracies.mean())
    assert cv["mean"] == pytest.approx(study.complete[study.best].value)
    assert cv["std"] == pytest.approx(accuracies.std(ddof=1))
    groups = study.groups(study.development)
    again = correct_selection_bias(study.correct, study.best, groups, naive_mean=accuracies.mean(), seed=0)
    assert cv["corrected_mean"] == pytest.approx(again.corrected_mean)
    assert cv["interval95"] == pytest.approx([again.interval.low, again.interval.high])
    assert cv["naive_interval95"] == pytest.approx(wilson(study.correct[:, study.best], groups, accuracies.mean()))
    check_measured(cv, study.development.labels, study.out_of_fold(study.complete[study.best]))
    return {"cv"}


def check_test(result: dict[str, Any], study: Stored) -> set[str]:
    test, labels = result["test"], study.test.labels
    encoded = encode(study.test, study.model.config.encoding)
    probabilities = predict(study.model.networks, encoded)
    right = (probabilities > 0.5) == labels
    check_measured(test, labels, probabilities)
    assert test["accuracy"] == pytest.approx(right.mean())
    assert test["interval95"] == pytest.approx(wilson(right, study.groups(study.test), right.mean()))
    assert [part["n"] for part in test["by_class"]] == [labels.sum(), (~labels).sum()]
    assert [part["accuracy"] for part in test["by_class"]] == pytest.approx(
        [right[labels].mean(), right[~labels].mean()]
    )
    assert test["unseen_sequences"]["n"] == len(labels)
    assert test["seen_sequences"] is None
    for part in test["by_length"]:
        low, *high = (int(word) for word in part["name"].split(" to "))
        inside = (encoded.lengths >= low) & (encoded.lengths <= (high or [low])[0])
        assert (part["n"], part["accuracy"]) == (inside.sum(), pytest.approx(right[inside].mean()))
    assert sum(part["n"] for part in test["by_length"]) == len(labels)
    check_copies(test, study.groups(study.test), right)
    assert result["gap"] == result["cv"]["mean"] - test["accuracy"]
    for name, mean, interval in (("naive", "mean", "naive_interval95"), ("corrected", "corrected_mean", "interval95")):
        gap, cv = result["gap_details"][name], result["cv"]
        assert gap["difference"] == pytest.approx(cv[mean] - test["accuracy"])
        below = math.hypot(cv[mean] - cv[interval][0], test["interval95"][1] - test["accuracy"])
        above = math.hypot(cv[interval][1] - cv[mean], test["accuracy"] - test["interval95"][0])
        assert gap["interval95"] == pytest.approx([gap["difference"] - below, gap["difference"] + above])
        assert gap["more_than_noise"] == (not gap["interval95"][0] <= 0 <= gap["interval95"][1])
    return {"test", "gap", "gap_details"}


def check_copies(test: dict[str, Any], groups: np.ndarray, right: np.ndarray) -> None:
    sequences = [right[groups == group] for group in np.unique(groups)]
    assert test["sequences"] == len(sequences)
    assert test["accuracy_per_sequence"] == pytest.approx(np.mean([part.mean() for part in sequences]))
    worst = max(sequences, key=lambda part: (~part).sum())
    assert test["worst_sequence"]["mistakes"] == (~worst).sum()
    assert test["unseen_sequences"]["interval95"] == pytest.approx(test["interval95"])


def check_measured(figures: dict[str, Any], labels: np.ndarray, probabilities: np.ndarray) -> None:
    called = probabilities > 0.5
    assert figures["n"] == len(labels)
    assert figures["confusion"] == sk.confusion_matrix(labels, called).tolist()
    assert figures["loss"] == pytest.approx(sk.log_loss(labels, probabilities.astype(float)), rel=1e-5)
    assert figures["brier"] == pytest.approx(sk.brier_score_loss(labels, probabilities), rel=1e-5)
    assert figures["sensitivity"] == pytest.approx(sk.recall_score(labels, called))
    assert figures["specificity"] == pytest.approx(sk.recall_score(~labels, ~called))
    assert figures["balanced_accuracy"] == pytest.approx(sk.balanced_accuracy_score(labels, called))
    assert figures["mcc"] == pytest.approx(sk.matthews_corrcoef(labels, called))
    assert figures["roc_auc"] == pytest.approx(sk.roc_auc_score(labels, probabilities))
    assert figures["pr_auc"] == pytest.approx(sk.average_precision_score(labels, probabilities))
    assert len(figures["calibration"]["predicted"]) == len(figures["calibration"]["observed"])


def wilson(right: np.ndarray, groups: np.ndarray, centre: float) -> list[float]:
    """Wilson's interval for rows that came in groups."""
    n = max(1, min(len(right), centre * (1 - centre) / variance(right, groups)))
    z = norm.ppf(0.975)
    middle = (centre + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(centre * (1 - centre) / n + z**2 / (4 * n**2))
    return [middle - half, middle + half]


def variance(values: np.ndarray, groups: np.ndarray) -> float:
    """Of the mean over rows, by the components of a one-way analysis of variance."""
    parts = [values[groups == group].astype(float) for group in np.unique(groups)]
    sizes, rows, count = np.array([len(part) for part in parts]), len(values), len(parts)
    within = sum(((part - part.mean()) ** 2).sum() for part in parts) / (rows - count)
    between = sum(len(part) * (part.mean() - values.mean()) ** 2 for part in parts) / count
    size = (rows - (sizes**2).sum() / rows) / (count - 1)
    return max(0.0, (between - within) / size) * (sizes**2).sum() / rows**2 + within / rows


def check_baselines(result: dict[str, Any], study: Stored) -> set[str]:
    baselines, labels, folds = result["baselines"], study.development.labels, study.folds
    majority = [np.mean(labels[folds == k] == (labels[folds != k].mean() > 0.5)) for k in range(5)]
    assert baselines["majority"]["cv"] == pytest.approx(np.mean(majority))
    assert baselines["majority"]["test"] == pytest.approx(np.mean(study.test.labels == (labels.mean() > 0.5)))
    dev, test = encode(study.development, "amino_acid"), encode(study.test, "amino_acid")
    fitted = all_baselines(
        BaselineData(dev.tokens, dev.lengths, labels, folds, test.tokens, test.lengths, study.test.labels)
    )
    networks = predict(study.model.networks, encode(study.test, study.model.config.encoding))
    best = (networks > 0.5) == study.test.labels
    predictions = {one.name: (one.probabilities, one.test_probabilities) for one in fitted}
    predictions["original_configuration"] = (study.out_of_fold(study.trials[0]), retrained_original(study))
    assert set(baselines) == set(predictions)
    for name, (out_of_fold, on_test) in predictions.items():
        right = (out_of_fold > 0.5) == labels
        per_fold = [right[folds == k].mean() for k in range(5)]
        assert baselines[name]["fold_accuracies"] == pytest.approx(per_fold)
        assert baselines[name]["cv"] == pytest.approx(np.mean(per_fold))
        on_test_right = (on_test > 0.5) == study.test.labels
        assert baselines[name]["test"] == pytest.approx(on_test_right.mean())
        winner = study.correct[:, study.best]
        check_mcnemar(baselines[name]["mcnemar_cv"], winner, right)
        check_mcnemar(baselines[name]["mcnemar_test"], best, on_test_right)
        check_mcnemar(baselines[name]["mcnemar_cv_cases"], *by_sequence(winner, right, study.groups(study.development)))
        check_mcnemar(
            baselines[name]["mcnemar_test_cases"], *by_sequence(best, on_test_right, study.groups(study.test))
        )
    return {"baselines"}


def by_sequence(best: np.ndarray, other: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each sequence, which of the two is right on more of its rows."""
    ahead = [best[groups == group].sum() - other[groups == group].sum() for group in np.unique(groups)]
    return np.array(ahead) > 0, np.array(ahead) < 0


def retrained_original(study: Stored) -> np.ndarray:
    """Trial 0 trained again on all development rows."""
    first = study.trials[0]
    config = LearnerConfig(**first.user_attrs["hpo:config"])
    rows = encode(study.development, config.encoding)
    network, _ = train_final(
        config,
        study.contract.settings,
        Examples(rows.tokens, rows.lengths, study.development.labels),
        vocabulary_size=rows.vocabulary_size,
        epochs=first.user_attrs["hpo:epochs"],
        seed=derive(0, "final"),
    )
    return predict(network, encode(study.test, config.encoding))


def check_mcnemar(figures: dict[str, Any], best: np.ndarray, other: np.ndarray) -> None:
    ours, theirs = int((best & ~other).sum()), int((other & ~best).sum())
    assert (figures["only_best_right"], figures["only_baseline_right"], figures["n"]) == (ours, theirs, len(best))
    p = 2 * binom.cdf(min(ours, theirs), ours + theirs, 0.5)
    assert figures["p"] == pytest.approx(min(1.0, p))


def check_positions(result: dict[str, Any], study: Stored) -> set[str]:
    encoding = study.model.config.encoding
    again = mutate_positions(
        study.model.networks,
        encode(study.test, encoding),
        common_letters(encode(study.development, encoding)),
        seed=0,
    )
    assert result["positions"]["effect"] == pytest.approx(again.effect.tolist(), abs=1e-6)
    assert result["positions"]["top"][0] == int(again.effect.argmax()) + 1
    return {"positions"}
