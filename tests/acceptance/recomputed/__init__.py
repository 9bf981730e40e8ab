"""The figures of a report, computed a second time from what is stored.

`stored` reads, `formulas` are the statistics, `search`, `accuracy` and `baselines` compute the parts of result.json.

Production code is used for what is no figure: to open artifacts, to encode letters, to run a stored network, and to
train trial 0 again (its network is not stored). Every statistic is written down here on its own, or is scikit-learn's,
SciPy's or Optuna's. Two things are taken from result.json: the bounds of the ranges of length, which must hold every
row once, and what the gap is the difference of, which is computed again elsewhere.
"""
