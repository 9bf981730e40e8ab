"""One genome among genes: memory follows the sum of lengths, and what has no room is named before it is tried."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hpo.search.space import read_space
from hpo.study.long_rows import tell_long_row
from model.batching import Examples, evaluation_batches
from model.encoder import Encoder
from model.errors import OutOfMemoryError
from model.genes import Genes
from model.ragged import Ragged
from model.room import NATIVE_BYTES, machine_memory
from model.training import train_fold
from small_training import CONFIG, SETTINGS, VOCABULARY, examples

# 200 genes of 300 letters and a genome of 2,000,000: padded to one length they were 400 MB of tokens, and twice that
# where some rows were picked. Prints by how many bytes the most memory that was resident grew. (What `getrusage` tells
# begins with the memory of who started the process.)
CHILD = """
import random, re, sys
import numpy as np
from hpo.evaluation.linear import kmer_counts, one_hot
from hpo.trial.development_rows import examples
from model.batching import consensus, merge
from model.encoding import encode
from model.genes import Genes
from model.inspection import inspect
from model.mutagenesis import common_letters
from model.prediction import load_distinct
import torch

def most():
    return 1024 * int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])

random = random.Random(1)
texts = ["".join(random.choices("ACGT", k=300)) for _ in range(200)] + ["".join(random.choices("ACGT", k=2_000_000))]
genes = Genes([str(n) for n in range(201)], texts, np.arange(201) % 2 == 0, "dna")
inspect(genes.subset(np.arange(200)))
before = most()
inspect(genes)
encoded = encode(genes, "nucleotide")
rows = examples(encoded, genes, np.arange(201))
merge(rows), consensus(rows.tokens), common_letters(encoded)
load_distinct(rows.subset(np.arange(200)), torch.device("cpu"))
one_hot(encoded.tokens), kmer_counts(encoded.tokens)
print(most() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the most memory is told by Linux")
def test_memory_follows_the_sum_of_lengths() -> None:
    told = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, check=True)
    assert int(told.stdout) < 300 * 2**20


def long_among(rows: int, longest: int) -> Examples:
    lengths = np.array([9] * (rows - 1) + [longest])
    flat = np.full(lengths.sum(), 3, dtype=np.uint8)
    flat[: 9 * (rows - 1)] = np.random.default_rng(0).integers(2, 6, 9 * (rows - 1))
    return Examples(Ragged.of(flat, lengths), np.arange(rows) % 2 == 0)


@pytest.mark.parametrize("engine", ["stock", "auto"])
def test_a_step_without_room_is_refused_before_it_is_taken(engine: str) -> None:
    config = replace(CONFIG, hidden_size=512, layers=2, batch_size=64)
    longest = machine_memory() // (64 * NATIVE_BYTES * 512 * 2) + 1
    settings = replace(SETTINGS, engine=engine, merge_duplicates=False)  # type: ignore[arg-type]
    told = (
        rf"The longest sequence has {longest:,} tokens, half of all have 9 .* 64 rows .* this machine has .*--longest"
    )
    with pytest.raises(OutOfMemoryError, match=told):
        train_fold(config, settings, long_among(64, longest), examples(9), VOCABULARY, seed=1)


def test_a_long_row_with_room_is_trained() -> None:
    result = train_fold(CONFIG, replace(SETTINGS, max_epochs=1), long_among(64, 5000), examples(9), VOCABULARY, seed=1)
    assert np.isfinite(result.probabilities).all()


def test_a_study_names_the_sequence_that_trials_have_no_room_for(capsys: pytest.CaptureFixture[str]) -> None:
    space = read_space(None, "dna", codes=False)
    longest = machine_memory() // (40 * NATIVE_BYTES * space.start.hidden_size * space.start.layers) + 1
    short = ["".join("ACGT"[row // 4**place % 4] for place in range(9)) for row in range(39)]
    genes = Genes([*map(str, range(39)), "genome"], [*short, "A" * longest], np.arange(40) % 2 == 0, "dna")
    tell_long_row(genes, Encoder(), space)
    told = capsys.readouterr().err
    assert f"'genome' has {longest:,} tokens as nucleotide" in told
    assert "this machine has" in told
    tell_long_row(genes.subset(np.arange(39)), Encoder(), space)
    assert not capsys.readouterr().err


def test_a_long_row_is_evaluated_without_others_padded_to_it() -> None:
    lengths = np.array([300] * 600 + [4_400_000])
    assert [batch.stop - batch.start for batch in evaluation_batches(lengths, 512).batches] == [512, 88, 1]


@pytest.mark.parametrize("name", ["memory.max", "memory/memory.limit_in_bytes"])
def test_a_container_may_take_less_than_the_machine_has(name: str, tmp_path: Path) -> None:
    whole = machine_memory(tmp_path)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("1048576\n")
    assert machine_memory(tmp_path) == 2**20
    (tmp_path / name).write_text("max\n")
    assert machine_memory(tmp_path) == whole
