"""Nothing twice: a trial whose training another trial of the study has had takes over what that has finished.

All trials share the seeds of their folds, so the same configuration gives the same numbers, whoever trains it; and
configurations are the same that differ in what does nothing beside the rest (`LearnerConfig.effective`). Every trial
carries a fingerprint of its training, so that thousands are looked through at once; what is found is compared in full.
"""

import json
import logging
from collections.abc import Mapping
from typing import Any

from optuna.trial import FrozenTrial

from hpo.study.attributes import TRAINING, TWIN, finished_folds, learner_config
from hpo.study.contract import Contract
from hpo.trial.common_epoch import Finished, first_folds
from hpo.trial.development_rows import DevelopmentRows
from hpo.trial.fold_results import read_finished
from hpo.trial.held_trial import HeldTrial
from hpo.trial.recording import record_folds
from model.configuration import LearnerConfig
from storage.artifacts import ArtifactStore, sha256_of

log = logging.getLogger(__name__)


def fingerprint(config: LearnerConfig) -> str:
    """Returns what configurations have in common that are trained alike: 16 hexadecimal digits."""
    return sha256_of(json.dumps(config.effective.as_dict(), sort_keys=True).encode())[:16]


def take_over(
    trial: HeldTrial,
    config: LearnerConfig,
    finished: Finished,
    contract: Contract,
    artifacts: ArtifactStore,
    development: DevelopmentRows,
) -> None:
    """Takes over the folds of the trial that was trained alike and went farthest, if it went farther than this one.

    Args:
        trial: That is held.
        config: Its configuration.
        finished: Curves of its finished folds; those that are taken over are added.
        contract: The study's.
        artifacts: Where results of folds lie.
        development: The study's rows.

    Raises:
        LeaseLostError: We no longer hold the trial.
        StorageError: The artifacts cannot be read at all.
    """
    own = len(first_folds(finished))
    twin = _twin(trial, config, contract.splitting.folds)
    if twin is None or len(records := finished_folds(twin.user_attrs, contract.splitting.folds)) <= own:
        return
    attributes = {record.attribute: twin.user_attrs[record.attribute] for record in records[own:]}
    both = read_finished(twin.number, attributes, artifacts, development, contract.search.objective) | finished
    taken = range(own, len(first_folds(both)))
    if taken:
        # Beyond one that is damaged nothing counts: it would be recorded by nobody.
        finished |= {fold: both[fold] for fold in taken}
        told = {TWIN: {"trial": twin.number, "folds": list(taken)}}
        stored = {fold: attributes[records[fold].attribute] for fold in taken}
        record_folds(trial, stored, finished, contract.search, **told)
        log.info("trial %d: trial %d was trained alike, %d folds are its", trial.number, twin.number, len(taken))


def _twin(trial: HeldTrial, config: LearnerConfig, folds: int) -> FrozenTrial | None:
    wanted = fingerprint(config)
    alike = [
        other
        for other in trial.others()
        if other.user_attrs.get(TRAINING) == wanted and _is_same(other.user_attrs, config)
    ]
    return max(alike, key=lambda one: (len(finished_folds(one.user_attrs, folds)), -one.number), default=None)


def _is_same(attributes: Mapping[str, Any], config: LearnerConfig) -> bool:
    other = learner_config(attributes)
    return other is not None and other.effective == config.effective
