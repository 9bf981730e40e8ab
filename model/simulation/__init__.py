"""Simulated genes: like the original's data, but with a rule and a ceiling on accuracy that are known.

All genes are mutants of one ancestor. About a quarter as many proteins as rows are different, and a few of
them hold many rows; copies of one protein differ by silent mutations. A rule on the translated protein tells which
genes are resistant. Labels are then flipped at random, so no classifier can expect to be right more often than
1 - noise.

Three rules: `additive`, where each mutation counts by itself and a linear model does as well as any; `epistatic`,
where mutations count in pairs; and `frame`, where insertions and deletions shift the reading frame. The last two
need a model that sees several positions together.
"""

from model.simulation.linear import LINEAR_GENES, linear_ceiling
from model.simulation.simulating import Simulated, simulate, simulate_relatives, write_simulated

__all__ = ["LINEAR_GENES", "Simulated", "linear_ceiling", "simulate", "simulate_relatives", "write_simulated"]
