"""What a trial may vary (`LearnerConfig`) and what a whole study holds fixed (`TrainingSettings`).

Imports no torch, so that the command line can check a search space quickly.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, get_args

from model.alphabet import Alphabet
from model.choices import Engine, Precision
from model.encoding import Encoding, is_mutation
from model.errors import DataError

Pooling = Literal["last", "mean", "max"]
Positions = Literal["none", "learned"]
Schedule = Literal["constant", "cosine"]
Linear = Literal["none", "by_position", "by_kmer"]
LinearStart = Literal["zero", "regression"]
ClassWeights = Literal["balanced", "none"]

#: Upper limits that no sane network passes; a saved file that names more is damaged or hostile.
MAX_UNITS = 8192
MAX_LAYERS = 8
MAX_BATCH = 1_000_000
MAX_THREADS = 1024


@dataclass(frozen=True, kw_only=True)
class LearnerConfig:
    """One trial's hyperparameters, complete: the same config and seed give the same network.

    Raises:
        DataError: A value has the wrong type or is out of its range.
    """

    #: How letters become tokens.
    encoding: Encoding
    #: Size E of a token's vector.
    embedding_size: int
    #: Units H of one direction of one LSTM layer.
    hidden_size: int
    #: Stacked bidirectional layers.
    layers: int
    #: Share of values dropped after each layer, 0 to below 1.
    dropout: float
    #: How the outputs of all tokens become one vector.
    pooling: Pooling
    #: Adam's (peak) learning rate.
    learning_rate: float
    #: Rows per optimizer step, counted before equal rows are merged.
    batch_size: int
    #: Decoupled weight decay (AdamW); 0 is plain Adam.
    weight_decay: float
    #: How the learning rate runs over the epochs.
    schedule: Schedule
    #: "learned" adds a vector for the position to each token's, beginning at the negative of the consensus letter's:
    #: for mutants of one ancestor, where a position means the same in all of them. The original had none.
    #: Genes given by their mutations have such vectors in any case, for a mutation is a letter at a position.
    positions: Positions = "none"
    #: A linear path beside the network: one weight per position and letter ("by_position", for genes whose positions
    #: mean the same), or per word of a few letters ("by_kmer"). The original had none.
    linear: Linear = "none"
    #: Where a linear path by position begins: at "zero", or at the logistic "regression" of the training rows with the
    #: network silent, which is better where most mutations count by themselves and worse where they count together.
    linear_start: LinearStart = "zero"

    def __post_init__(self) -> None:
        _choice("encoding", self.encoding, get_args(Encoding))
        _choice("pooling", self.pooling, get_args(Pooling))
        _choice("schedule", self.schedule, get_args(Schedule))
        _choice("positions", self.positions, get_args(Positions))
        _choice("linear", self.linear, get_args(Linear))
        _choice("linear_start", self.linear_start, get_args(LinearStart))
        _integer("embedding_size", self.embedding_size, 1, MAX_UNITS)
        _integer("hidden_size", self.hidden_size, 1, MAX_UNITS)
        _integer("layers", self.layers, 1, MAX_LAYERS)
        _integer("batch_size", self.batch_size, 1, MAX_BATCH)
        _real("dropout", self.dropout, 0.0, 0.95)
        _real("learning_rate", self.learning_rate, 1e-8, 10.0)
        _real("weight_decay", self.weight_decay, 0.0, 10.0)
        if self.linear == "by_kmer" and is_mutation(self.encoding):
            raise DataError(
                f"linear is 'by_kmer' with encoding {self.encoding!r}: a gene given by its mutations has no words.",
                "Take linear = 'by_position' or 'none', or an encoding of whole sequences.",
            )

    def as_dict(self) -> dict[str, Any]:
        """Returns the hyperparameters by name, ready for JSON."""
        return asdict(self)

    @property
    def effective(self) -> "LearnerConfig":
        """The same training in its one spelling: whatever does nothing beside the other values is at its default."""
        idle: dict[str, Any] = {}
        if self.linear != "by_position":
            idle["linear_start"] = "zero"
        if is_mutation(self.encoding):  # which say their positions in any case
            idle["positions"] = "none"
        return replace(self, **idle)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "LearnerConfig":
        """Reads what `as_dict` wrote.

        Raises:
            DataError: A name is missing or unknown, or a value is out of range.
        """
        _same_names("configuration", values, [field.name for field in fields(cls)])
        return cls(**values)


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """What every trial of a study shares; part of the study's contract.

    Raises:
        DataError: A value has the wrong type or is out of its range.
    """

    #: Epochs of a fold at most, and the horizon of the learning rate's schedule.
    max_epochs: int = 30
    #: A fold ends after so many epochs without a lower validation loss.
    patience: int = 10
    #: NCBI genetic code of codon and amino acid encodings.
    genetic_code: int = 1
    #: "balanced" gives both classes the same total weight in the training loss.
    class_weights: ClassWeights = "balanced"
    #: Rows with equal tokens become one weighted row.
    merge_duplicates: bool = True
    #: What runs the recurrent layers; "auto" takes the fastest that this machine has.
    engine: Engine = "auto"
    #: Arithmetic on a GPU; a CPU always computes in fp32.
    precision: Precision = "fp32"
    #: CPU threads of one training; part of the contract because it changes the order of sums.
    threads: int = 1

    def __post_init__(self) -> None:
        _choice("class_weights", self.class_weights, get_args(ClassWeights))
        _choice("engine", self.engine, get_args(Engine))
        _choice("precision", self.precision, get_args(Precision))
        _integer("max_epochs", self.max_epochs, 1, 100_000)
        _integer("patience", self.patience, 1, 100_000)
        _integer("genetic_code", self.genetic_code, 1, 33)
        _integer("threads", self.threads, 1, MAX_THREADS)
        if type(self.merge_duplicates) is not bool:
            raise DataError(f"merge_duplicates is {self.merge_duplicates!r}; allowed are true and false.")

    def as_dict(self) -> dict[str, Any]:
        """Returns the settings by name, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "TrainingSettings":
        """Reads what `as_dict` wrote.

        Raises:
            DataError: A name is missing or unknown, or a value is out of range.
        """
        _same_names("training settings", values, [field.name for field in fields(cls)])
        return cls(**values)


