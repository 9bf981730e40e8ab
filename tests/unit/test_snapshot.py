import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from model import snapshot
from model.errors import DataError
from model.genes import Genes
from model.snapshot import from_bytes, to_bytes


def test_round_trip_with_folds() -> None:
    genes = Genes(["a", "b", "b"], ["ACGN", "AC", "T"], np.array([True, False, True]), "dna", 1)
    again, folds = from_bytes(to_bytes(genes, np.array([0, 4, 2])))
    assert again.fingerprint() == genes.fingerprint()
    assert again.ambiguous_letters == 1
    assert folds is not None
    assert folds.dtype == np.int64
    assert folds.tolist() == [0, 4, 2]


def test_round_trip_without_labels_and_folds() -> None:
    again, folds = from_bytes(to_bytes(Genes(["a"], ["MK"], None, "protein")))
    assert again.labels is None
    assert folds is None
    assert again.alphabet == "protein"


def test_the_same_genes_give_the_same_bytes() -> None:
    genes = Genes(["a", "b"], ["ACG", "AC"], np.array([True, False]), "dna")
    assert to_bytes(genes, np.array([0, 1])) == to_bytes(genes.subset(np.array([0, 1])), np.array([0, 1]))


@pytest.mark.parametrize("damage", [b"", b"PAR1 and no more", to_bytes(Genes(["a"], ["AC"], None, "dna"))[:-20]])
def test_damaged_bytes_are_refused(damage: bytes) -> None:
    with pytest.raises(DataError, match="not readable"):
        from_bytes(damage)


def test_genes_that_unpack_to_more_than_any_are_refused_and_never_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    many = Genes([str(row) for row in range(3_000)], ["ACGT" * 500] * 3_000, None, "dna")
    data = to_bytes(many)
    assert from_bytes(data)[0].fingerprint() == many.fingerprint()
    monkeypatch.setattr(snapshot, "_MOST", 1_000_000)
    for way in (lambda: from_bytes(data), lambda: to_bytes(many)):
        with pytest.raises(DataError, match=r"unpack to 6,\d+,\d+ bytes; \d,\d+,\d+ are allowed"):
            way()


def stored(alphabet: str = "dna", **columns: pa.Array) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns).replace_schema_metadata({"hpo:alphabet": alphabet}), sink)
    return bytes(sink.getvalue().to_pybytes())


@pytest.mark.parametrize(
    "columns",
    [
        {"id": pa.array([1, 2])},
        {"sequence": pa.array(["AC", None])},
        {"fold": pa.array(["0", "1"])},
        {"fold": pa.array([0, None], pa.int16())},
        {"resistant": pa.array([1.0, 0.0])},
        {"extra": pa.array(["x", "y"])},
        {"sequence": pa.array([b"\xff", b"A"]).cast(pa.string(), safe=False)},
    ],
)
def test_columns_of_other_types_or_with_gaps_are_refused(columns: dict[str, pa.Array]) -> None:
    whole = {"id": pa.array(["a", "b"]), "sequence": pa.array(["AC", "GT"])}
    from_bytes(stored(**whole))
    with pytest.raises(DataError, match="not readable"):
        from_bytes(stored(**{**whole, **columns}))


def test_another_alphabet_is_refused() -> None:
    with pytest.raises(DataError, match="the alphabet is 'dn'"):
        from_bytes(stored("dn", id=pa.array(["a"]), sequence=pa.array(["AC"])))
