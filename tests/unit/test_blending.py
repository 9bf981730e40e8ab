"""A blend is picked greedily by its loss, and its score is taken on rows that did not pick it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpo.evaluation.blend_score import Blend, correct_blend
from hpo.evaluation.blending import average, pick, true_class


def guesses(rows: int, trials: int, skill: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """[rows, trials] P(resistant) of trials that err independently, and labels."""
    rng = np.random.default_rng(seed)
    labels = rng.random(rows) < 0.5
    logits = skill * np.where(labels, 1.0, -1.0)[:, None] + rng.normal(0, 1.5, (rows, trials))
    return 1 / (1 + np.exp(-logits)), labels


def loss(probabilities: np.ndarray, labels: np.ndarray) -> float:
    return float(-np.log(np.where(labels, probabilities, 1 - probabilities)).mean())


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), trials=st.integers(1, 6), picks=st.integers(1, 6))
def test_each_pick_lowers_the_loss_most(seed: int, trials: int, picks: int) -> None:
    probabilities, labels = guesses(40, trials, 1.0, seed)
    chosen = [seed % trials]
    for _ in range(picks - 1):
        chosen.append(min(range(trials), key=lambda one: loss(probabilities[:, [*chosen, one]].mean(axis=1), labels)))
    counts = pick(true_class(probabilities, labels), chosen[0], picks=picks)
    assert counts.tolist() == np.bincount(chosen, minlength=trials).tolist()
    np.testing.assert_allclose(average(probabilities, counts), probabilities[:, chosen].mean(axis=1))


def test_only_trials_of_the_first_ones_kind_are_picked() -> None:
    probabilities, labels = guesses(200, 6, 1.0, 0)
    counts = pick(true_class(probabilities, labels), 1, kinds=np.array([0, 1, 0, 1, 0, 1]))
    assert counts[[0, 2, 4]].tolist() == [0, 0, 0]
    assert (counts[[1, 3, 5]] > 0).all()


def test_a_probability_of_zero_has_a_loss_too() -> None:
    counts = pick(true_class(np.array([[0.0, 0.4], [1.0, 0.6]]), np.array([True, False])), 0)
    assert counts.sum() == 15
    assert counts[1] > 0


@pytest.fixture(scope="module")
def errors() -> np.ndarray:
    """[studies, 2] of the blend's own score and of the corrected one, against the truth on 4,000 fresh rows."""
    found = []
    for seed in range(24):
        rng = np.random.default_rng(seed)
        labels = rng.random(5000) < 0.5
        # Trials of one study err together more than apart.
        noise = rng.normal(0, 1.0, (5000, 1)) + rng.normal(0, 0.6, (5000, 20))
        probabilities = 1 / (1 + np.exp(-2.0 * np.where(labels, 1, -1)[:, None] - noise))
        seen, fresh, kinds = slice(0, 1000), slice(1000, None), np.zeros(20, dtype=np.int64)
        first = int(((probabilities[seen] > 0.5) == labels[seen, None]).sum(axis=0).argmax())
        picks = pick(true_class(probabilities[seen], labels[seen]), first, kinds)
        truth = ((average(probabilities[fresh], picks) > 0.5) == labels[fresh]).mean()
        blend = Blend(probabilities[seen], labels[seen], picks, kinds)
        score = correct_blend(blend, np.arange(1000), replicates=6, seed=seed)
        found.append([score.naive_mean - truth, score.corrected_mean - truth])
    return np.array(found)


def test_a_blends_own_score_is_too_good_and_the_corrected_one_promises_no_more_than_it_holds(
    errors: np.ndarray,
) -> None:
    corrected, taken_off = errors[:, 1].mean(), errors[:, 0] - errors[:, 1]
    noise = errors.std(axis=0, ddof=1).max() / np.sqrt(len(errors))
    assert taken_off.mean() > 3 * taken_off.std(ddof=1) / np.sqrt(len(errors))
    # Fewer rows pick a blend that is a little worse: at the safe side.
    assert -0.01 < corrected < 2 * noise


def test_a_blend_of_one_trial_needs_no_correction() -> None:
    probabilities, labels = guesses(100, 1, 1.0, 3)
    blend = Blend(probabilities, labels, np.array([15]), np.array([0]))
    found = correct_blend(blend, np.arange(100))
    assert found.correction == 0
    assert found.corrected_mean == found.naive_mean == blend.right().mean()
    assert found.interval.low < found.corrected_mean < found.interval.high


def test_rows_that_belong_together_are_dealt_together() -> None:
    probabilities, labels = guesses(60, 8, 0.4, 5)
    many, copies = np.repeat(probabilities, 4, axis=0), np.repeat(labels, 4)
    kinds = np.zeros(8, dtype=np.int64)
    picks = pick(true_class(many, copies), 0, kinds)
    together = correct_blend(Blend(many, copies, picks, kinds), np.arange(240) // 4)
    apart = correct_blend(Blend(many, copies, picks, kinds), np.arange(240))
    assert together.correction < apart.correction  # blind to copies, it would take the luck for knowledge