def original_configuration(alphabet: Alphabet) -> LearnerConfig:
    """Returns the configuration of the script that this project replaces: the search's first trial."""
    return LearnerConfig(
        encoding="nucleotide" if alphabet == "dna" else "amino_acid",
        embedding_size=50,
        hidden_size=62,
        layers=2,
        dropout=0.18,
        pooling="last",
        learning_rate=1e-3,
        batch_size=400,
        weight_decay=0.0,
        schedule="constant",
        positions="none",
        linear="none",
        linear_start="zero",
    )


def _choice(name: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise DataError(f"{name} is {value!r}; allowed are {', '.join(allowed)}.")


def _integer(name: str, value: object, lowest: int, highest: int) -> None:
    # bool is an int to Python, and a float that came through JSON is not one.
    if type(value) is not int or not lowest <= value <= highest:
        raise DataError(f"{name} is {value!r}; allowed are whole numbers from {lowest} to {highest}.")


def _real(name: str, value: object, lowest: float, highest: float) -> None:
    # What is not a number (NaN) lies in no interval.
    if type(value) not in (int, float) or not lowest <= value <= highest:  # type: ignore[operator]
        raise DataError(f"{name} is {value!r}; allowed are numbers from {lowest:g} to {highest:g}.")


def _same_names(what: str, values: Mapping[str, Any], names: list[str]) -> None:
    missing, unknown = set(names) - set(values), set(values) - set(names)
    if missing or unknown:
        raise DataError(
            f"The {what} lacks {sorted(missing) or 'nothing'} and has unknown {sorted(unknown, key=str) or 'nothing'};"
            f" it must have exactly: {', '.join(names)}."
        )
