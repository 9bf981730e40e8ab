"""What the report is made from: everything measured, gathered from study, retrained networks and test set."""

import datetime
from dataclasses import dataclass

import numpy as np
from optuna.trial import TrialState

from hpo.evaluation.baselines import all_baselines
from hpo.evaluation.importance import importances
from hpo.finalizing.final_model import Retrained, test_probabilities
from hpo.finalizing.label_noise import largest_effect_of_noise
from hpo.finalizing.network_layers import network_layers
from hpo.finalizing.plain_baselines import baseline_data
from hpo.finalizing.seal import openings
from hpo.finalizing.trials import ChosenTrial, SearchOutcome, finished_trial, held_out
from hpo.finalizing.usable_trials import folds_of
from hpo.report import evidence
from hpo.study.attributes import EPOCHS, FOLD_ACCURACIES
from hpo.study.opened import OpenedStudy
from hpo.study.pruning import read_pruning
from hpo.study.status import read_status
from hpo.trial.development_rows import DevelopmentRows, labels_of
from model.encoder import Encoder
from model.genes import Genes, join
from model.inspection import count_early_stops, inspect
from model.mutagenesis import common_letters, mutate_positions
from model.mutations import Relation
from model.splitting import group_ids


@dataclass(frozen=True, eq=False)
class AnsweredStudy:
    """A study whose question is answered: everything that its report tells of."""

    opened: OpenedStudy
    development: DevelopmentRows
    search: SearchOutcome
    chosen: ChosenTrial
    final: Retrained
    original: Retrained | None  #: the original's configuration, where it saw all folds
    test: Genes | None  #: None while sealed
    device: str = "cpu"  #: for what is trained beside the final model
    blend: tuple[evidence.Picked, ...] = ()  #: the trials whose networks `final` holds, where they are several


def gather_evidence(answered: AnsweredStudy) -> evidence.Evidence:
    """Gathers what the report is made from."""
    opened, development, search, chosen = answered.opened, answered.development, answered.search, answered.chosen
    final, test = answered.final, answered.test
    contract = opened.contract
    code = contract.settings.genetic_code
    labels = labels_of(development.genes)
    everyone = development.genes if test is None else join(development.genes, test)
    groups = group_ids(everyone, contract.search.space.encodings, code)
    rows = len(labels)
    status = read_status(opened)
    trials = tuple(finished_trial(opened, trial, development) for trial in search.trials)
    return evidence.Evidence(
        study=opened.handle.name,
        finished=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        effort=evidence.Effort(
            budget=status.budget,
            folds_trained=status.folds_trained,
            folds_saved=status.folds_saved,
            seconds=sum(trial.seconds for trial in trials),
            foreign=status.foreign,
            pruning=read_pruning(opened),
            ended=status.ended,
        ),
        contract=contract,
        data=inspect(everyone, code, Relation(contract.data.ancestors, None) if contract.data.ancestors else None),
        early_stops=count_early_stops(everyone, code),
        trials=trials,
        left_out=search.left_out,
        chosen=_chosen_trial(chosen, final, development),
        development=evidence.DevelopmentSet(labels=labels, groups=groups[:rows], folds=development.folds),
        out_of_fold=search.out_of_fold,
        final=evidence.FinalModel(
            epochs=final.epochs, curves=final.curves, networks=len(final.networks), blend=answered.blend
        ),
        test_openings=openings(opened),
        test=None if test is None else _test_set(test, final, groups, everyone, contract.encoder),
        original=_original(answered),
        baselines=all_baselines(baseline_data(contract, development, test)),
        importances=importances(search.complete, contract.search.space.searched, contract.seed),
        positions=_positions(answered),
    )


def _chosen_trial(chosen: ChosenTrial, final: Retrained, development: DevelopmentRows) -> evidence.ChosenTrialDetails:
    return evidence.ChosenTrialDetails(
        number=chosen.trial.number,
        params=chosen.config.as_dict(),
        chosen_epoch=chosen.epochs,
        fold_curves=tuple(fold.curves for fold in chosen.folds),
        probabilities=held_out(chosen.folds, chosen.epochs, development.folds),
        layers=network_layers(final.networks[0], chosen.config),
        instead_of=chosen.instead_of,
    )


def _test_set(test: Genes, final: Retrained, groups: np.ndarray, everyone: Genes, encoder: Encoder) -> evidence.TestSet:
    rows = len(everyone) - len(test)
    # Genes that differ in letters may still read alike: behind a lost frame, only where it ends is told.
    read = encoder.encode(everyone, final.config.encoding).identities()
    return evidence.TestSet(
        labels=labels_of(test),
        probabilities=test_probabilities(final, test, encoder),
        unseen=~np.isin(groups[rows:], groups[:rows]) & ~np.isin(read[rows:], read[:rows]),
        lengths=encoder.encode(test, final.config.encoding).lengths,
        groups=groups[rows:],
    )


def _original(answered: AnsweredStudy) -> evidence.Original | None:
    opened, development, test = answered.opened, answered.development, answered.test
    first = next((trial for trial in answered.search.trials if opened.contract.is_original(trial.number)), None)
    if first is None or first.state == TrialState.FAIL:
        return None
    folds = folds_of(opened, first, development)
    rows = development.folds < len(folds)
    probabilities = held_out(folds, int(first.user_attrs[EPOCHS]), development.folds[rows])
    return evidence.Original(
        number=first.number,
        fold_accuracies=tuple(first.user_attrs[FOLD_ACCURACIES]),
        correct=(probabilities > 0.5) == labels_of(development.genes)[rows],
        probabilities=probabilities,
        test_probabilities=None
        if test is None or answered.original is None
        else test_probabilities(answered.original, test, opened.contract.encoder),
    )


def _positions(answered: AnsweredStudy) -> evidence.PositionEffects | None:
    """Measures which positions move the final model, over test genes where they are open; labels play no part."""
    contract, development, final = answered.opened.contract, answered.development, answered.final
    test = answered.test
    encoding, seen = final.config.encoding, development.encoded(final.config.encoding)
    encoder = contract.encoder
    genes = seen if test is None else encoder.encode(test, encoding)
    found = mutate_positions(final.networks, genes, common_letters(seen), seed=contract.seed)
    if found is None:
        return None
    return evidence.PositionEffects(
        effect=found.effect,
        tried=found.tried,
        commonest=tuple(encoder.spelled(place, token, encoding) for place, token in enumerate(found.commonest)),
        encoding=encoding,
        genes=found.genes,
        mutants=found.mutants,
        of_test=test is not None,
        noise=largest_effect_of_noise(contract, development, final, genes, answered.device),
    )
