"""The ways to search that are compared, by name. Each begins at the same place or at a random row, as its name says."""

import importlib.util
from collections.abc import Callable

import optuna

from hpo.search.pruner import pruner_named
from hpo.search.standing import PARK
from searching.asha import Asha
from searching.by_task import ByTask
from searching.clock import Search
from searching.depth_first import DepthFirst, Rule, aggressive, forgiving, paired
from searching.few_epochs import FewEpochs
from searching.proposals import STARTUP, FromPool, Proposer, TpeFromPool
from searching.smac3 import Smac
from searching.world import World

#: Makes a search from the world, its budget of trials and a seed.
Method = Callable[[World, int, int], Search]
#: How many of the few-epochs searches go on.
TOP = 5


def _proposer(world: World, seed: int, tpe: bool, start: bool, warm: bool = False) -> Proposer:
    first = world.portfolio if warm else [0] if start else []
    if not tpe:
        return FromPool(world.size, seed, first)
    # Random ones fill up what comes first.
    return TpeFromPool(world.table, seed, first, STARTUP)


def _pruned_by(
    make: Callable[[], optuna.pruners.BasePruner], *, tpe: bool = True, warm: bool = False, fold_itself: bool = False
) -> Method:
    return lambda world, budget, seed: DepthFirst(
        world, budget, _proposer(world, seed, tpe, False, warm), pruner=make(), fold_itself=fold_itself
    )


def _by_rule(rule: Rule, *, tpe: bool = True, start: bool = False) -> Method:
    return lambda world, budget, seed: DepthFirst(world, budget, _proposer(world, seed, tpe, start), rule=rule)


def _by_task(
    park: float = PARK,
    *,
    tpe: bool = True,
    start: bool = False,
    warm: bool = False,
    within_folds: bool = True,
    audits: bool = False,
) -> Method:
    return lambda world, budget, seed: ByTask(
        world, budget, _proposer(world, seed, tpe, start, warm), park, within_folds, seed if audits else None
    )


def _few_epochs(epochs: int) -> Method:
    def make(world: World, budget: int, seed: int) -> Search:
        rows = FromPool(world.size, seed)
        begun: list[int] = []
        while len(begun) < budget:
            begun.append(rows([], [], begun))
        return FewEpochs(world, begun, epochs, TOP)

    return make


def _wilcoxon() -> optuna.pruners.BasePruner:
    return pruner_named("wilcoxon", 5, lambda attributes: ())


def _hyperband() -> optuna.pruners.BasePruner:
    return optuna.pruners.HyperbandPruner(min_resource=1, max_resource=5, reduction_factor=3)


METHODS: dict[str, Method] = {
    "random": _pruned_by(optuna.pruners.NopPruner, tpe=False),
    "TPE": _pruned_by(optuna.pruners.NopPruner),
    "TPE, warm": _pruned_by(optuna.pruners.NopPruner, warm=True),
    "TPE, Median": _pruned_by(optuna.pruners.MedianPruner),
    "TPE, Wilcoxon": _pruned_by(_wilcoxon, fold_itself=True),
    "TPE, Hyperband": _pruned_by(_hyperband),
    "TPE, no better than the incumbent (SMAC's rule)": _by_rule(aggressive),
    "TPE, below the incumbent's worst fold (Bergman)": _by_rule(forgiving),
    "one epoch, then the best 5": _few_epochs(1),
    "five epochs, then the best 5": _few_epochs(5),
    "ours so far (z = 1.5), from a random start": _by_rule(paired),
    "ours so far (z = 1.5)": _by_rule(paired, start=True),
    "P, random proposals": _by_task(tpe=False),
    "P, from a random start": _by_task(),
    "P, not between epochs": _by_task(start=True, within_folds=False),
    "P": _by_task(start=True),
    "P, warm": _by_task(warm=True),
    "P, with audits, from a random start": _by_task(audits=True),
    "P, with audits": _by_task(start=True, audits=True),
    "SMAC3": Smac,
    "ASHA": Asha,
}
#: Those that begin with a portfolio that is made from other tables.
WARM = ("TPE, warm", "P, warm")
#: What some need beside hpo: the module, and the package that brings it.
NEEDS = {"SMAC3": ("smac", "smac"), "ASHA": ("syne_tune", "syne-tune")}


def lacking(name: str) -> str | None:
    """The package that a method needs and that is not installed; None where nothing lacks."""
    module, package = NEEDS.get(name, ("numpy", "numpy"))
    return None if importlib.util.find_spec(module) else package
