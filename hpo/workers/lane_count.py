"""How many trials at once help a worker: one on a CPU, which a trial keeps busy; on a GPU it is measured."""

import logging

from hpo.search.space import Space
from hpo.trial.development_rows import DevelopmentRows
from model.configuration import LearnerConfig, TrainingSettings
from model.cores import usable_cores
from model.gpu.capacity import MOST_LANES, Workload, measure_lanes

log = logging.getLogger(__name__)


def lanes_for(space: Space, settings: TrainingSettings, development: DevelopmentRows, device: str) -> int:
    """Finds how many trials at once get the most done on a device.

    Args:
        space: What is searched.
        settings: What all trials share.
        development: The rows that they are trained on.
        device: As PyTorch names it.

    Returns:
        1 or more; on a GPU no more than there are CPU cores, whose threads start its kernels.
    """
    if device == "cpu":
        return 1

    def workload(config: LearnerConfig) -> Workload:
        encoded = development.encoded(config.encoding)
        rows = development.everything(config.encoding)
        return Workload(config, settings, rows, encoded.vocabulary_size, encoded.positions)

    most = min(MOST_LANES, usable_cores())
    lanes = measure_lanes(workload(space.start), workload(space.largest), device, most=most)
    log.info("%s trains %d trials at once (--lanes)", device, lanes)
    return lanes
