"""The search space: read from TOML, checked wherever it comes from, suggested through Optuna.

A space names every field of `LearnerConfig` once, with a list of choices, a range, or one fixed value. Ranges
are flat (no parameter depends on another), so that TPE models all parameters jointly.
"""

import dataclasses
import reprlib
from collections.abc import Collection, Mapping
from itertools import product
from pathlib import Path
from typing import Any, cast

import optuna
from optuna.distributions import BaseDistribution
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from hpo.errors import SpaceError
from hpo.search.packaged import packaged_table
from hpo.search.parameters import Choices, Fixed, Parameter, Range, Value
from hpo.search.space_file import read_toml
from model.alphabet import Alphabet
from model.configuration import LearnerConfig, Linear, original_configuration
from model.encoding import Encoding, MutationEncoding, encodings_for, is_mutation, mutation_encodings, whole_encoding
from model.errors import ModelError

#: Hyperparameters with which a network's memory grows.
_SIZES = ("embedding_size", "hidden_size", "layers", "batch_size")
_LONGEST_FIRST: tuple[Encoding, ...] = ("nucleotide", "codon", "amino_acid", "mutation_nucleotide", "mutation")


class Space(BaseModel):
    """A checked search space: one entry per field of `LearnerConfig`, and only values that the learner allows.

    An entry may lack where the field has a default: it came after the study was made.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    parameters: dict[str, Parameter]

    @model_validator(mode="after")
    def _all_can_be_trained(self) -> "Space":
        lacking, unknown = sorted(_required_names() - set(self.parameters)), sorted(set(self.parameters) - _names())
        if lacking or unknown:
            raise _complaint(f"the space lacks {lacking or 'nothing'} and has unknown {unknown or 'nothing'}.")
        for name, entry in self.parameters.items():
            _check_entry(name, entry)
        self._check_linear_paths()
        return self

    def _check_linear_paths(self) -> None:
        """Refuses a linear path that one of the encodings cannot have: any two values may meet in a trial."""
        if "linear" not in self.parameters:
            return
        base = original_configuration("dna")
        for encoding, linear in product(self.encodings, self.parameters["linear"].examples()):
            try:
                dataclasses.replace(base, encoding=encoding, linear=cast(Linear, linear))
            except ModelError as error:
                raise _complaint(str(error)) from error

    @property
    def searched(self) -> dict[str, Range | Choices]:
        """The parameters that the sampler chooses, by name."""
        return {name: entry for name, entry in self.parameters.items() if not isinstance(entry, Fixed)}

    @property
    def distributions(self) -> dict[str, BaseDistribution]:
        """The searched parameters as Optuna's distributions, by name."""
        return {name: entry.distribution(_is_whole(name)) for name, entry in self.searched.items()}

    @property
    def encodings(self) -> tuple[Encoding, ...]:
        """Every encoding that a trial may ask for."""
        return tuple(cast(Encoding, value) for value in self.parameters["encoding"].examples())

    @property
    def start(self) -> LearnerConfig:
        """Where a search begins, and what many trials are like: the first of choices and the middle of ranges."""
        values: dict[str, Any] = {name: entry.start(_is_whole(name)) for name, entry in self.parameters.items()}
        return LearnerConfig(**values)

    @property
    def largest(self) -> LearnerConfig:
        """The configuration that needs the most memory."""
        values: dict[str, Any] = {name: entry.examples()[-1] for name, entry in self.parameters.items()}
        for name in _SIZES:
            values[name] = max(self.parameters[name].examples())
        if "linear" in values:
            values["linear"] = next((one for one in self.parameters["linear"].examples() if one != "none"), "none")
        # Nucleotides are the longest: three for each codon.
        values["encoding"] = next((one for one in _LONGEST_FIRST if one in self.encodings), values["encoding"])
        return LearnerConfig(**values)

    def suggest(self, trial: optuna.trial.Trial) -> LearnerConfig:
        """Returns the configuration that the sampler proposes for `trial`."""
        values: dict[str, Any] = {name: self.suggest_one(trial, name) for name in self.parameters}
        return LearnerConfig(**values)

    def suggest_one(self, trial: optuna.trial.Trial, name: str) -> Value:
        """Returns the value of one parameter for `trial`."""
        entry = self.parameters[name]
        return entry.value if isinstance(entry, Fixed) else entry.suggest(trial, name, _is_whole(name))

    def representable(self, config: LearnerConfig) -> dict[str, Value]:
        """Returns the part of `config` that this space could have proposed, by parameter name."""
        values = dataclasses.asdict(config)
        return {name: values[name] for name, entry in self.searched.items() if entry.contains(values[name])}


