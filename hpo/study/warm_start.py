"""Reads the best configurations of an earlier study, of this or another storage: `--warm-start`.

Of the earlier study nothing but its trials is read: states, values and configurations. Its data, its space and how its
genes were encoded may be others; what its trials hold is input like any other.
"""

import math
from contextlib import closing
from dataclasses import dataclass, replace

from optuna.trial import FrozenTrial, TrialState

from hpo.errors import ContractError, UsageError
from hpo.search.configurations import params_of
from hpo.search.space import Space
from hpo.search.warm import FIRST, MOST, Earlier
from hpo.study.address import StudyAddress
from hpo.study.attributes import configuration
from hpo.study.earlier import source_of
from hpo.study.first_trials import FirstTrial
from hpo.study.opened import OpenedStudy
from hpo.study.own_trials import own
from hpo.study.ownership import check_made_here
from hpo.terminal import say
from storage.connection import open_storage
from storage.studies import find_study


@dataclass(frozen=True)
class WarmStart:
    """What a search begins from.

    Attributes:
        source: The earlier study, as the user named it, without secrets.
        earlier: Its best configurations that this space could have proposed, the best first.
    """

    source: str
    earlier: list[Earlier]

    @property
    def first(self) -> list[FirstTrial]:
        """Those that are tried whatever happens."""
        return [
            FirstTrial(one.params, {"warm_start": self.source, "trial": one.number}) for one in self.earlier[:FIRST]
        ]


def address_of(named: str, here: StudyAddress) -> StudyAddress:
    """Returns where the earlier study lies.

    Args:
        named: NAME, of the same storage, or URL#NAME, or URL of a storage that holds one study.
        here: Where the study is to be that is made.

    Raises:
        UsageError: It is the study itself.
    """
    if "://" not in named.partition("#")[0]:
        earlier = replace(here, study=named)
    else:
        storage, _, name = named.partition("#")
        earlier = StudyAddress(storage=storage, study=name or None)
    if (earlier.storage, earlier.study) == (here.storage, here.study):
        raise UsageError(f"Study {named!r} cannot begin from itself.", "Name an earlier study with --warm-start.")
    return earlier


def read_warm_start(named: str | None, here: StudyAddress, space: Space) -> WarmStart | None:
    """Reads the earlier study's best, and says what came of it; None where none is named.

    Args:
        named: As `address_of` takes it.
        here: Where the study is to be that is made.
        space: Its search space.

    Raises:
        UsageError: It is the study itself.
        StorageError: The storage does not answer, or holds no such study.
        ContractError: Another program made it.
    """
    if named is None:
        return None
    address = address_of(named, here)
    with closing(open_storage(address.storage)) as storage:
        handle = find_study(storage, address.study)
        check_made_here(handle)
        trials = own(storage.get_all_trials(handle.study_id, deepcopy=False))
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE and math.isfinite(trial.value or 0.0)]
    fitting = [one for trial in complete if (one := _earlier_of(trial, space)) is not None]
    best: list[Earlier] = []
    for one in sorted(fitting, key=lambda one: (-one.value, one.number)):
        if all(one.params != other.params for other in best):
            best.append(one)
    say(_in_words(handle.name, len(best[:MOST]), len(fitting), len(complete)))
    return WarmStart(_source(address, handle.name, here), best[:MOST])


def check_warm_start(opened: OpenedStudy, named: str | None) -> None:
    """Refuses another earlier study than the one that a study was begun from; neither is read.

    Raises:
        ContractError: Names both.
    """
    if named is None:
        return
    address, begun = address_of(named, opened.address), source_of(opened.handle.attributes())
    if address.study is None and begun is not None:
        return  # the only one of its storage, then
    asked = _source(address, address.study or "", opened.address)
    if begun != asked:
        raise ContractError(
            f"Study {opened.handle.name!r} was begun from {'no earlier study' if begun is None else repr(begun)}, and "
            f"not from {asked!r} (--warm-start).",
            "Leave --warm-start out to go on with it, or choose another --study.",
        )


def _source(address: StudyAddress, study: str, here: StudyAddress) -> str:
    """The earlier study as it may be written down: without secrets."""
    return study if address.storage == here.storage else f"{address.shown}#{study}"


def _earlier_of(trial: FrozenTrial, space: Space) -> Earlier | None:
    params = params_of(configuration(trial.user_attrs), space)
    return Earlier(params, float(trial.value or 0.0), trial.number) if params else None


def _in_words(study: str, taken: int, fitting: int, complete: int) -> str:
    if not taken:
        return f"Nothing is taken over from study {study!r}: none of its {complete} complete trials fits this space."
    others = "" if fitting == complete else f"; {complete - fitting} do not fit this space"
    rest = f", {FIRST} of them first and others while their ranks agree" if taken > FIRST else ""
    return f"The search begins from the best {taken} of {complete} complete trials of study {study!r}{others}{rest}."
