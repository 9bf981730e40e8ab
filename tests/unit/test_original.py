"""What is done with trial 0: chosen by cost where the user does not say, kept by the contract, and done by a worker."""

import re
from dataclasses import replace

import pytest
from optuna.trial import TrialState

from hpo.errors import ContractError, UsageError
from hpo.search.space import Space
from hpo.signals import StopFlag
from hpo.study.attributes import CONFIGURATION, FOLD_ACCURACIES
from hpo.study.contract import parse
from hpo.study.original import Cost, choose_original, estimate_cost, in_words
from hpo.workers.worker import Worker
from model.configuration import TrainingSettings, original_configuration
from model.cost import OPERATIONS_PER_STEP
from model.encoder import Encoder
from model.genes import Genes
from storage.trials.lease import WorkerIdentity

#: Trial 0 costs as much as three others.
COST = Cost(original=3.0, usual=1.0, folds=5, trials=10)


@pytest.mark.parametrize(
    ("trials", "choice"),
    [
        (1, "all"),  # there is no search to compare with
        (2, "skip"),  # one fold takes 3 / 5 of the other trial
        (3, "one-fold"),  # one fold takes 3 / 10 of the others, all take 3 / 2
        (9, "one-fold"),  # all take 3 / 8
        (10, "all"),  # 3 / 9
        (1000, "all"),
    ],
)
def test_what_is_affordable_is_done(trials: int, choice: str) -> None:
    assert choose_original(replace(COST, trials=trials)) == choice


@pytest.mark.parametrize(
    ("cost", "told"),
    [
        (COST, "all 5 folds, which take about 0.33 times as long as the other 9 trials."),
        (
            replace(COST, original=13.5),
            "on one fold: all 5 would take about 1.5 times as long as the other 9 trials. -",
        ),
        (replace(COST, original=9e5), "left out: one fold of it would take about 20,000 times as long as the other 9"),
        (replace(COST, trials=2), "one fold of it would take about 0.6 times as long as the other trial."),
        (replace(COST, trials=1), "the study's only trial"),
    ],
)
def test_what_was_chosen_is_told_with_its_reason(cost: Cost, told: str) -> None:
    line = in_words(choose_original(cost), cost)
    assert told in line
    assert "\n" not in line


def test_costs_are_counted_in_operations() -> None:
    sequences = ["ATGAAA", "ATGAAG", "ATGAAG", "ATGTAAAAA"]
    genes = Genes(ids=sequences, sequences=sequences, labels=None, alphabet="dna")
    cost = estimate_cost(genes, Encoder(), fixed_space(), folds=3, trials=7)
    # 6 + 6 + 9 nucleotides of three distinct genes, in two layers of 62 units.
    assert cost.original == 21 * 48 * 62 * (112 + 186) + OPERATIONS_PER_STEP
    # 2 + 2 + 1 codons of three distinct genes, or 2 + 1 amino acids of two: AAA and AAG are both lysine.
    assert cost.usual == (5 + 3) / 2 * 48 * 2 * (4 + 2) + OPERATIONS_PER_STEP
    assert (cost.folds, cost.trials) == (3, 7)


def fixed_space() -> Space:
    """One layer of two units on vectors of four, on codons or amino acids."""
    values = original_configuration("dna").as_dict() | {"embedding_size": 4, "hidden_size": 2, "layers": 1}
    fixed = {name: {"kind": "fixed", "value": value} for name, value in values.items()}
    encodings = {"kind": "choices", "choices": ["codon", "amino_acid"]}
    return Space.model_validate({"parameters": fixed | {"encoding": encodings}})


def test_what_the_user_says_is_done_and_nothing_is_told(make_study, capsys: pytest.CaptureFixture[str]) -> None:
    assert make_study(original="skip")().contract.original == "skip"
    assert capsys.readouterr().err == ""


def test_where_the_user_says_nothing_the_choice_is_told_and_kept(make_study, capsys) -> None:
    contract = make_study(original=None, space="hidden_size = 1\nembedding_size = 1\nlayers = 1\n")().contract
    assert contract.original == "skip"
    said = capsys.readouterr().err
    assert re.fullmatch(r"The original's configuration is left out: .* --original one-fold or all tries it\.\n", said)


def test_a_study_without_a_complete_trial_is_refused(make_study) -> None:
    with pytest.raises(UsageError, match="--original one-fold and --trials 1") as refused:
        make_study(original="one-fold", trials=1)
    assert "2 trials or more" in refused.value.next_step


def test_a_contract_made_before_there_was_a_choice_tries_all_folds(make_study) -> None:
    document = make_study(original="skip")().contract.model_dump(mode="json")
    data = {name: value for name, value in document["data"].items() if name != "ancestors"}
    earlier = {name: value for name, value in document.items() if name != "original"} | {"data": data, "format": 2}
    assert parse(earlier, "s").original == "all"
    with pytest.raises(ContractError, match=r"original: .*'all', 'one-fold' or 'skip'"):
        parse(document | {"original": "some"}, "s")


SMALL = 'encoding = "amino_acid"\nembedding_size = 4\nhidden_size = [3, 4]\nlayers = 1\nbatch_size = 64\n'


@pytest.mark.parametrize(
    ("original", "state", "folds", "hidden_sizes"),
    [
        ("all", TrialState.COMPLETE, 5, {62}),
        ("one-fold", TrialState.PRUNED, 1, {62}),
        ("skip", TrialState.COMPLETE, 5, {3, 4}),
    ],
)
def test_a_worker_does_it(make_study, original: str, state: TrialState, folds: int, hidden_sizes: set[int]) -> None:
    training = TrainingSettings(max_epochs=1, engine="stock")
    opened = make_study(trials=2, space=SMALL, original=original, training=training)()
    identity = WorkerIdentity(worker="w1", host="laptop", pid=1, device="cpu")
    Worker(opened=opened, identity=identity, device="cpu", stop=StopFlag()).work()
    first, second = opened.storage.get_all_trials(opened.handle.study_id)
    assert first.state == state
    assert len(first.user_attrs[FOLD_ACCURACIES]) == folds
    assert first.value == pytest.approx(sum(first.user_attrs[FOLD_ACCURACIES]) / folds)
    assert first.user_attrs[CONFIGURATION]["hidden_size"] in hidden_sizes
    assert ("hidden_size" in first.params) == (original == "skip")
    assert (second.state, len(second.user_attrs[FOLD_ACCURACIES])) == (TrialState.COMPLETE, 5)
