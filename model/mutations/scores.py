"""What an alignment costs. The proofs in `ungapped` and `anchors` hold for these numbers only."""

GAP = "-"
MATCH = 1.0
MISMATCH = -1.0
#: The first letter of a gap, and each one after it.
OPEN = -3.0
EXTEND = -0.5
