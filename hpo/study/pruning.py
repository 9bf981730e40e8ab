"""What pruning costs in a study and in all studies of its storage, read and in words.

Counts of other studies are told, and neither their names nor anything of their trials: whoever may read the storage may
read both. A study that this reader may not read, or cannot, is left out.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from hpo.errors import HpoError
from hpo.evaluation.pruning_cost import Estimate, PruningCost, Tally, pruning_cost
from hpo.study.attributes import CONTRACT, read_orders
from hpo.study.audits import tally
from hpo.study.contract import parse
from hpo.study.opened import OpenedStudy
from hpo.study.own_trials import own
from hpo.study.ownership import check_made_here
from hpo.study.prospects import MOST_FINISHED
from storage.errors import StorageForbiddenError
from storage.retrying_storage import RetryingStorage
from storage.studies import StudyHandle, study_names

#: Other studies that are looked at, the latest first: each takes some milliseconds.
_MOST_STUDIES = 50


@dataclass(frozen=True, kw_only=True)
class Pruning:
    """What pruning costs.

    Attributes:
        study: In this one.
        storage: In this and the others of its storage that are pruned by chance.
    """

    study: PruningCost
    storage: PruningCost


def read_pruning(opened: OpenedStudy) -> Pruning | None:
    """Reads the trials of a study and of the others of its storage, as far as they are a thousand together.

    Args:
        opened: The study.

    Returns:
        None where it is not pruned by chance, or too large to be read for this.
    """
    if opened.contract.search.pruner != "chance":
        return None
    ours = _tally(opened.storage, opened.handle.study_id, opened.budget, MOST_FINISHED)
    if ours is None:
        return None
    mine, read = ours
    others = _others(opened.storage, opened.handle.name, MOST_FINISHED - read)
    return Pruning(study=pruning_cost([mine]), storage=pruning_cost([mine, *others]))


def pruning_in_words(pruning: Pruning) -> str | None:
    """Says in one line what pruning costs; None where nothing was given up.

    Args:
        pruning: As read.
    """
    cost = pruning.storage
    if not cost.given_up:
        return None
    of = f"{cost.audited} of {cost.given_up:,} trials given up in {_studies(pruning)}"
    if cost.beats_if_pruned is None:
        return f"What pruning costs is not known yet: {of} were trained to their end all the same."
    said = [f"{_percent(cost.beats_if_pruned)} of these would have been the best"]
    if cost.pruned_if_beats is not None:
        said.append(f"of what was better than all before, {_percent(cost.pruned_if_beats)} was given up")
    if cost.regret is not None:
        said.append(f"that cost {_points(cost.regret)} points of accuracy a study at most")
    return f"What pruning costs, by {of}, which were trained to their end all the same: {'; '.join(said)}."


def _others(storage: RetryingStorage, study: str, most: int) -> Iterator[Tally]:
    names = [name for name in reversed(study_names(storage)) if name != study]
    for name in names[:_MOST_STUDIES]:
        # Another program's, of another version, damaged, deleted since, or not this reader's to read.
        with suppress(HpoError, KeyError, StorageForbiddenError):
            other = StudyHandle(storage, storage.get_study_id_from_name(name), name)
            check_made_here(other)
            attributes = other.attributes()
            if parse(attributes[CONTRACT], name).search.pruner != "chance":
                continue
            told = _tally(storage, other.study_id, read_orders(attributes, name)[0], most)
            if told is not None:
                most -= told[1]
                yield told[0]


def _tally(storage: RetryingStorage, study_id: int, budget: int, most: int) -> tuple[Tally, int] | None:
    """Returns what a study tells, and how many trials were finished; None where these are more than `most`."""
    finished = storage.ledger.count_trials(study_id, budget).finished
    if finished > most:
        return None
    return tally(own(storage.get_all_trials(study_id, deepcopy=False))[:budget]), finished


def _studies(pruning: Pruning) -> str:
    count = pruning.storage.studies
    if count > 1:
        return f"{count:,} studies of this storage"
    return "this study" if pruning.study.studies else "another study of this storage"


def _percent(share: Estimate) -> str:
    return f"{100 * share.value:.1f} % ({100 * share.low:.1f} to {100 * share.high:.1f})"


def _points(gain: Estimate) -> str:
    return f"{100 * gain.value:.2f} ({100 * gain.low:.2f} to {100 * gain.high:.2f})"