def read_space(
    path: Path | None, alphabet: str, related: Collection[MutationEncoding] = (), *, codes: bool = True
) -> Space:
    """Returns the search space in `path`, or the default for such genes.

    Args:
        path: A TOML file; parameters that it leaves out keep their default.
        alphabet: "dna" or "protein".
        related: Encodings by which the genes descend from one ancestor, so that they can be told by their mutations.
        codes: Whether DNA codes for proteins; of what does not, the default is nucleotides.

    Raises:
        SpaceError: The file cannot be read, or asks for something that the learner does not have.
    """
    asked = {} if path is None else read_toml(path)
    table = packaged_table(alphabet, related, codes, asked.get("encoding")) | asked
    _check_names(asked, path)
    parameters = {name: _parameter(name, entry, path) for name, entry in table.items()}
    _check_alphabet(parameters["encoding"], path, alphabet)
    # First: the default linear path of genes that are no relatives would be refused in place of their encoding.
    _check_relation(parameters["encoding"], path, related)
    try:
        space = Space(parameters=parameters)
    except ValidationError as error:
        raise SpaceError(f"{path}: {error.errors()[0]['msg']}") from error
    return space


def _check_names(asked: Mapping[str, Any], path: Path | None) -> None:
    unknown = sorted(set(asked) - _names())
    if unknown:
        raise SpaceError(
            f"{path}: no hyperparameter is called {', '.join(unknown)}.",
            f"Allowed are {', '.join(sorted(_names()))}.",
        )


def possible_encodings(path: Path | None, alphabet: Alphabet, *, codes: bool = True) -> tuple[Encoding, ...]:
    """Names the encodings that a study may search, before it is known whether its genes are relatives.

    Args:
        path: Its space file.
        alphabet: Of its genes.
        codes: Whether DNA codes for proteins.

    Raises:
        SpaceError: As `read_space`.
    """
    asked = {} if path is None else read_toml(path)
    _check_names(asked, path)
    if "encoding" not in asked:
        return tuple(one for one in encodings_for(alphabet) if codes or whole_encoding(one) == "nucleotide")
    return read_space(path, alphabet, related=mutation_encodings(alphabet)).encodings


def _parameter(name: str, entry: object, path: Path | None) -> Range | Choices | Fixed:
    try:
        if isinstance(entry, Mapping):
            return Range(**entry)
        if isinstance(entry, list):
            return Choices(choices=tuple(entry)) if len(entry) != 1 else Fixed(value=entry[0])
        return Fixed.model_validate({"value": entry})
    except (ValidationError, TypeError) as error:
        reason = _first(error) if isinstance(error, ValidationError) else str(error)
        raise SpaceError(
            # A file can nest values deeper than can be shown.
            f"{path}: {name} = {reprlib.repr(entry)} is not a list of choices, a range or a value: {reason}.",
            f"Write {name} = [a, b], {name} = {{ low = a, high = b, log = true }} or {name} = a.",
        ) from error


def _first(error: ValidationError) -> str:
    """Returns the first complaint, and what of the entry it is about."""
    first = error.errors()[0]
    return ": ".join([*(str(part) for part in first["loc"]), first["msg"]])


def _check_alphabet(encoding: Parameter, path: Path | None, alphabet: str) -> None:
    allowed, named = encodings_for(cast(Alphabet, alphabet)), [str(value) for value in encoding.examples()]
    if not set(named) <= set(allowed):
        raise SpaceError(
            f"{path}: {alphabet} sequences can only be searched as {' or '.join(allowed)}, got {', '.join(named)}.",
            "Leave `encoding` out, or say --alphabet dna if these are genes.",
        )


def _check_relation(encoding: Parameter, path: Path | None, related: Collection[MutationEncoding]) -> None:
    named = [str(value) for value in encoding.examples()]
    if any(is_mutation(one) and one not in related for one in named):
        by = f"other than by {' and '.join(related)}" if related else "so they have no mutations to search by"
        raise SpaceError(
            f"{path}: these genes do not descend from one ancestor, {by}; got encoding {', '.join(named)}.",
            "Leave `encoding` out; `hpo inspect` tells how far the genes lie from a common ancestor.",
        )


def _check_entry(name: str, entry: Range | Choices | Fixed) -> None:
    """Builds a configuration from every end of a parameter: the learner knows what it allows."""
    allowed, is_whole = original_configuration("dna"), _is_whole(name)
    for value in entry.examples():
        if is_whole and type(value) is not int:
            raise _complaint(f"{name} takes whole numbers, got {value!r}.")
        try:
            dataclasses.replace(allowed, **{name: cast(Any, value)})
        except ModelError as error:
            raise _complaint(f"{name} = {value!r} is not allowed: {error}") from error
    if is_whole and isinstance(entry, Range) and entry.step is not None and entry.step < 1:
        raise _complaint(f"{name} takes whole steps, got {entry.step!r}.")


def _complaint(reason: str) -> PydanticCustomError:
    return PydanticCustomError("space", "{reason}", {"reason": reason})


def _names() -> set[str]:
    return {field.name for field in dataclasses.fields(LearnerConfig)}


def _required_names() -> set[str]:
    return {field.name for field in dataclasses.fields(LearnerConfig) if field.default is dataclasses.MISSING}


def _is_whole(name: str) -> bool:
    return next(field.type for field in dataclasses.fields(LearnerConfig) if field.name == name) in (int, "int")
