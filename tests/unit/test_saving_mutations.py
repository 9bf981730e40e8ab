"""A model that reads mutations keeps its ancestor; folders of format 3 had none, and are read."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from model.configuration import LearnerConfig, original_configuration
from model.encoder import Encoder
from model.encoding import Encoded, encode
from model.errors import SavedModelError
from model.genes import Genes
from model.mutagenesis import common_letters
from model.network import build_network
from model.prediction import predict
from model.saving.loading import load_model
from model.saving.writing import save_model

ANCESTOR = "MKTAY"
ENCODER = Encoder(11, {"mutation": ANCESTOR, "mutation_nucleotide": "ATGAAAACCGCGTAT"})
GENES = Genes(
    ["a", "b", "c", "d"],
    ["ATGAAAACCGCGTAT", "ATGAAATCCGCGTAT", "ATGAAATAA", "ATGCAAACCGTGTAT"],
    None,
    "dna",
)


def config(encoding: str, **changes: Any) -> LearnerConfig:
    small = replace(original_configuration("dna"), embedding_size=3, hidden_size=4, layers=1)
    return replace(small, encoding=encoding, **changes)  # type: ignore[arg-type]


def written(folder: Path, learner: LearnerConfig, rows: Encoded) -> np.ndarray:
    """Writes an untrained model whose linear path, if any, is not 0; returns what it predicts of the rows."""
    consensus = np.zeros(rows.positions or rows.tokens.width, dtype=np.int64)
    network = build_network(learner, rows.vocabulary_size, consensus, seed=0).eval()
    if network.linear is not None:
        nn.init.normal_(network.linear.weight, generator=torch.Generator().manual_seed(0))
    save_model(folder, [network], learner, "dna", ENCODER, common_letters(rows), {})
    return predict([network], rows)


def of_mutations(folder: Path, encoding: str = "mutation") -> np.ndarray:
    return written(folder, config(encoding, linear="by_position"), ENCODER.encode(GENES, encoding))  # type: ignore[arg-type]


def change(folder: Path, **values: Any) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


@pytest.mark.parametrize("encoding", ["mutation", "mutation_nucleotide"])
def test_a_model_of_mutations_comes_back_with_its_ancestor(tmp_path: Path, encoding: str) -> None:
    expected = of_mutations(tmp_path, encoding)
    model = load_model(tmp_path)
    assert model.encoder == Encoder(11, {encoding: ENCODER.ancestor(encoding)})  # type: ignore[arg-type, dict-item]
    assert model.config.linear == "by_position"
    rows = model.encoder.encode(GENES, model.config.encoding)
    np.testing.assert_array_equal(predict(model.networks, rows), expected)
    assert len(set(expected.tolist())) == 4


@pytest.mark.parametrize(
    ("ancestor", "complaint"),
    [
        (None, "the ancestor is not a text"),
        (["M", "K", "T", "A", "Y"], "the ancestor is not a text"),
        (5, "the ancestor is not a text"),
        ("", "the ancestor is not a text of 1 to 65000 letters"),
        ("M" * 65_001, "the ancestor is not a text of 1 to 65000 letters"),
        ("MKT-Y", "letters besides ACDEFGHIKLMNPQRSTVWY"),
        ("mktay", "letters besides"),
        ("MKTÅY", "letters besides"),
        ("MKTAYI", "longest is 6 and letters has 6 positions; of an ancestor of 6 letters both must be 7"),
        ("MKTA", "both must be 5"),
    ],
)
def test_an_ancestor_that_the_network_cannot_be_told_from_is_refused(
    tmp_path: Path, ancestor: object, complaint: str
) -> None:
    of_mutations(tmp_path)
    change(tmp_path, ancestor=ancestor)
    with pytest.raises(SavedModelError, match=complaint):
        load_model(tmp_path)


def test_nucleotides_have_an_ancestor_of_nucleotides(tmp_path: Path) -> None:
    of_mutations(tmp_path, "mutation_nucleotide")
    change(tmp_path, ancestor="ATGAAAACCGCGTAE")
    with pytest.raises(SavedModelError, match="letters besides ACGT"):
        load_model(tmp_path)


def test_every_position_of_a_mutation_has_its_letters(tmp_path: Path) -> None:
    of_mutations(tmp_path)
    description = json.loads((tmp_path / "config.json").read_text())
    change(tmp_path, letters=description["letters"][:-1])
    with pytest.raises(SavedModelError, match="letters has 5 positions"):
        load_model(tmp_path)


def test_whole_sequences_have_no_ancestor(tmp_path: Path) -> None:
    written(tmp_path, config("codon"), encode(GENES, "codon", 11))
    change(tmp_path, ancestor=ANCESTOR)
    with pytest.raises(SavedModelError, match="ancestor, which the codon encoding is not told from"):
        load_model(tmp_path)


@pytest.mark.parametrize("linear", ["by_position", "by_kmer"])
def test_a_linear_path_of_whole_sequences_comes_back(tmp_path: Path, linear: str) -> None:
    rows = encode(GENES, "amino_acid", 11)
    expected = written(tmp_path, config("amino_acid", linear=linear), rows)
    np.testing.assert_array_equal(predict(load_model(tmp_path).networks, rows), expected)


def earlier(description: dict[str, Any]) -> dict[str, Any]:
    """As before format 8: one learner for all networks."""
    return {**description, "learner": description.pop("learners")[0]}


def test_a_folder_of_format_3_is_read_as_what_it_was(tmp_path: Path) -> None:
    rows = encode(GENES, "codon", 11)
    expected = written(tmp_path, config("codon"), rows)
    path = tmp_path / "config.json"
    description = earlier(json.loads(path.read_text()))
    del description["ancestor"]
    del description["learner"]["linear"]
    path.write_text(json.dumps({**description, "format": 3}))
    model = load_model(tmp_path)
    assert (model.config, model.encoder) == (config("codon"), Encoder(11))
    np.testing.assert_array_equal(predict(model.networks, rows), expected)


def test_a_folder_of_format_4_is_read_unless_it_reads_mutations(tmp_path: Path) -> None:
    rows = encode(GENES, "codon", 11)
    expected = written(tmp_path, config("codon"), rows)
    path = tmp_path / "config.json"
    description = earlier(json.loads(path.read_text()))
    path.write_text(json.dumps({**description, "format": 4}))
    np.testing.assert_array_equal(predict(load_model(tmp_path).networks, rows), expected)
    description["learner"]["encoding"] = "mutation"
    path.write_text(json.dumps({**description, "format": 4}))
    with pytest.raises(SavedModelError, match="format 4, which told early ends"):
        load_model(tmp_path)


def test_a_folder_of_the_present_format_lacks_nothing(tmp_path: Path) -> None:
    written(tmp_path, config("codon"), encode(GENES, "codon", 11))
    description = json.loads((tmp_path / "config.json").read_text())
    del description["ancestor"]
    (tmp_path / "config.json").write_text(json.dumps(description))
    with pytest.raises(SavedModelError, match=r"it must have .*ancestor"):
        load_model(tmp_path)
