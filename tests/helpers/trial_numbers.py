"""The numbers of the trials of a study."""

from storage.trials.queue import TrialQueue


def numbers(queue: TrialQueue) -> list[int]:
    return [trial.number for trial in queue.storage.get_all_trials(queue.study_id)]
