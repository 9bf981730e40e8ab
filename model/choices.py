"""The words that options of the learner take. Imports nothing, so that the command line shows them at once."""

from typing import Literal

#: What rows become whose label is an intermediate result.
Intermediate = Literal["resistant", "susceptible", "drop"]
#: What a label may mean.
LabelMeaning = Literal["resistant", "susceptible", "drop"]
#: What becomes of alignment gaps.
Gaps = Literal["remove", "keep", "error"]
#: What becomes of letters that no sequence has, or of their rows.
OddLetters = Literal["unknown", "drop", "error"]
#: What becomes of sequences that go on after a stop.
InnerStops = Literal["cut", "drop", "error"]
#: What becomes of rows without a sequence or a label.
Missing = Literal["drop", "error"]
#: Whether identical sequences stay together in one part of the data.
Duplicates = Literal["together", "spread"]
#: What runs the recurrent layers; "auto" takes the fastest that the machine has.
Engine = Literal["auto", "stock", "native"]
#: How a GPU computes.
Precision = Literal["fp32", "tf32", "bf16"]
#: How simulated genes become resistant.
SimulationRule = Literal["additive", "epistatic", "frame"]
