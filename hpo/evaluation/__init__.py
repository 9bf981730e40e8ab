"""Statistics and plain baselines: what accuracy to expect, and how sure one may be.

Pure functions of arrays; nothing here reads a study, a file or a clock, and nothing imports torch.
"""
