"""Reads a trained model back. What is read is untrusted: every name, type, size and shape is checked first."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np
from numpy.typing import NDArray

from model.alphabet import AMBIGUOUS, CLEAR, Alphabet
from model.baseline import KeptBaseline
from model.cleaning import Rules
from model.configuration import LearnerConfig
from model.encoder import Encoder
from model.encoding import MutationEncoding, encodings_for, is_mutation, whole_encoding
from model.errors import DataError, SavedModelError
from model.files import read_regular
from model.mutagenesis import SUBSTITUTIONS
from model.mutations import LONGEST_ANCESTOR
from model.network import BiLSTM
from model.origin import Origin
from model.saving.baseline import MOST_BYTES, read_baseline
from model.saving.damage import damaged
from model.saving.formats import upgraded
from model.saving.names import BASELINE, CONFIGURATION
from model.saving.origin import read_origin
from model.saving.weights import described_bytes, read_network

#: Networks of one ensemble, at most.
MAX_NETWORKS = 100
#: Letters of the longest training sequence, at most.
MAX_LONGEST = 10_000_000
_MAX_CONFIGURATION_BYTES = 10_000_000
_NAMES = {
    *("format", "weights", "longest", "alphabet", "cleaning", "genetic_code", "ancestor", "vocabulary", "learners"),
    *("letters", "card", "origin", "baseline"),
}


@dataclass(frozen=True)
class SavedModel:
    """What a model folder holds: all that prediction needs."""

    #: One network, or several whose probabilities are averaged; in evaluation mode, on the CPU.
    networks: tuple[BiLSTM, ...]
    #: Of each network; all have one encoding.
    configs: tuple[LearnerConfig, ...]
    alphabet: Alphabet
    #: By which the training genes were cleaned.
    rules: Rules
    #: Encodes genes as the training genes were.
    encoder: Encoder
    #: [T, 1 + SUBSTITUTIONS] uint8, letters that were common among the training genes, from `common_letters`.
    letters: NDArray[np.uint8]
    #: What is known of its training genes.
    origin: Origin
    #: A plain regression that the report found as good as the networks, or better.
    baseline: KeptBaseline | None
    #: What people should know about the model: origin, accuracy, limits. Read by people only.
    card: Mapping[str, Any]

    @property
    def config(self) -> LearnerConfig:
        """Of the first network, which is the chosen trial's."""
        return self.configs[0]


def load_model(folder: Path) -> SavedModel:
    """Reads a model folder.

    Raises:
        SavedModelError: It is not a model folder, incomplete, damaged, or of a version that is not known.
    """
    description = _description(folder)
    alphabet, genetic_code = description["alphabet"], description["genetic_code"]
    if alphabet not in get_args(Alphabet):
        raise damaged(folder, f"the alphabet is {alphabet!r}")
    if type(genetic_code) is not int or not 1 <= genetic_code <= 33:
        raise damaged(folder, f"the genetic code is {genetic_code!r}")
    digests = _digests(folder, description["weights"])
    configs = _configs(folder, description["learners"], len(digests))
    config = configs[0]
    if config.encoding not in encodings_for(alphabet):
        raise damaged(folder, f"{alphabet} sequences have no {config.encoding} encoding")
    rules = _rules(folder, description["cleaning"])
    origin = _origin(folder, description["origin"], alphabet, config)
    encoder = _encoder(folder, config, genetic_code, rules, description["ancestor"])
    if description["vocabulary"] != list(encoder.vocabulary(config.encoding)):
        raise damaged(folder, f"its vocabulary is not that of the {config.encoding} encoding")
    if not isinstance(description["card"], dict):
        raise damaged(folder, "the card is not an object")
    longest = _longest(folder, description["longest"])
    letters = _letters(folder, description["letters"], longest, len(description["vocabulary"]))
    _check_positions(folder, encoder.ancestor(config.encoding), longest, len(letters))
    size = len(description["vocabulary"])
    networks = tuple(
        read_network(folder, number, digest, one, size, longest)
        for number, (digest, one) in enumerate(zip(digests, configs, strict=True))
    )
    baseline = _baseline(folder, description["baseline"], alphabet)
    return SavedModel(networks, configs, alphabet, rules, encoder, letters, origin, baseline, description["card"])


