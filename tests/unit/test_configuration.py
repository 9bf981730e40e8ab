"""Hyperparameters and settings: what is allowed, and the way to JSON and back."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.configuration import LearnerConfig, TrainingSettings, original_configuration
from model.errors import DataError

configurations = st.builds(
    LearnerConfig,
    encoding=st.sampled_from(["nucleotide", "codon", "amino_acid"]),
    embedding_size=st.integers(1, 512),
    hidden_size=st.integers(1, 512),
    layers=st.integers(1, 3),
    dropout=st.floats(0, 0.9),
    pooling=st.sampled_from(["last", "mean", "max"]),
    learning_rate=st.floats(1e-6, 1),
    batch_size=st.integers(1, 4096),
    weight_decay=st.floats(0, 1),
    schedule=st.sampled_from(["constant", "cosine"]),
    positions=st.sampled_from(["none", "learned"]),
)


@given(config=configurations)
def test_a_configuration_survives_json(config: LearnerConfig) -> None:
    assert LearnerConfig.from_dict(json.loads(json.dumps(config.as_dict()))) == config


def test_settings_survive_json() -> None:
    settings = TrainingSettings(max_epochs=7, patience=2, merge_duplicates=False, precision="tf32")
    assert TrainingSettings.from_dict(json.loads(json.dumps(settings.as_dict()))) == settings


def test_the_original_is_the_original() -> None:
    dna, protein = original_configuration("dna"), original_configuration("protein")
    assert (dna.encoding, protein.encoding) == ("nucleotide", "amino_acid")
    assert (dna.embedding_size, dna.hidden_size, dna.layers, dna.dropout) == (50, 62, 2, 0.18)
    assert (dna.pooling, dna.learning_rate, dna.batch_size, dna.weight_decay) == ("last", 1e-3, 400, 0.0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("encoding", "letters"),
        ("encoding", ["nucleotide"]),
        ("pooling", None),
        ("embedding_size", 0),
        ("hidden_size", 10**9),
        ("layers", 2.0),
        ("layers", True),
        ("dropout", 1.0),
        ("dropout", float("nan")),
        ("dropout", 10**400),
        ("learning_rate", "0.1"),
        ("batch_size", -1),
        ("weight_decay", float("inf")),
        ("schedule", "linear"),
        ("positions", True),
    ],
)
def test_a_value_that_is_not_allowed_is_named(name: str, value: Any) -> None:
    with pytest.raises(DataError, match=name):
        LearnerConfig.from_dict({**original_configuration("dna").as_dict(), name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_epochs", 0),
        ("patience", 0.5),
        ("genetic_code", 99),
        ("class_weights", "heavy"),
        ("merge_duplicates", 1),
        ("engine", "keras"),
        ("precision", "fp8"),
        ("threads", 0),
    ],
)
def test_a_setting_that_is_not_allowed_is_named(name: str, value: Any) -> None:
    with pytest.raises(DataError, match=name):
        TrainingSettings.from_dict({**TrainingSettings().as_dict(), name: value})


def test_names_must_be_exactly_those_known() -> None:
    values = original_configuration("dna").as_dict()
    with pytest.raises(DataError, match="neurons"):
        LearnerConfig.from_dict({**values, "neurons": 4})
    del values["layers"]
    with pytest.raises(DataError, match="layers"):
        LearnerConfig.from_dict(values)
