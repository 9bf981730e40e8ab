"""What lies in a model's folder is untrusted: what is none is refused, and each value is checked before it is used."""

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model.configuration import original_configuration
from model.encoder import Encoder
from model.encoding import vocabulary
from model.errors import SavedModelError
from model.network import build_network
from model.saving.loading import load_model
from model.saving.writing import save_model

CONFIG = replace(original_configuration("dna"), encoding="codon", embedding_size=3, hidden_size=4)
ORIGIN = {"seen": None, "columns": {}, "answers": None}
#: A bit for each of 4^9 words, none set.
WORDS = base64.b64encode(bytes(4**9 // 8)).decode()
SEEN = {"letters": "ACGT", "shortest": 1, "longest": 9, "mutations": None, "strangest": 0.5, "words": WORDS}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    network = build_network(CONFIG, len(vocabulary("codon")), np.arange(9), 0)
    letters = np.array([[2, 3, 0, 0]], dtype=np.uint8)
    save_model(tmp_path, [network], CONFIG, alphabet="dna", encoder=Encoder(11), letters=letters, card={})
    return tmp_path


def with_origin(folder: Path, origin: object) -> Path:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "origin": origin}))
    return folder


def test_a_sound_origin_is_read(folder: Path) -> None:
    seen = load_model(with_origin(folder, {**ORIGIN, "seen": SEEN})).origin.seen
    assert seen is not None
    assert (seen.letters, seen.shortest, seen.longest, seen.strangest, seen.words.any()) == ("ACGT", 1, 9, 0.5, False)


@pytest.mark.parametrize(
    ("origin", "message"),
    [
        (None, "origin is not seen, columns and answers"),
        ({**ORIGIN, "columns": {"label": "x"}}, "origin.columns"),
        ({**ORIGIN, "columns": {"id": ["x"]}}, "origin.columns"),
        ({**ORIGIN, "columns": {"id": "x" * 201}}, "origin.columns"),
        ({**ORIGIN, "answers": {"resistant": "R", "susceptible": 1}}, "origin.answers"),
        ({**ORIGIN, "answers": ["R", "S"]}, "origin.answers"),
        ({**ORIGIN, "seen": {}}, "origin.seen does not have"),
        ({**ORIGIN, "seen": {**SEEN, "letters": "ACGT!"}}, "origin.seen.letters"),
        ({**ORIGIN, "seen": {**SEEN, "shortest": 10}}, "lengths"),
        ({**ORIGIN, "seen": {**SEEN, "longest": True}}, "lengths"),
        ({**ORIGIN, "seen": {**SEEN, "strangest": 2.0}}, "origin.seen.strangest"),
        ({**ORIGIN, "seen": {**SEEN, "mutations": 2}}, "origin.seen.mutations"),
        ({**ORIGIN, "seen": {**SEEN, "mutations": "none"}}, "origin.seen.mutations"),
        ({**ORIGIN, "seen": {**SEEN, "words": "AAAA"}}, "a bit for each word"),
        ({**ORIGIN, "seen": {**SEEN, "words": "\u00e4"}}, "not base64"),
    ],
)
def test_an_origin_that_is_damaged_is_refused(folder: Path, origin: Any, message: str) -> None:
    with pytest.raises(SavedModelError, match=message):
        load_model(with_origin(folder, origin))


def test_a_folder_that_is_none_says_what_to_name(tmp_path: Path) -> None:
    with pytest.raises(SavedModelError, match="hpo finalize"):
        load_model(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(SavedModelError, match="not a model folder"):
        load_model(tmp_path / "file")
