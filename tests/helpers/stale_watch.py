"""A watch over leases whose clock is ours."""

from storage.trials.stale import StaleWatch

BUDGET = 4


class Clock:
    """A monotonic clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def sweep_for(watch: StaleWatch, clock: Clock, seconds: int, every: int = 10) -> list[int]:
    """Sweeps at once and then every so many seconds; returns all that was taken back."""
    taken = watch.sweep(BUDGET)
    for _ in range(seconds // every):
        clock.now += every
        taken += watch.sweep(BUDGET)
    return taken
