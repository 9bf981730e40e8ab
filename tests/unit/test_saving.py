"""A model folder comes back as it went, and a damaged or hostile one is refused before anything is built."""

import hashlib
import itertools
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from model.batching import Examples
from model.cleaning import Rules
from model.configuration import original_configuration
from model.encoder import Encoder
from model.encoding import vocabulary
from model.errors import SavedModelError
from model.network import BiLSTM, build_network
from model.prediction import predict
from model.ragged import Ragged
from model.saving import writing
from model.saving.loading import load_model
from model.saving.names import weights_name
from model.saving.writing import save_model

CONFIG = replace(original_configuration("dna"), encoding="codon", embedding_size=3, hidden_size=4, positions="learned")
VOCABULARY = len(vocabulary("codon"))
LETTERS = np.array([[2, 3, 0, 0], [65, 0, 0, 0]], dtype=np.uint8)


def networks(count: int = 2, first_seed: int = 0) -> list[BiLSTM]:
    return [build_network(CONFIG, VOCABULARY, np.arange(9), first_seed + number) for number in range(count)]


def saved(folder: Path, ensemble: list[BiLSTM] | None = None) -> Path:
    card = {"cv": 0.9, "name": "pncA"}
    save_model(folder, ensemble or networks(), CONFIG, alphabet="dna", encoder=Encoder(11), letters=LETTERS, card=card)
    return folder


def test_a_model_comes_back_as_it_went(tmp_path: Path) -> None:
    model = load_model(saved(tmp_path / "a folder's model"))
    assert (model.config, model.alphabet, model.encoder) == (CONFIG, "dna", Encoder(11))
    assert model.letters.tolist() == LETTERS.tolist()
    assert model.card == {"cv": 0.9, "name": "pncA"}
    tokens = np.random.default_rng(0).integers(1, VOCABULARY, (6, 12), dtype=np.uint8)
    rows = Examples(Ragged.of_padded(tokens, np.full(6, 12)), np.zeros(6, bool))
    np.testing.assert_array_equal(predict(model.networks, rows), predict(networks(), rows))
    assert not any(network.training for network in model.networks)


def change(**values: Any) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        path = folder / "config.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **values}))

    return apply


def without(name: str) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        path = folder / "config.json"
        description = json.loads(path.read_text())
        del description[name]
        path.write_text(json.dumps(description))

    return apply


def test_the_rules_of_the_training_genes_come_back(tmp_path: Path) -> None:
    rules = Rules(gaps="remove", inner_stops="cut")
    save_model(tmp_path, networks(1), CONFIG, "dna", Encoder(11), LETTERS, {}, rules)
    assert load_model(tmp_path).rules == rules


def test_a_folder_of_format_5_refuses_what_could_be_cleaned(tmp_path: Path) -> None:
    without("cleaning")(saved(tmp_path))
    without("learners")(tmp_path)
    change(format=5, learner=LEARNER)(tmp_path)
    model = load_model(tmp_path)
    assert (model.rules, model.configs) == (Rules(), (CONFIG, CONFIG))


