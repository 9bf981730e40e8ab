"""Genes that are shorter than others, without a stop inside."""

from pathlib import Path

import numpy as np

from model.simulation import simulate, write_simulated

EARLY_STOPS = "cut short by an early stop"


def write_fragments(path: Path) -> None:
    """Whole genes, every third of which lost its second half in sequencing."""
    write_simulated(simulate(60, 30, 0.0, 1), path)
    header, *rows = path.read_text().splitlines()
    random, kept = np.random.default_rng(0), [header]
    for number in range(len(rows)):
        sequence = "".join(random.choice(["GCT", "GAA", "AAA", "CTG", "CAT"], 30))
        kept.append(f"g{number},{sequence[: 45 if number % 3 == 0 else 90]},{number % 2}")
    path.write_text("\n".join(kept) + "\n")


def test_a_fragment_is_not_told_as_an_early_stop(hpo) -> None:
    report = hpo.folder / "report"
    hpo.create("stops", 1, "--folds", "2")
    write_fragments(hpo.folder / "fragments.csv")
    hpo.create("fragments", 1, "--folds", "2", data="fragments.csv")
    for study in ("stops", "fragments"):
        hpo.ok("worker", "--study", study)
        hpo.ok("finalize", "--study", study, "--output", str(report / study), "--no-test")
    assert EARLY_STOPS in (report / "stops/report.md").read_text()
    assert EARLY_STOPS not in (report / "fragments/report.md").read_text()
