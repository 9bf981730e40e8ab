"""A folder of networks that have hyperparameters of their own comes back as it went."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from model.batching import Examples
from model.configuration import original_configuration
from model.encoder import Encoder
from model.encoding import vocabulary
from model.network import build_network
from model.prediction import predict
from model.ragged import Ragged
from model.saving.loading import load_model
from model.saving.writing import save_model

CONFIG = replace(original_configuration("dna"), encoding="codon", embedding_size=3, hidden_size=4, positions="learned")
VOCABULARY = len(vocabulary("codon"))
LETTERS = np.array([[2, 3, 0, 0], [65, 0, 0, 0]], dtype=np.uint8)


def test_networks_of_several_configurations_come_back(tmp_path: Path) -> None:
    configs = (CONFIG, replace(CONFIG, hidden_size=3, layers=2), CONFIG)
    members = [build_network(one, VOCABULARY, np.arange(9), seed) for seed, one in enumerate(configs)]
    tokens = np.random.default_rng(0).integers(1, VOCABULARY, (6, 12), dtype=np.uint8)
    rows = Examples(Ragged.of_padded(tokens, np.full(6, 12)), np.zeros(6, bool))
    save_model(tmp_path, members, configs, "dna", Encoder(11), LETTERS, {})
    model = load_model(tmp_path)
    assert model.configs == configs
    np.testing.assert_array_equal(predict(model.networks, rows), predict(members, rows))
