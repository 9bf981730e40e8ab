"""Lanes that find no trial to claim: they train folds ahead of what the other lanes hold, to the same numbers."""

import threading
from itertools import count

import pytest

from lanes_at_work import LATE_S, MakeStudy, Train, folds, lanes_on, small, states


@pytest.mark.slow
def test_a_lane_without_a_trial_trains_a_fold_ahead_for_another(make_study: MakeStudy, training) -> None:
    alone, helped = (small(make_study, study=name, trials=1)() for name in ("alone", "helped"))
    lanes_on(alone, 1).work()
    ahead, calls = threading.Event(), count()

    def around(real: Train) -> Train:
        def train_fold(*arguments, **options):
            first = next(calls) == 0
            result = real(*arguments, **options)
            if first:
                # Who holds the trial comes to its second fold when another lane has trained it.
                assert ahead.wait(LATE_S)
            else:
                ahead.set()
            return result

        return train_fold

    training(around)
    report = lanes_on(helped, 2).work()
    assert (report.complete, report.trained_ahead) == (1, 1)
    assert states(helped) == ["COMPLETE"]
    assert folds(helped) == folds(alone)
