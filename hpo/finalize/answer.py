"""Finalize, step by step: choose, retrain, open the seal, compare, write."""

import datetime
from pathlib import Path
from typing import Any

import numpy as np
from optuna.trial import FrozenTrial

from hpo.attributes import EPOCHS
from hpo.development import Development, load_development
from hpo.errors import HpoError, NotFinishedError
from hpo.evaluation.baselines import Baseline, BaselineData, all_baselines
from hpo.finalize import final_model
from hpo.finalize.described import describe_contract, describe_data
from hpo.finalize.publish import publish
from hpo.finalize.seal import open_test, openings
from hpo.finalize.trials import (
    Winner,
    choose_winner,
    finished_trials,
    held_out,
    importances,
    out_of_fold,
    trial_evidence,
)
from hpo.progress import step
from hpo.report import evidence, write_report
from hpo.session import Session
from hpo.status import read_status
from model.encoding import encode
from model.genes import Genes, join
from model.splitting import group_ids


def open_report_folder(folder: Path) -> None:
    """Make the folder for report and model, before hours are spent on what goes into it.

    Raises:
        HpoError: It cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise HpoError(
            f"The output folder {folder} cannot be written: {error.strerror}.", "Choose another --output."
        ) from error


def finalize(
    session: Session, output: Path, device: str = "auto", with_test: bool = True, early: bool = False
) -> dict[str, Any]:
    """Answer the study's question.

    Args:
        session: The opened study.
        output: Folder for result.json, the report, plots and the model.
        device: For retraining.
        with_test: Open the test set; without, the report stays silent about it.
        early: Answer from the trials finished so far.

    Returns:
        What result.json holds.

    Raises:
        NotFinishedError: The budget is not spent, or no trial is complete.
    """
    session.contract.check_versions()
    _check_finished(session, early)
    open_report_folder(output)
    development = load_development(session.contract, session.artifacts)
    trials = finished_trials(session)
    winner = choose_winner(session, trials)
    with step("Retraining the best trial on all development data"):
        final = final_model.retrain(session.contract, development, winner.config, winner.epochs, device)
        original = _retrain_original(session, development, trials, winner, final, device)
    # Everything that could influence the model is done. Only now is the test set opened.
    test = open_test(session) if with_test else None
    with step("Comparing with plain baselines, writing the report"):
        facts = _evidence(session, development, trials, winner, final, original, test)
        result = write_report(facts, output)
    final_model.save(final, session.contract, output / "model", card=_card(result))
    publish(session, output, facts)
    return result


def _check_finished(session: Session, early: bool) -> None:
    status = read_status(session)
    if status.state != "done" and not early:
        raise NotFinishedError(
            f"Study {status.study!r} is not finished: {status.finished} of {status.budget} trials are.",
            f"Let workers finish it (hpo worker --study {status.study}), or answer from what is there with --early.",
        )


def _retrain_original(
    session: Session,
    development: Development,
    trials: list[FrozenTrial],
    winner: Winner,
    final: final_model.Retrained,
    device: str,
) -> final_model.Retrained | None:
    """Trial 0 on all development data, for its test accuracy; None where it did not complete."""
    first = next((trial for trial in trials if trial.number == 0 and trial.value is not None), None)
    if first is None:
        return None
    if winner.trial.number == 0:
        return final
    return final_model.retrain(
        session.contract,
        development,
        session.contract.baseline_configuration,
        int(first.user_attrs[EPOCHS]),
        device,
    )


def _evidence(
    session: Session,
    development: Development,
    trials: list[FrozenTrial],
    winner: Winner,
    final: final_model.Retrained,
    original: final_model.Retrained | None,
    test: Genes | None,
) -> evidence.Evidence:
    contract = session.contract
    code = contract.settings.genetic_code
    labels = _labels(development.genes)
    everyone = development.genes if test is None else join(development.genes, test)
    groups = group_ids(everyone, contract.search.space.encodings, code)
    rows = len(labels)
    status = read_status(session)
    described = tuple(trial_evidence(session, trial) for trial in trials)
    return evidence.Evidence(
        study=session.handle.name,
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
            fold_curves=tuple(final_model.epoch_curves(fold.curves) for fold in winner.folds),
            probabilities=held_out(winner.folds, winner.epochs, development.folds),
            layers=final_model.layers(final.network, winner.config),
        ),
        development=evidence.Development(labels=labels, groups=groups[:rows], folds=development.folds),
        out_of_fold=out_of_fold(session, trials, development, labels),
        final=evidence.FinalModel(
            epochs=final.epochs, curves=final_model.epoch_curves(final.curves), seconds=final.seconds
        ),
        test_rows=contract.data.test.rows,
        test_openings=openings(session),
        test=None if test is None else _test_evidence(test, final, groups, rows, code),
        original=_original_evidence(session, described, original, test),
        baselines=_baselines(session, development, labels, test),
        importances=importances(session, trials),
    )


def _test_evidence(
    test: Genes, final: final_model.Retrained, groups: np.ndarray, rows: int, genetic_code: int
) -> evidence.TestSet:
    return evidence.TestSet(
        labels=_labels(test),
        probabilities=final_model.test_probabilities(final, test, genetic_code),
        unseen=~np.isin(groups[rows:], groups[:rows]),
        lengths=encode(test, final.config.encoding, genetic_code).lengths,
        groups=groups[rows:],
    )


def _original_evidence(
    session: Session,
    described: tuple[evidence.Trial, ...],
    original: final_model.Retrained | None,
    test: Genes | None,
) -> evidence.Original | None:
    if original is None:
        return None
    code = session.contract.settings.genetic_code
    return evidence.Original(
        number=0,
        params=session.contract.baseline_configuration.as_dict(),
        fold_accuracies=next(trial.fold_accuracies for trial in described if trial.number == 0),
        test_probabilities=None if test is None else final_model.test_probabilities(original, test, code),
    )


def _baselines(
    session: Session, development: Development, labels: np.ndarray, test: Genes | None
) -> tuple[Baseline, ...]:
    """Plain baselines on the coarsest encoding that was searched: amino acids where they are."""
    encodings = session.contract.search.space.encodings
    encoding = "amino_acid" if "amino_acid" in encodings else encodings[0]
    encoded = development.encoded(encoding)
    data = BaselineData(tokens=encoded.tokens, lengths=encoded.lengths, labels=labels, folds=development.folds)
    if test is None:
        return all_baselines(data)
    sealed = encode(test, encoding, session.contract.settings.genetic_code)
    return all_baselines(
        BaselineData(
            tokens=data.tokens,
            lengths=data.lengths,
            labels=labels,
            folds=data.folds,
            test_tokens=sealed.tokens,
            test_lengths=sealed.lengths,
            test_labels=_labels(test),
        )
    )


def _card(result: dict[str, Any]) -> dict[str, Any]:
    return {
        "intended_use": "Research: predict resistance to one drug from variants of one gene, for genes like "
        "those of the study. Not for decisions about patients.",
        "study": result["study"],
        "data": result["data"],
        "cv": result["cv"],
        "test": result["test"],
    }


def _labels(genes: Genes) -> np.ndarray:
    if genes.labels is None:
        raise HpoError("These rows carry no labels.")
    return genes.labels
