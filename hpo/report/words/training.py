"""How long the model was trained, and what the search cost."""

from collections.abc import Sequence

from hpo.choices import Objective
from hpo.evaluation.importance import MIN_TRIALS
from hpo.objectives import NAMES
from hpo.report.evidence import Evidence, FinishedTrial
from hpo.report.statistics import count_states
from hpo.report.words import blend
from hpo.report.words.names import apart, duration, percent, plural, scored
from hpo.study.ending import why_ended
from hpo.study.pruning import pruning_in_words


def epochs(evidence: Evidence) -> str:
    """Says how the number of epochs was determined."""
    chosen, settings = evidence.chosen, evidence.contract.settings
    ran = [len(curves.validation_loss) for curves in chosen.fold_curves]
    shared = min(ran, default=0)
    most = plural(settings.max_epochs, "epoch")
    # A patience that is no shorter than the training ends nothing.
    ended = f" and ended after {settings.patience} without a lower loss on its held-out rows"
    text = (
        f"Each fold was trained for at most {most}{ended if settings.patience < settings.max_epochs else ''}. All "
        f"{len(ran)} folds ran {'all of them' if shared == settings.max_epochs else f'{shared} epochs or more'}"
        f"; over these, the held-out loss, averaged over the folds, was lowest at epoch {chosen.chosen_epoch}. "
        "That one number holds for all folds, so none was stopped at its own lucky moment. "
        f"{_who(evidence)} trained on all development genes for {plural(evidence.final.epochs, 'epoch')}."
    )
    if chosen.chosen_epoch == settings.max_epochs:
        text += " That is the most that was allowed: more epochs might be better."
    return f"{text} {blend.networks(evidence)}".rstrip()


def _who(evidence: Evidence) -> str:
    return "Its networks in the final model were" if evidence.final.blend else "The final model was"


def effort(evidence: Evidence) -> str:
    """Says what was searched, and at what cost."""
    spent, counts = evidence.effort, count_states(evidence.trials)
    states = ", ".join(f"{count:,} {state}" for state, count in counts.items() if count)
    text = (
        f"{plural(len(evidence.trials), 'trial')} of a budget of {spent.budget:,} ({states}), "
        f"{plural(spent.folds_trained, 'fold')} trained in {duration(spent.seconds)} of training time."
    )
    if spent.ended is not None:
        text += f" {why_ended(spent.ended)}"
    total = spent.folds_trained + spent.folds_saved
    if spent.folds_saved:
        share = percent(spent.folds_saved / total, 0)
        how = ", and trying the untuned network on one fold only," if evidence.contract.original == "one-fold" else ""
        text += f" Pruning hopeless trials early{how} saved {plural(spent.folds_saved, 'fold')} ({share})."
    cost = None if spent.pruning is None else pruning_in_words(spent.pruning)
    if cost is not None:
        text += f" {cost}"
    return text + _not_counted(evidence) + _when_found(evidence.trials, evidence.objective)


def _not_counted(evidence: Evidence) -> str:
    """Says which trials no figure rests on."""
    text = ""
    if evidence.left_out:
        reasons = " ".join(f"Trial {trial.number}: {trial.reason}" for trial in evidence.left_out)
        text += f" {plural(len(evidence.left_out), 'finished trial')} left out: no figure can rest there. {reasons}"
    if evidence.effort.foreign:
        text += f" {plural(evidence.effort.foreign, 'trial')} of other programs in this study counted for nothing."
    return text


def importance(evidence: Evidence) -> str:
    """Says why there is no figure of the hyperparameters' importance; nothing where there is one."""
    if evidence.importances:
        return ""
    return (
        f"Which hyperparameters mattered most cannot be said: that takes at least {MIN_TRIALS} complete trials that "
        f"were drawn from the search space and differ in {NAMES[evidence.objective]}."
    )


def _when_found(trials: Sequence[FinishedTrial], objective: Objective) -> str:
    """Says what half of the trials would have found: whether more of them would help."""
    complete = [trial for trial in trials if trial.state == "COMPLETE" and trial.mean is not None]
    early = [trial.mean or 0.0 for trial in complete if trial.number < len(trials) / 2]
    if not early or len(trials) < 2:
        return ""
    best = max(complete, key=lambda trial: trial.mean or 0.0)
    gained = (best.mean or 0.0) - max(early)
    if not gained:
        return " The second half of the trials found nothing better than the first."
    return (
        f" The best of the first half reached {scored(max(early), objective)}; the second half gained "
        f"{apart(gained, objective)} (not yet corrected for the choice)."
    )
