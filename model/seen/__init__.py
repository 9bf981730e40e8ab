"""What a model has seen: how far its training genes reach, and which new genes lie outside of that.

A gene outside still gets a probability, but nothing that was measured of the model says how good it is.
"""

from model.seen.judging import FAR, Judged, judge
from model.seen.reach import Seen, describe

__all__ = ["FAR", "Judged", "Seen", "describe", "judge"]
