"""Plain regressions beside the network: what they see of a gene, and one that is kept to predict."""

from model.baseline.features import Kind, feature_numbers
from model.baseline.kept import NAMES, KeptBaseline

__all__ = ["NAMES", "KeptBaseline", "Kind", "feature_numbers"]
