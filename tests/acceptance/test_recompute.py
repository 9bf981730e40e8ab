"""Every figure of result.json, computed a second time from what is stored; see `recomputed` for what that means.

Four reports: `best` and `simplest` of a study whose copies stay together, the latter at the second opening of its test
set; `sealed` and `ensemble` of one whose copies, half of them with the other label, are spread over folds and test.
"""

import shutil
from pathlib import Path
from typing import Any

import pytest

from model.simulation import simulate, simulate_relatives, write_simulated
from recomputed import accuracy, rivals, search
from recomputed.stored import Stored, sealed_rows

REPORTS = ("best", "simplest", "sealed", "ensemble")
#: Trial 0 lies inside, so that the importances rest on all complete trials.
SPACE = """
encoding = ["nucleotide", "amino_acid"]
embedding_size = [8, 50]
hidden_size = [8, 62]
layers = 1
learning_rate = { low = 1e-3, high = 3e-2, log = true }
"""


@pytest.fixture(scope="module")
def together(workplace, tmp_path_factory) -> dict[str, Stored]:
    hpo = workplace(tmp_path_factory.mktemp("together"))
    (hpo.folder / "space.toml").write_text(SPACE)
    hpo.ok(
        *("run", "genes.csv", "--study", "s", "--trials", "7", "--workers", "1", "--space", "space.toml"),
        *("--max-epochs", "4", "--output", "best"),
    )
    best = Stored(hpo.folder, "best", opened=True)
    hpo.ok("finalize", "--study", "s", "--output", "simplest", "--prefer", "simplest")
    return {"best": best, "simplest": Stored(hpo.folder, "simplest", opened=True)}


@pytest.fixture(scope="module")
def spread(workplace, tmp_path_factory) -> dict[str, Stored]:
    hpo = workplace(tmp_path_factory.mktemp("spread"))
    write_copies(hpo.folder / "genes.csv")
    hpo.create("s", 3, "--duplicates", "spread", "--seed", "5")
    hpo.ok("worker", "--study", "s")
    # --no-test needs no test rows: they are away meanwhile.
    rows = sealed_rows(hpo.folder)
    shutil.move(rows, hpo.folder / "away")
    hpo.ok("finalize", "--study", "s", "--output", "sealed", "--no-test")
    sealed = Stored(hpo.folder, "sealed", opened=False)
    shutil.move(hpo.folder / "away", rows)
    hpo.ok("finalize", "--study", "s", "--output", "ensemble", "--ensemble", "2")
    return {"sealed": sealed, "ensemble": Stored(hpo.folder, "ensemble", opened=True)}


def write_copies(path: Path) -> None:
    """Mostly different genes; every third comes again, half of these with the other label."""
    write_simulated(simulate_relatives(simulate(40, 30, 0.0, 3), 100, 0.0, 4, distinct_share=0.8), path)
    header, *rows = path.read_text().splitlines()
    assert header == "id,sequence,resistant"
    for number, row in enumerate(rows[::3]):
        name, sequence, label = row.split(",")
        rows.append(f"{name}-again,{sequence},{(int(label) + number) % 2}")
    path.write_text("\n".join([header, *rows]) + "\n")


@pytest.fixture(params=REPORTS)
def study(request: pytest.FixtureRequest) -> Stored:
    fixture = "together" if request.param in ("best", "simplest") else "spread"
    return request.getfixturevalue(fixture)[request.param]


def check(study: Stored, again: dict[str, Any]) -> None:
    """Figure by figure, none left out on either side."""
    found, expected = flat({name: study.result[name] for name in again}), flat(again)
    pairs = {path: (found.get(path, "missing"), expected.get(path, "missing")) for path in found | expected}
    assert not {path: pair for path, pair in pairs.items() if not same(*pair)}


def same(one: Any, other: Any) -> bool:
    if isinstance(one, float):
        return one == pytest.approx(other, rel=1e-5, abs=1e-6)
    return one == other


def flat(value: Any, path: str = "") -> dict[str, Any]:
    if isinstance(value, dict) and value:
        return {key: one for name, inner in value.items() for key, one in flat(inner, f"{path}.{name}").items()}
    if isinstance(value, list) and value:
        return {key: one for number, inner in enumerate(value) for key, one in flat(inner, f"{path}[{number}]").items()}
    return {path: value}


def prefer(study: Stored) -> str:
    return "simplest" if study.folder.name == "simplest" else "best"


def test_no_figure_is_left_out(study: Stored) -> None:
    computed = {
        *("study", "trials", "folds_trained", "folds_saved", "seconds", "best_trial", "data", "importances"),
        *("tied_with_best", "cv", "test", "gap", "gap_details", "baselines", "positions"),
        *("test_openings", "test_opened"),
    }
    assert set(study.result) - computed == {"created", "finished"}


def test_search(study: Stored) -> None:
    check(study, search.effort(study))
    check(study, {"best_trial": search.best_trial(study, prefer(study))})
    check(study, {"importances": search.importances(study)})
    check(study, {"data": search.data(study)})


def test_ties(study: Stored) -> None:
    columns = search.tied(study, study.winner)
    check(study, {"tied_with_best": [study.complete[column].number for column in columns]})


def test_cross_validation(study: Stored) -> None:
    check(study, {"cv": accuracy.cross_validation(study)})


def test_test_set(study: Stored) -> None:
    check(study, {"test": accuracy.test_figures(study)})
    check(study, accuracy.gaps(study))


def test_baselines(study: Stored) -> None:
    check(study, {"baselines": rivals.baselines(study)})


def test_positions(study: Stored) -> None:
    check(study, {"positions": accuracy.positions(study)})


@pytest.mark.parametrize(("report", "openings"), [("best", 1), ("simplest", 2), ("sealed", 0), ("ensemble", 1)])
def test_openings(together, spread, report: str, openings: int) -> None:
    study = (together | spread)[report]
    assert len(study.openings) == openings
    check(study, {"test_openings": openings, "test_opened": study.openings})


def test_the_simplest_is_not_the_best(together) -> None:
    assert together["simplest"].winner != together["best"].winner
    assert len(together["best"].result["importances"]) > 5


def test_some_sequences_were_seen_and_some_were_not(spread) -> None:
    test = spread["ensemble"].result["test"]
    assert test["unseen_sequences"]["n"] > 5
    assert test["seen_sequences"]["n"] > 5
    assert test["unseen_sequences"]["accuracy"] != test["seen_sequences"]["accuracy"]
    assert spread["ensemble"].result["data"]["ceilings"]["nucleotide"] < 1
    assert spread["ensemble"].result["best_trial"]["networks"] == 2


def test_a_sealed_report_holds_no_test_figure(spread) -> None:
    sealed = spread["sealed"]
    assert not [path for path, value in flat(sealed.result).items() if "test" in path and value]
    assert sealed.model.card["test"] is None
