"""The first word on how long a search takes: a range that grows with the work, said as people say it."""

import os
from dataclasses import replace

import numpy as np
import pytest

from hpo.study.first_estimate import Search, Tried, in_words, search_seconds
from hpo.trial.development_rows import DevelopmentRows, load_development_rows
from hpo.workers.probe import estimate_search
from model.configuration import TrainingSettings
from model.encoder import Encoder
from model.genes import Genes

SEARCH = Search(trials=20, folds=5, max_epochs=20, patience=6, prunes=True, original_folds=0)
SECOND = Tried(begin_s=0.0, epoch_s=1.0)
SPACE = 'encoding = "amino_acid"\nembedding_size = 4\nhidden_size = [4, 8]\nlayers = 1\nbatch_size = 64\n'


def test_the_ends_are_of_early_stops_and_of_none() -> None:
    low, high = search_seconds(SEARCH, [SECOND], None, workers=2, slowdown=1.0)
    # 20 trials of 3 folds of 8 epochs, and of 5 folds of 20 epochs, and what is not training.
    assert low == pytest.approx(20 * 3 * 8 / 2, rel=0.05)
    assert high == pytest.approx(20 * 5 * 20 / 2, rel=0.05)


@pytest.mark.parametrize(
    "change", [{"trials": 40}, {"folds": 10}, {"max_epochs": 40}, {"original_folds": 5}, {"patience": 12}]
)
def test_more_work_takes_no_less(change: dict[str, int]) -> None:
    slow = Tried(begin_s=0.5, epoch_s=20.0)
    original = slow if change.get("original_folds") else None
    usual = search_seconds(SEARCH, [SECOND], None, 2, 1.0)
    more = search_seconds(replace(SEARCH, **change), [SECOND], original, 2, 1.0)
    assert more > usual
    assert all(after >= before for before, after in zip(usual, more, strict=True))


def test_workers_share_trials_and_none_shares_a_trial() -> None:
    one, many = (search_seconds(SEARCH, [SECOND], None, workers, 1.0) for workers in (1, 1000))
    assert many[1] < one[1]
    assert many[1] > 5 * 20  # a trial alone
    alone = search_seconds(replace(SEARCH, trials=1, original_folds=5), [SECOND], SECOND, 4, 1.0)
    assert alone[1] == pytest.approx(100, rel=0.1)


def test_a_busy_machine_takes_longer() -> None:
    quiet, busy = (search_seconds(SEARCH, [SECOND], None, 2, slowdown) for slowdown in (1.0, 3.0))
    assert busy == pytest.approx((3 * quiet[0], 3 * quiet[1]))


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (301, 899, "about 5 to 15 min"),
        (31, 85, "about 30 to 90 s"),
        (50, 170, "about 45 s to 3 min"),
        (3000, 5000, "about 45 min to 1.5 h"),
        (2, 9, "less than 10 s"),
        (100_000, 300_000, "about 24 h to 5 days"),
        (400_000, 10**9, "more than 3 days"),
    ],
)
def test_a_range_is_said_in_round_figures_that_enclose_it(low: float, high: float, said: str) -> None:
    assert in_words(low, high) == said


@pytest.mark.parametrize("original", ["all", "one-fold", "skip"])
def test_it_is_tried_with_the_training_itself_and_nothing_is_written(make_study, original) -> None:
    training = TrainingSettings(max_epochs=3, engine="stock")
    opened = make_study(space=SPACE, training=training, original=original)()
    before = opened.storage.get_all_trials(opened.handle.study_id)
    development = load_development_rows(opened.contract, opened.artifacts)
    low, high = estimate_search(opened.contract, development, 3, 2, 0.0)
    assert 0 < low < high < 600
    busy = estimate_search(opened.contract, development, 3, 2, 100.0 * (os.cpu_count() or 1))
    assert busy is not None
    assert busy[0] > 10 * high
    assert opened.storage.get_all_trials(opened.handle.study_id) == before


def test_of_many_rows_some_are_encoded(make_study, monkeypatch) -> None:
    monkeypatch.setattr("hpo.workers.probe._MOST_ROWS", 20)
    opened = make_study(space=SPACE, training=TrainingSettings(max_epochs=3, engine="stock"), original="skip")()
    development = load_development_rows(opened.contract, opened.artifacts)
    assert estimate_search(opened.contract, development, 3, 2, 0.0) is not None
    assert development.encoded.cache_info().currsize == 0


def rows_of(*codons: int) -> DevelopmentRows:
    """Development rows of these lengths, in two folds."""
    letters = np.random.default_rng(0).choice(list("ACG"), 3 * sum(codons))
    ends = 3 * np.cumsum(codons)
    texts = ["".join(letters[end - 3 * count : end]) for end, count in zip(ends, codons, strict=True)]
    genes = Genes([str(row) for row in range(len(texts))], texts, np.arange(len(texts)) % 2 == 0, "dna")
    return DevelopmentRows(genes, np.arange(len(texts)) // 2 % 2, Encoder(11))


@pytest.mark.slow
def test_one_genome_among_genes_counts_and_is_not_waited_for(make_study) -> None:
    contract = make_study(space=SPACE, training=TrainingSettings(engine="stock"), original="skip")().contract
    genes = [30] * 40
    usual = estimate_search(contract, rows_of(*genes), 100, 1, 0.0)
    with_genome = estimate_search(contract, rows_of(30, 30, 400_000, *genes), 100, 1, 0.0)
    assert usual is not None
    assert with_genome is not None
    assert with_genome[0] > 50 * usual[0]


def test_where_nothing_can_be_tried_in_time_nothing_is_said(make_study) -> None:
    contract = make_study(space=SPACE, training=TrainingSettings(engine="stock"), original="skip")().contract
    assert estimate_search(contract, rows_of(*[30_000] * 6), 3, 2, 0.0) is None