def _description(folder: Path) -> dict[str, Any]:
    path = folder / CONFIGURATION
    try:
        description = json.loads(read_regular(path, _MAX_CONFIGURATION_BYTES).decode("utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise SavedModelError(
            f"{folder} is not a model folder: {CONFIGURATION} is missing.",
            "Name the folder 'model' inside the output of 'hpo finalize'.",
        ) from error
    except OSError as error:
        raise SavedModelError(
            f"{path} cannot be read: {error.strerror}.", "Take a fresh copy of the folder."
        ) from error
    except (ValueError, RecursionError) as error:
        raise damaged(folder, f"{CONFIGURATION} is not JSON") from error
    if not isinstance(description, dict) or "format" not in description:
        raise damaged(folder, f"{CONFIGURATION} is not a model's description")
    description = upgraded(folder, description)
    if set(description) != _NAMES:
        raise damaged(folder, f"{CONFIGURATION} has {sorted(description)}; it must have {sorted(_NAMES)}")
    return description


def _configs(folder: Path, learners: object, networks: int) -> tuple[LearnerConfig, ...]:
    if not isinstance(learners, list) or len(learners) != networks:
        raise damaged(folder, f"learners is not a list of {networks} configurations, one for each network")
    configs = tuple(_config(folder, learner) for learner in learners)
    if len({config.encoding for config in configs}) > 1:
        raise damaged(folder, "its networks read genes by different encodings")
    return configs


def _config(folder: Path, learner: object) -> LearnerConfig:
    if not isinstance(learner, dict):
        raise damaged(folder, "the learner's configuration is not an object")
    try:
        return LearnerConfig.from_dict(learner)
    except DataError as error:
        raise damaged(folder, error.message) from error


def _rules(folder: Path, rules: object) -> Rules:
    if not isinstance(rules, dict) or set(rules) != set(Rules().as_dict()):
        raise damaged(folder, f"cleaning is {str(rules)[:100]}; it must have {sorted(Rules().as_dict())}")
    if not all(value is None or isinstance(value, str) for value in rules.values()):
        raise damaged(folder, f"cleaning is {str(rules)[:100]}; policies are words")
    try:
        return Rules(**rules)
    except DataError as error:
        raise damaged(folder, f"cleaning: {error.message}") from error


def _origin(folder: Path, document: object, alphabet: Alphabet, config: LearnerConfig) -> Origin:
    try:
        return read_origin(document, alphabet, config.encoding)
    except ValueError as error:
        raise damaged(folder, str(error)) from error


def _baseline(folder: Path, expected_digest: object, alphabet: Alphabet) -> KeptBaseline | None:
    if expected_digest is None:
        return None
    try:
        return read_baseline(described_bytes(folder / BASELINE, str(expected_digest), MOST_BYTES), alphabet)
    except ValueError as error:
        raise damaged(folder, str(error)) from error


def _encoder(folder: Path, config: LearnerConfig, genetic_code: int, rules: Rules, ancestor: object) -> Encoder:
    if not is_mutation(config.encoding):
        if ancestor is not None:
            raise damaged(folder, f"it has an ancestor, which the {config.encoding} encoding is not told from")
        return Encoder(genetic_code, gaps=rules.gaps == "keep")
    if not isinstance(ancestor, str) or not 1 <= len(ancestor) <= LONGEST_ANCESTOR:
        raise damaged(folder, f"the ancestor is not a text of 1 to {LONGEST_ANCESTOR} letters")
    letters: Alphabet = "dna" if whole_encoding(config.encoding) == "nucleotide" else "protein"
    if not set(ancestor) <= set(CLEAR[letters] + AMBIGUOUS[letters]):
        raise damaged(folder, f"the ancestor has letters besides {CLEAR[letters]} and {AMBIGUOUS[letters]}")
    return Encoder(genetic_code, {cast(MutationEncoding, config.encoding): ancestor})


def _digests(folder: Path, digests: object) -> list[str]:
    if not isinstance(digests, list) or not 1 <= len(digests) <= MAX_NETWORKS:
        raise damaged(folder, f"weights is not a list of 1 to {MAX_NETWORKS} digests")
    if not all(isinstance(one, str) for one in digests):
        raise damaged(folder, "weights has an entry that is no digest")
    return digests


def _longest(folder: Path, longest: object) -> int:
    if type(longest) is not int or not 1 <= longest <= MAX_LONGEST:
        raise damaged(folder, f"longest is {longest!r}; allowed are 1 to {MAX_LONGEST}")
    return longest


def _check_positions(folder: Path, ancestor: str | None, longest: int, letters: int) -> None:
    """Refuses weights and letters that do not have one place for each that a mutation can have."""
    if ancestor is not None and {longest, letters} != {len(ancestor) + 1}:
        raise damaged(
            folder,
            f"longest is {longest} and letters has {letters} positions; of an ancestor of {len(ancestor)} letters both "
            f"must be {len(ancestor) + 1}",
        )


def _letters(folder: Path, rows: object, longest: int, vocabulary_size: int) -> NDArray[np.uint8]:
    width = 1 + SUBSTITUTIONS
    if not isinstance(rows, list) or len(rows) > longest:
        raise damaged(folder, f"letters is not a list of at most {longest} positions")
    for row in rows:
        if not isinstance(row, list) or len(row) != width:
            raise damaged(folder, f"letters has {row!r}; each position must have {width} tokens")
        if not all(type(token) is int and 0 <= token < vocabulary_size for token in row):
            raise damaged(folder, f"letters has {row!r}; tokens are 0 to {vocabulary_size - 1}")
    return np.array(rows, dtype=np.uint8).reshape(-1, width)
