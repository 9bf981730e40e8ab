"""Finalize, step by step: choose, retrain, open the seal, compare, write."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from hpo.finalizing import final_model
from hpo.finalizing.blend import Member, alone, blend, picked, retrain_members
from hpo.finalizing.card import model_card, write_card
from hpo.finalizing.gather_evidence import AnsweredStudy, gather_evidence
from hpo.finalizing.options import FinalizeOptions
from hpo.finalizing.plain_baselines import kept_baseline
from hpo.finalizing.publish import publish
from hpo.finalizing.report_folder import replacing
from hpo.finalizing.seal import open_test, openings
from hpo.finalizing.trials import ChosenTrial, choose_trial, read_search
from hpo.finalizing.usable_trials import folds_of
from hpo.report.report import make_report
from hpo.report.words.names import plural
from hpo.report.writing import write_report
from hpo.study.attributes import EPOCHS
from hpo.study.opened import OpenedStudy
from hpo.terminal import moment, say, step
from hpo.trial.development_rows import DevelopmentRows, load_development_rows
from model.runtime import resolve_device


def answer(opened: OpenedStudy, output: Path, options: FinalizeOptions) -> tuple[dict[str, Any], dict[str, str]]:
    """Answers the study's question, from its finished trials.

    Args:
        opened: The opened study.
        output: Folder for result.json, the report, plots and the model, as `open_report_folder` has found it usable.
        options: Of the user.

    Returns:
        What result.json holds, and the SHA-256 of each file of the folder, by its name; they lie among the artifacts.

    Raises:
        NotFinishedError: No trial is complete.
    """
    opened.contract.check_versions()
    opened.contract.check_device(str(resolve_device(options.device)))
    if options.with_test:
        _tell_of_openings(opened)
    development = load_development_rows(opened.contract, opened.artifacts)
    search = read_search(opened, development)
    for left_out in search.left_out:
        say(f"Trial {left_out.number} is left out: {left_out.reason}")
    chosen = choose_trial(opened, search, development, options.prefer)
    members = (
        blend(opened, search, development, chosen)
        if options.blends(chosen.config)
        else alone(chosen, options.networks(chosen.config))
    )
    with step(f"Retraining {_in_words(members)} on all development data", long=True):
        final = retrain_members(opened, development, members, options.device)
        original = _retrain_original(opened, development, search.trials, chosen, final, options.device)
    # Everything that could influence the model is done. Only now is the test set opened.
    test = open_test(opened) if options.with_test else None
    with step("Comparing with plain baselines, writing the report", long=True):
        answered = AnsweredStudy(
            opened, development, search, chosen, final, original, test, options.device, picked(members)
        )
        report = make_report(gather_evidence(answered))
        with replacing(output) as folder:
            result = write_report(report, folder)
            card = model_card(result)
            kept = kept_baseline(report.statistics.in_use(), opened.contract, development, test)
            final_model.save(final, opened.contract, development, folder / "model", card=card, baseline=kept)
            write_card(card, folder / "model")
    return result, publish(opened, output, report)


def _in_words(members: Sequence[Member]) -> str:
    networks = plural(sum(one.networks for one in members), "network")
    others = f" and {plural(len(members) - 1, 'trial')} that complement it" if len(members) > 1 else ""
    return f"{networks} of trial {members[0].number}{others}"


def _tell_of_openings(opened: OpenedStudy) -> None:
    """Says that the test set has been used, before it is used again."""
    earlier = openings(opened)
    if earlier:
        say(
            f"The test set of study {opened.handle.name!r} has been used: it was opened on "
            f"{', '.join(moment(date) for date in earlier)}. This is opening {len(earlier) + 1}, and the report "
            "says so. Only the first was a fair test; hpo finalize --no-test reports without it."
        )


def _retrain_original(
    opened: OpenedStudy,
    development: DevelopmentRows,
    trials: Sequence[FrozenTrial],
    chosen: ChosenTrial,
    final: final_model.Retrained,
    device: str,
) -> final_model.Retrained | None:
    """Trains the original's configuration on all development data, for its test; None where it saw not all folds."""
    first = next((trial for trial in trials if opened.contract.is_original(trial.number)), None)
    if first is None or first.state != TrialState.COMPLETE:
        return None
    if chosen.trial.number == 0 and len(final.networks) == 1:
        return final
    return final_model.retrain(
        opened.contract,
        development,
        opened.contract.baseline_configuration,
        int(first.user_attrs[EPOCHS]),
        folds_of(opened, first, development),
        device,
    )
