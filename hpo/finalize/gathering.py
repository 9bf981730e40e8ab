"""What the report is made from: everything measured, gathered from study, retrained networks and test set."""

import datetime
from dataclasses import dataclass

import numpy as np

from hpo.evaluation.baselines import Baseline, BaselineData, all_baselines
from hpo.evaluation.importance import importances
from hpo.finalize.described import describe_contract, describe_data
from hpo.finalize.final_model import Retrained, epoch_curves, layers, test_probabilities
from hpo.finalize.seal import openings
from hpo.finalize.trials import ChosenTrial, SearchOutcome, held_out, trial_evidence
from hpo.report import evidence
from hpo.study.contract import Contract
from hpo.study.opened import OpenedStudy
from hpo.study.status import read_status
from hpo.trial.development_rows import DevelopmentRows, labels_of
from model.encoding import encode, spelled
from model.genes import Genes, join
from model.mutagenesis import common_letters, mutate_positions
from model.splitting import group_ids


@dataclass(frozen=True, eq=False)
class Gathered:
    """Everything that a report tells of."""

    opened: OpenedStudy
    development: DevelopmentRows
    search: SearchOutcome
    winner: ChosenTrial
    final: Retrained
    original: Retrained | None  #: trial 0, where it is complete
    test: Genes | None  #: None while sealed


def gather(found: Gathered) -> evidence.Evidence:
    """Turn what was found into the report's evidence."""
    opened, development, search, winner = found.opened, found.development, found.search, found.winner
    final, test = found.final, found.test
    contract = opened.contract
    code = contract.settings.genetic_code
    labels = labels_of(development.genes)
    everyone = development.genes if test is None else join(development.genes, test)
    groups = group_ids(everyone, contract.search.space.encodings, code)
    rows = len(labels)
    status = read_status(opened)
    described = tuple(trial_evidence(opened, trial, development) for trial in search.trials)
    return evidence.Evidence(
        study=opened.handle.name,
        created=contract.created,
        finished=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        effort=evidence.Effort(
            budget=status.budget,
            folds_trained=status.folds_trained,
            folds_saved=status.folds_saved,
            seconds=sum(trial.seconds for trial in described),
        ),
        contract=describe_contract(contract),
        data=describe_data(contract, everyone),
        trials=described,
        winner=evidence.Winner(
            number=winner.trial.number,
            params=winner.config.as_dict(),
            chosen_epoch=winner.epochs,
            fold_curves=tuple(epoch_curves(fold.curves) for fold in winner.folds),
            probabilities=held_out(winner.folds, winner.epochs, development.folds),
            layers=layers(final.networks[0], winner.config),
            instead_of=winner.instead_of,
        ),
        development=evidence.Development(labels=labels, groups=groups[:rows], folds=development.folds),
        out_of_fold=search.out_of_fold,
        final=evidence.FinalModel(
            epochs=final.epochs,
            curves=epoch_curves(final.curves),
            seconds=final.seconds,
            networks=len(final.networks),
        ),
        test_rows=contract.data.test.rows,
        test_openings=openings(opened),
        test=None if test is None else _test_evidence(test, final, groups, rows, code),
        original=_original_evidence(opened, described, found.original, test),
        baselines=_baselines(opened, development, labels, test),
        importances=importances(search.complete, contract.search.space.searched, contract.seed),
        positions=_positions(contract, development, final, test),
    )


def _test_evidence(test: Genes, final: Retrained, groups: np.ndarray, rows: int, genetic_code: int) -> evidence.TestSet:
    return evidence.TestSet(
        labels=labels_of(test),
        probabilities=test_probabilities(final, test, genetic_code),
        unseen=~np.isin(groups[rows:], groups[:rows]),
        lengths=encode(test, final.config.encoding, genetic_code).lengths,
        groups=groups[rows:],
    )


def _original_evidence(
    opened: OpenedStudy,
    described: tuple[evidence.Trial, ...],
    original: Retrained | None,
    test: Genes | None,
) -> evidence.Original | None:
    if original is None:
        return None
    code = opened.contract.settings.genetic_code
    return evidence.Original(
        number=0,
        params=opened.contract.baseline_configuration.as_dict(),
        fold_accuracies=next(trial.fold_accuracies for trial in described if trial.number == 0),
        test_probabilities=None if test is None else test_probabilities(original, test, code),
    )


def _baselines(
    opened: OpenedStudy, development: DevelopmentRows, labels: np.ndarray, test: Genes | None
) -> tuple[Baseline, ...]:
    """Plain baselines on the coarsest encoding that was searched: amino acids where they are."""
    encodings = opened.contract.search.space.encodings
    encoding = "amino_acid" if "amino_acid" in encodings else encodings[0]
    encoded = development.encoded(encoding)
    data = BaselineData(tokens=encoded.tokens, lengths=encoded.lengths, labels=labels, folds=development.folds)
    if test is None:
        return all_baselines(data)
    sealed = encode(test, encoding, opened.contract.settings.genetic_code)
    return all_baselines(
        BaselineData(
            tokens=data.tokens,
            lengths=data.lengths,
            labels=labels,
            folds=data.folds,
            test_tokens=sealed.tokens,
            test_lengths=sealed.lengths,
            test_labels=labels_of(test),
        )
    )


def _positions(
    contract: Contract, development: DevelopmentRows, final: Retrained, test: Genes | None
) -> evidence.PositionEffects | None:
    """Which positions move the final model, over test genes where they are open; labels play no part."""
    encoding, seen = final.config.encoding, development.encoded(final.config.encoding)
    code = contract.settings.genetic_code
    genes = seen if test is None else encode(test, encoding, code)
    found = mutate_positions(final.networks, genes, common_letters(seen), seed=contract.seed)
    if found is None:
        return None
    return evidence.PositionEffects(
        effect=found.effect,
        tried=found.tried,
        commonest=tuple(spelled(token, encoding, code) for token in found.commonest),
        encoding=encoding,
        genes=found.genes,
        mutants=found.mutants,
        of_test=test is not None,
    )
