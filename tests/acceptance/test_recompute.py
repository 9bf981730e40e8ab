"""Every figure of result.json, computed a second time from what is stored; see `recomputed` for what that means.

Three reports: `best` of a study whose copies stay together; `sealed` (--no-test) and then `simplest` (--prefer simplest
--ensemble 2) of one whose copies, half of them with the other label, are spread over folds and test.
"""

from pathlib import Path
from typing import Any

import pytest

from model.simulation import simulate, simulate_relatives, write_simulated
from recomputed import accuracy, baselines, search
from recomputed.stored import Stored, sealed_rows

#: Trial 0 lies inside, so that the importances rest on all complete trials.
SPACE = """
encoding = ["nucleotide", "amino_acid"]
embedding_size = [8, 50]
hidden_size = [8, 62]
layers = 1
learning_rate = { low = 1e-3, high = 3e-2, log = true }
"""


@pytest.fixture(scope="module")
def best(workplace, tmp_path_factory) -> Stored:
    hpo = workplace(tmp_path_factory.mktemp("best"))
    (hpo.folder / "space.toml").write_text(SPACE)
    hpo.ok(
        *("run", "genes.csv", "--study", "s", "--trials", "7", "--workers", "1", "--space", "space.toml"),
        # Importances want more than a few complete trials.
        *("--max-epochs", "4", "--original", "all", "--pruner", "paired", "--output", "best"),
    )
    return Stored(hpo.folder, "best", opened=True)


@pytest.fixture(scope="module")
def spread(workplace, tmp_path_factory):
    """A finished study; its seed is one where the best trial is tied with a smaller one."""
    hpo = workplace(tmp_path_factory.mktemp("spread"))
    write_copies(hpo.folder / "genes.csv")
    hpo.create("s", 4, "--duplicates", "spread", "--seed", "1", "--pruner", "none", "--original", "all")
    hpo.ok("worker", "--study", "s")
    return hpo


@pytest.fixture(scope="module")
def sealed(spread) -> Stored:
    """Needs no test rows: they are away meanwhile."""
    rows, away = sealed_rows(spread.folder), spread.folder / "away"
    rows.rename(away)
    spread.ok("finalize", "--study", "s", "--output", "sealed", "--no-test")
    away.rename(rows)
    return Stored(spread.folder, "sealed", opened=False)


@pytest.fixture(scope="module")
def simplest(spread, sealed) -> Stored:
    spread.ok("finalize", "--study", "s", "--output", "simplest", "--prefer", "simplest", "--ensemble", "2")
    return Stored(spread.folder, "simplest", opened=True)


@pytest.fixture(params=["best", "sealed", "simplest"])
def study(request: pytest.FixtureRequest) -> Stored:
    return request.getfixturevalue(request.param)


def write_copies(path: Path) -> None:
    """Mostly different genes; every third comes again, half of these with the other label."""
    write_simulated(simulate_relatives(simulate(40, 30, 0.0, 3), 100, 0.0, 4, distinct_share=0.8), path)
    header, *rows = path.read_text().splitlines()
    assert header == "id,sequence,resistant"
    for number, row in enumerate(rows[::3]):
        name, sequence, label = row.split(",")
        rows.append(f"{name}-again,{sequence},{(int(label) + number) % 2}")
    path.write_text("\n".join([header, *rows]) + "\n")


def check(study: Stored, again: dict[str, Any]) -> None:
    """Figure by figure, none left out on either side."""
    found, expected = flat({name: study.result[name] for name in again}), flat(again)
    pairs = {path: (found.get(path, "missing"), expected.get(path, "missing")) for path in found | expected}
    assert not {path: pair for path, pair in pairs.items() if not same(*pair)}


def same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return one == pytest.approx(other, rel=1e-5, abs=1e-6)
    return one == other


def flat(value: Any, path: str = "") -> dict[str, Any]:
    if isinstance(value, dict) and value:
        return {key: one for name, inner in value.items() for key, one in flat(inner, f"{path}.{name}").items()}
    if isinstance(value, list) and value:
        return {key: one for number, inner in enumerate(value) for key, one in flat(inner, f"{path}[{number}]").items()}
    return {path: value}


