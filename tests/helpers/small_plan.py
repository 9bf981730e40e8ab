"""What a small study is asked for."""

from pathlib import Path

from hpo.study.create import Plan
from model.configuration import TrainingSettings


def small_plan(source: Path, study: str = "s") -> Plan:
    """Three trials of five folds, proposed at random and never pruned."""
    return Plan(
        study=study,
        trials=3,
        source=source,
        seed=0,
        folds=5,
        test_size=0.2,
        duplicates="together",
        space_file=None,
        original="all",
        sampler="random",
        startup_trials=10,
        pruner="none",
        training=TrainingSettings(),
        lease_timeout_s=60.0,
        retries=3,
    )
