"""What things are called in the report, and how numbers are written."""

from dataclasses import dataclass
from datetime import timedelta

from hpo.choices import Objective
from hpo.evaluation.intervals import Interval
from hpo.objectives import SHARES, measured

NBSP = "\u00a0"


@dataclass(frozen=True)
class Name:
    """A baseline's name, short (for a figure) and within a sentence."""

    short: str
    long: str


#: What the chosen trial's own figures are called.
TEST = "Test"
CORRECTED = "Cross-validation, corrected for the choice among trials"
CROSS_VALIDATION = "Cross-validation"

BASELINES = {
    "majority": Name("Majority class", "always saying the commoner class"),
    "identical_sequence": Name("Look-up", "looking up the identical sequence"),
    "logistic_regression": Name("Logistic regression", "a logistic regression on the letters by position"),
    "mutation_logistic_regression": Name("Mutation regression", "a logistic regression on the mutations"),
    "kmer_logistic_regression": Name(
        "K-mer regression", "a logistic regression on short words (k\N{NON-BREAKING HYPHEN}mers)"
    ),
    "original_configuration": Name("Untuned (trial 0)", "the untuned network (trial 0)"),
}


def short_name(baseline: str, on_one_fold: bool) -> str:
    """Names a baseline in a figure or a table; tells where it was tried on one fold only."""
    return BASELINES[baseline].short + (", 1 fold" if on_one_fold else "")


ENCODINGS = {
    "nucleotide": "nucleotides",
    "codon": "codons",
    "amino_acid": "amino acids",
    "mutation": "mutations of amino acids",
    "mutation_nucleotide": "mutations of nucleotides",
}

#: What the axis and the table of positions count.
POSITION = {
    "nucleotide": "nucleotide",
    "codon": "codon",
    "amino_acid": "residue",
    "mutation": "residue of the ancestor",
    "mutation_nucleotide": "nucleotide of the ancestor",
}


def encoding_name(encoding: str) -> str:
    """Names an encoding in the plural."""
    return ENCODINGS.get(encoding, encoding)


def percent(value: float | None, digits: int = 1) -> str:
    """Writes a share: 0.948 is 94.8 %."""
    return "–" if value is None else f"{100 * value:.{digits}f}{NBSP}%"


def scored(score: float | None, objective: Objective) -> str:
    """Writes what was measured of an objective: 94.8 %, or 0.812."""
    if score is None or objective in SHARES:
        return percent(score)
    return f"{measured(objective, score):.3f}".replace("-", "\N{MINUS SIGN}")


def scored_span(interval: Interval, objective: Objective) -> str:
    """Writes an interval of what was measured."""
    if objective in SHARES:
        return span(interval)
    ends = sorted(measured(objective, end) for end in (interval.low, interval.high))
    return " to ".join(f"{end:.3f}".replace("-", "\N{MINUS SIGN}") for end in ends)


def scored_difference(difference: float, objective: Objective) -> str:
    """Writes a difference of scores, above 0 where the first is better."""
    figure = f"{100 * difference:+.1f} points" if objective in SHARES else f"{difference:+.3f}"
    return figure.replace("-", "\N{MINUS SIGN}")


def apart(difference: float, objective: Objective) -> str:
    """Writes the size of a difference of scores, without its sign."""
    return points(difference) if objective in SHARES else f"{abs(difference):.3f}"


def points(value: float) -> str:
    """Writes the size of a difference of two shares, in percentage points, without its sign."""
    return f"{abs(100 * value):.1f} points"


def span(interval: Interval) -> str:
    """Writes an interval of a share."""
    return f"{100 * interval.low:.1f} to {percent(interval.high)}"


def signed_span(interval: Interval) -> str:
    """Writes an interval of a difference."""
    return f"{100 * interval.low:+.1f} to {100 * interval.high:+.1f} points".replace("-", "\N{MINUS SIGN}")


def p_value(p: float) -> str:
    """Writes a p-value within a sentence: p < 0.001, p = 0.62."""
    figure = p_figure(p)
    return f"p{NBSP}{figure}" if figure.startswith("<") else f"p{NBSP}={NBSP}{figure}"


def p_figure(p: float) -> str:
    """Writes a p-value in a table: three digits, never 0."""
    return f"<{NBSP}0.001" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def plural(count: int, noun: str) -> str:
    """Counts things: 1 trial, 2 trials, 1,200 trials."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def duration(seconds: float) -> str:
    """Writes a time: 8 s, 12 min, 3 h 20 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(timedelta(seconds=seconds) / timedelta(minutes=1))
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours:,} h {rest} min" if rest else f"{hours:,} h"


def value(raw: object) -> str:
    """Writes a hyperparameter's value: four digits are enough for a reader."""
    return f"{raw:.4g}" if isinstance(raw, float) else spoken(str(raw))


def spoken(name: str) -> str:
    """Writes a hyperparameter's name."""
    return name.replace("_", " ")