def test_no_figure_is_left_out(study: Stored) -> None:
    computed = {
        *("study", "trials", "folds_trained", "folds_saved", "seconds", "best_trial", "data", "importances"),
        *("tied_with_best", "cv", "test", "gap", "gap_details", "baselines", "positions"),
        *("search", "test_openings", "test_opened", "left_out", "foreign_trials", "verdict"),
    }
    assert set(study.result) - computed == {"created", "finished", "blend", "objective", "pruning", "ended"}
    assert study.result["pruning"] is None  # it is of studies that are pruned by chance
    assert study.result["ended"] is None  # their budgets were spent
    # Figures by another objective are computed again in `test_objective`.
    assert study.result["objective"] == {"name": "accuracy", "cv": None, "test": None}
    assert study.result["blend"] == []  # genes that are read whole have one trial's networks


def test_search(study: Stored) -> None:
    check(study, search.effort(study))
    check(study, {"best_trial": search.best_trial(study)})
    check(study, {"search": {"best_by_trial": search.best_by_trial(study)}})
    check(study, {"importances": search.importances(study)})
    check(study, {"data": search.data(study)})


def test_openings(study: Stored) -> None:
    check(study, {"test_openings": len(study.openings), "test_opened": study.openings})


def test_ties(study: Stored) -> None:
    columns = search.tied(study, study.winner)
    check(study, {"tied_with_best": [study.complete[column].number for column in columns]})


def test_cross_validation(study: Stored) -> None:
    check(study, {"cv": accuracy.cross_validation(study)})


def test_test_set(study: Stored) -> None:
    check(study, {"test": accuracy.test_figures(study)})
    check(study, accuracy.gaps(study))


def test_baselines(study: Stored) -> None:
    check(study, {"baselines": baselines.baselines(study)})


def test_verdict(study: Stored) -> None:
    """Who is ahead by more than chance, by the paired tests of `test_baselines`: on the test, else in CV."""
    found, verdict = study.result["baselines"], study.result["verdict"]

    def ahead(name: str) -> str | None:
        for where in ("mcnemar_test_cases", "mcnemar_cv_cases"):
            paired = found[name][where]
            if paired is not None and paired["p"] < 0.05:
                network = paired["only_best_right"] > paired["only_baseline_right"]
                # A network that is ahead in cross-validation alone may owe that to the choice among trials.
                undecided = network and where == "mcnemar_cv_cases" and found[name]["test"] is not None
                return None if undecided else "network" if network else "baseline"
        return None

    regressions = [name for name in found if name.endswith("logistic_regression")]
    best = max(regressions, key=lambda name: (ahead(name) == "baseline", found[name]["test"] or found[name]["cv"]))
    learnt = ahead("majority") == "network"
    assert verdict["use"] in ({"network" if ahead(best) == "network" else best} if learnt else {None, best})
    assert ("guessing" in verdict["title"]) != learnt


def test_positions(study: Stored) -> None:
    check(study, {"positions": accuracy.positions(study)})


def test_a_sealed_report_holds_no_test_figure(sealed: Stored) -> None:
    told = {path for path, value in flat(sealed.result).items() if "test" in path and value}
    assert told == {".data.test"}, "how many rows are sealed, and nothing else"
    assert sealed.openings == []
    assert sealed.model.card["test"] is None
    page = (sealed.folder / "report.md").read_text()
    assert "(CV)" in page
    assert not [word for word in ("(test)", "| Test", "| test") if word in page]


def test_the_reports_are_worth_comparing(best: Stored, simplest: Stored) -> None:
    assert len(best.result["importances"]) > 5
    assert len(best.openings) == len(simplest.openings) == 1
    chosen, test = simplest.result["best_trial"], simplest.result["test"]
    assert (chosen["preferred_to"], chosen["networks"]) == (simplest.complete[simplest.best].number, 2)
    assert chosen["preferred_to"] != chosen["number"]
    assert min(test["unseen_sequences"]["n"], test["seen_sequences"]["n"]) > 5
    assert test["unseen_sequences"]["accuracy"] != test["seen_sequences"]["accuracy"]
    assert simplest.result["data"]["ceilings"]["nucleotide"] < 1, "no labels contradict each other"
