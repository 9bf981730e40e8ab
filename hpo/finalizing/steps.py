"""Finalize, step by step: choose, retrain, open the seal, compare, write."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from hpo.choices import Prefer
from hpo.errors import NotFinishedError
from hpo.finalizing import final_model
from hpo.finalizing.blend import Member, alone, blend, picked, retrain_members
from hpo.finalizing.card import model_card, write_card
from hpo.finalizing.gather_evidence import AnsweredStudy, gather_evidence
from hpo.finalizing.given_answer import find_answer, give_again, keep_answer
from hpo.finalizing.plain_baselines import kept_baseline
from hpo.finalizing.publish import publish
from hpo.finalizing.report_folder import check_not_another_s, open_report_folder, replacing
from hpo.finalizing.seal import open_test, openings
from hpo.finalizing.trials import ChosenTrial, choose_trial, read_search
from hpo.finalizing.usable_trials import folds_of
from hpo.report import make_report, write_report
from hpo.report.words.names import plural
from hpo.study.answers import answer_name
from hpo.study.attributes import EPOCHS
from hpo.study.end_search import orders_before_a_claim
from hpo.study.opened import OpenedStudy
from hpo.study.status import Status, read_status
from hpo.terminal import moment, say, step
from hpo.trial.development_rows import DevelopmentRows, load_development_rows
from model.configuration import LearnerConfig
from model.encoding import is_mutation
from model.runtime import resolve_device

#: Networks of the final model where they are cheap.
ENSEMBLE = 5


@dataclass(frozen=True, kw_only=True)
class FinalizeOptions:
    """How the user wants the study answered."""

    #: For retraining.
    device: str = "auto"
    #: Without, the test set stays sealed and the report silent about it.
    with_test: bool = True
    #: Answer from the trials finished so far.
    early: bool = False
    #: The best trial, or the smallest network among those that cannot be told from it.
    prefer: Prefer = "best"
    #: Networks of the chosen trial, trained from different seeds; their probabilities are averaged. None: where genes
    #: are read by their mutations, which takes seconds, the best trial is blended with trials that complement it, and
    #: a simplest one gets five networks; where genes are read whole, one.
    ensemble: int | None = None
    #: Replace the report of another study.
    overwrite: bool = False
    #: Answer anew what has been answered so.
    again: bool = False

    def answer_name(self, budget: int) -> str:
        """Names the answer that a study with this budget is given so: asked for twice, it is made once."""
        sealed = "with_test" if self.with_test else "sealed"
        return answer_name(budget, self.prefer, self.ensemble or "usual", sealed)

    def blends(self, config: LearnerConfig) -> bool:
        """Says whether other trials than the chosen one have a part in the final model."""
        return self.ensemble is None and self.prefer == "best" and is_mutation(config.encoding)

    def networks(self, config: LearnerConfig) -> int:
        """Returns how many networks of the chosen trial are trained where it stands alone."""
        return self.ensemble or (ENSEMBLE if is_mutation(config.encoding) else 1)


def finalize(opened: OpenedStudy, output: Path, options: FinalizeOptions) -> dict[str, Any]:
    """Answers the study's question; what was answered with these options before is written again, and not made anew.

    Args:
        opened: The opened study.
        output: Folder for result.json, the report, plots and the model.
        options: Of the user.

    Returns:
        What result.json holds.

    Raises:
        NotFinishedError: The budget is not spent, or no trial is complete.
        HpoError: The folder cannot be written, or holds what hpo has not written, or another study's report.
    """
    finished = _check_finished(opened, options.early)
    open_report_folder(output)
    check_not_another_s(output, opened.handle.name, opened.contract.created, options.overwrite)
    name = options.answer_name(finished.budget)
    given = find_answer(opened, name) if finished.state == "done" and not options.again else None
    if given is not None:
        return give_again(opened, given, output)
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
    with step(f"Retraining {_in_words(members)} on all development data"):
        final = retrain_members(opened, development, members, options.device)
        original = _retrain_original(opened, development, search.trials, chosen, final, options.device)
    # Everything that could influence the model is done. Only now is the test set opened.
    test = open_test(opened) if options.with_test else None
    with step("Comparing with plain baselines, writing the report"):
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
    files = publish(opened, output, report)
    if finished.state == "done":
        keep_answer(opened, name, files)
    return result


def _in_words(members: Sequence[Member]) -> str:
    networks = plural(sum(one.networks for one in members), "network")
    others = f" and {plural(len(members) - 1, 'trial')} that complement it" if len(members) > 1 else ""
    return f"{networks} of trial {members[0].number}{others}"


def _check_finished(opened: OpenedStudy, early: bool) -> Status:
    # Workers may have found the end of the search, and not been allowed to write it down.
    orders_before_a_claim(opened)
    status = read_status(opened)
    if status.state != "done" and not early:
        raise NotFinishedError(
            f"Study {status.study!r} is not finished: {status.finished} of {status.budget} trials are.",
            f"Let workers finish it (hpo worker --study {shlex.quote(status.study)}), or answer from what is there: "
            "--early.",
        )
    return status


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