def write(name: str, content: bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes(content) and None


def flip_a_bit(folder: Path) -> None:
    path = folder / weights_name(1)
    data = bytearray(path.read_bytes())
    data[-7] ^= 1  # in the last weights, which stay finite
    path.write_bytes(data)


def cut(folder: Path) -> None:
    path = folder / weights_name(1)
    path.write_bytes(path.read_bytes()[:-5])


def exchange(folder: Path) -> None:
    first, second = (folder / weights_name(number) for number in range(2))
    data = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(data)


def rewrite(edit: Callable[[dict[str, torch.Tensor]], None]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        weights = load_file(folder / weights_name(0))
        edit(weights)
        save_file(weights, folder / weights_name(0))

    return apply


def hostile(damage: Callable[[Path], None]) -> Callable[[Path], None]:
    """A damage to weights whose digests are set to match."""

    def apply(folder: Path) -> None:
        damage(folder)
        found = [(folder / weights_name(number)).read_bytes() for number in range(2)]
        change(weights=[hashlib.sha256(data).hexdigest() for data in found])(folder)

    return apply


LEARNER = CONFIG.as_dict()
DIGEST = hashlib.sha256(b"").hexdigest()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (write("config.json", b"\x80\x04 not json"), "not JSON"),
        (write("config.json", b"[" * 100_000), "not JSON"),
        (write("config.json", b"[]"), "description"),
        (write("config.json", b" " * 10_000_001), "bytes"),
        (change(format=2), "format 2.*Use the version of hpo that wrote it"),
        (change(letters=None), "letters"),
        (change(letters=[[2, 3, 0, 0]] * 10), "letters"),
        (change(letters=[[2, 3]]), "4 tokens"),
        (change(letters=[[2, 3, 0, 66]]), "0 to 65"),
        (change(letters=[[2, 3, 0, True]]), "0 to 65"),
        (without("card"), "card"),
        (change(extra=1), "extra"),
        (change(alphabet="rna"), "rna"),
        (change(cleaning=None), "cleaning is None"),
        (change(cleaning={"gaps": "remove"}), "cleaning is .*gaps"),
        (change(cleaning={**Rules().as_dict(), "gaps": "eat"}), "cleaning: The choice 'eat' is unknown"),
        (change(cleaning={**Rules().as_dict(), "gaps": []}), "policies are words"),
        (change(alphabet="protein"), "protein sequences have no codon"),
        (change(alphabet=["dna"]), "alphabet"),
        (change(genetic_code=True), "genetic code"),
        (change(vocabulary=["A"]), "vocabulary"),
        (change(card=[]), "card"),
        (change(weights=[]), "weights is not"),
        (change(weights=2), "weights is not"),
        (change(weights=[DIGEST] * 101), "weights is not"),
        (change(weights=[DIGEST, 7]), "no digest"),
        (change(weights=[DIGEST], learners=[LEARNER]), "weights-0.safetensors is not the file"),
        (change(weights=[DIGEST]), "learners is not a list of 1"),
        (change(longest=10**12), "longest"),
        (change(longest=8), "does not hold"),
        (change(learners=None), "learners is not"),
        (change(learners=[None, LEARNER]), "learner"),
        (change(learners=[LEARNER, {**LEARNER, "encoding": "amino_acid"}]), "different encodings"),
        (change(learners=[LEARNER, {**LEARNER, "hidden_size": 8192}]), "does not hold"),
        (change(learners=[LEARNER, {**LEARNER, "hidden_size": 10**12}]), "hidden_size"),
        (change(learners=[{**LEARNER, "code": "import os"}] * 2), "code"),
        (lambda folder: (folder / weights_name(1)).unlink(), "cannot be read"),
        (flip_a_bit, "weights-1.safetensors is not the file"),
        (cut, "weights-1.safetensors is not the file"),
        (exchange, "weights-0.safetensors is not the file"),
        (hostile(cut), "not a safetensors file"),
        (hostile(write(weights_name(0), b"\x80\x04\x95 a pickle")), "not a safetensors file"),
        (hostile(write(weights_name(0), bytes(2_000_000))), "more than 1,003,880 bytes"),
        (hostile(rewrite(lambda weights: weights.pop("output.bias") and None)), "does not hold"),
        (hostile(rewrite(lambda weights: weights.update(surplus=torch.zeros(1)))), "does not hold"),
        (hostile(rewrite(lambda weights: weights.update({"output.bias": torch.zeros(1).double()}))), "does not hold"),
        (hostile(rewrite(lambda weights: weights.update({"output.bias": torch.tensor([torch.nan])}))), "not a number"),
    ],
)
def test_a_damaged_folder_is_refused(tmp_path: Path, damage: Callable[[Path], None], message: str) -> None:
    folder = saved(tmp_path / "model")
    damage(folder)
    with pytest.raises(SavedModelError, match=message):
        load_model(folder)


def test_a_smaller_ensemble_leaves_nothing_of_a_larger_one(tmp_path: Path) -> None:
    saved(tmp_path, networks(3))
    saved(tmp_path, networks(1))
    assert {path.name for path in tmp_path.iterdir()} == {"config.json", weights_name(0)}
    assert len(load_model(tmp_path).networks) == 1


class Killed(BaseException):
    """The process ends here."""


@contextmanager
def killed_at(moment: int) -> Iterator[None]:
    """Ends what writes the folder before the line that it comes to after `moment` others."""
    left = moment

    def trace(frame: FrameType, event: str, argument: object) -> Callable[..., Any] | None:
        nonlocal left
        if frame.f_code.co_filename != writing.__file__:
            return None
        left -= event == "line"
        if left < 0:
            raise Killed
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


def test_whenever_overwriting_is_cut_short_the_folder_is_refused_or_whole(tmp_path: Path) -> None:
    old, new = networks(2), networks(2, first_seed=7)
    whole = {str([one.state_dict() for one in ensemble]): name for ensemble, name in ((old, "old"), (new, "new"))}
    found = []
    for moment in itertools.count():
        saved(tmp_path, old)
        try:
            with killed_at(moment):
                saved(tmp_path, new)
            break
        except Killed:
            pass
        try:
            found.append(whole[str([one.state_dict() for one in load_model(tmp_path).networks])])
        except SavedModelError:
            found.append("refused")
    assert [name for name, _ in itertools.groupby(found)] == ["old", "refused"]
