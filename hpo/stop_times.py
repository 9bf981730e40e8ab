"""How long a stop may take: one table, and how its entries go together.

A worker that was asked to stop takes these steps, one after another:

* the epoch at work ends, within `EPOCH_GRACE_S`; a longer one ends at its next batch;
* its checkpoint is written, or given up after `CHECKPOINT_HURRY_S`;
* the trial is put back (or what was finished is recorded), or that is given up after `STORAGE_HURRY_S`.

One after another they would take longer than `PARENT_PATIENCE_S`, after which a parent kills its children. So every
step's wait ends at one moment as well, `GIVE_UP_S` after the stop, however long the steps before it took:

    EPOCH_GRACE_S + CHECKPOINT_HURRY_S < GIVE_UP_S < PARENT_PATIENCE_S

By the first, a trial goes back by its worker's own hand where artifacts alone are away; by the second, a worker ends
before it is killed. These are waits for what refuses and is asked again. A single step that does not come back (a
batch of minutes, a network that swallows what it is sent) is ended by the parent's patience, and the parent gives the
trial back. So a stop takes seconds, whatever is away.
"""

#: Seconds that the epoch at work has to end after a stop was asked for.
EPOCH_GRACE_S = 4.0
#: Seconds that a checkpoint is tried to be written or removed: none is worth more, while training or at a stop.
CHECKPOINT_HURRY_S = 3.0
#: Seconds that any other call is tried again where somebody waits for this process to end.
STORAGE_HURRY_S = 5.0
#: Seconds after a stop at which nothing is tried again any more.
GIVE_UP_S = 9.0
#: Seconds that a parent gives its children to stop before it kills them.
PARENT_PATIENCE_S = 10.0


def wait_s(most_s: float, asked_s_ago: float) -> float:
    """Returns for how many seconds a call may be tried again.

    Args:
        most_s: What the call is worth.
        asked_s_ago: Seconds since a stop was asked for, 0 where it was not.
    """
    return max(0.0, min(most_s, GIVE_UP_S - asked_s_ago))
