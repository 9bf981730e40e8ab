"""Configurations of the user's own: every value is one of the space, and what is none is named."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hpo.errors import ContractError, UsageError
from hpo.search.configurations import read_configurations
from hpo.search.space import Space, read_space
from hpo.study.first_trials import ORIGIN, FirstTrial, check_enqueued, enqueued

SPACE = """
encoding = ["codon", "amino_acid"]
embedding_size = [8, 16]
hidden_size = { low = 8, high = 64, log = true }
layers = 1
batch_size = { low = 16, high = 64, step = 16 }
dropout = { low = 0.0, high = 0.5 }
learning_rate = { low = 1e-3, high = 1e-2, log = true }
linear = "none"
"""


@pytest.fixture
def space(tmp_path: Path) -> Space:
    (tmp_path / "space.toml").write_text(SPACE)
    return read_space(tmp_path / "space.toml", "dna")


def read(folder: Path, space: Space, text: str, name: str = "own.json") -> list[dict[str, object]]:
    (folder / name).write_text(text)
    return [dict(one.params) for one in read_configurations(folder / name, space)]


def test_json_and_csv_say_the_same(tmp_path: Path, space: Space) -> None:
    records = [{"encoding": "codon", "hidden_size": 16, "dropout": 0.25}, {"embedding_size": 8, "learning_rate": 0.002}]
    table = "encoding,hidden_size,dropout,embedding_size,learning_rate\ncodon,16,.25,,\n\n,,,8,2e-3\n"
    assert read(tmp_path, space, json.dumps(records)) == records
    assert read(tmp_path, space, table, "own.csv") == records
    assert read(tmp_path, space, "\ufeff" + table.replace("\n", "\r\n"), "own.txt") == records


def test_values_are_of_the_kind_that_the_space_has(tmp_path: Path, space: Space) -> None:
    (told,) = read(tmp_path, space, '[{"hidden_size": 16.0, "embedding_size": 8.0, "dropout": 0, "layers": 1}]')
    assert told == {"hidden_size": 16, "embedding_size": 8, "dropout": 0.0}
    assert [type(value) for value in told.values()] == [int, int, float]


@pytest.mark.parametrize(
    ("text", "message", "step"),
    [
        ('[{"layers": 1}]', "own.json, record 1, names no hyperparameter that is searched.", "Searched are batch_size"),
        ('[{"dropout": 0.1}, {"hiden_size": 8}]', "record 2, names 'hiden_size', which is no", "hidden_size"),
        ('[{"hidden_size": 7}]', "record 1, has hidden_size = '7'.", "whole numbers from 8 to 64."),
        ('[{"hidden_size": 8.5}]', "record 1, has hidden_size = '8.5'.", "whole numbers from 8 to 64."),
        ('[{"hidden_size": "many"}]', "has hidden_size = 'many'.", "whole numbers from 8 to 64."),
        ('[{"batch_size": 17}]', "has batch_size = '17'.", "from 16 to 64 in steps of 16."),
        ('[{"dropout": NaN}]', "has dropout = 'nan'.", "from 0 to 0.5."),
        ('[{"dropout": true}]', "has dropout = 'True'.", "from 0 to 0.5."),
        ('[{"dropout": [0.1]}]', "has dropout = '[0.1]'.", "from 0 to 0.5."),
        ('[{"dropout": null}]', "has dropout = 'None'.", "from 0 to 0.5."),
        ('[{"encoding": "mutation"}]', "has encoding = 'mutation'.", "codon or amino_acid."),
        ('[{"layers": 2}]', "has layers = '2'.", "allows 1."),
        ('[{"dropout": 0.1}, {"dropout": 0.1}]', "record 2, is the same configuration as record 1.", "Leave one"),
        ('{"dropout": 0.1}', "own.json holds no list of configurations.", "Write a list of objects"),
        ('["dropout"]', "record 1, is no object.", "Write it as"),
        ("[]", "own.json holds no configuration.", "Leave --enqueue out"),
        ("[{", "own.json is not valid JSON", "Write a list of objects."),
        ("[" * 100_000, "own.json is not valid JSON", "Write a list of objects."),
        ('[{"dropout": ' + "9" * 5000 + "}]", "own.json is not valid JSON", "Write a list of objects."),
    ],
)
def test_what_is_not_of_the_space_is_named(tmp_path: Path, space: Space, text: str, message: str, step: str) -> None:
    with pytest.raises(UsageError) as refused:
        read(tmp_path, space, text)
    assert message in refused.value.message
    assert step in refused.value.next_step


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("dropout,dropout\n.1,.2\n", "two columns are called 'dropout'"),
        ("dropout\n.1,.2\n", "row 2, has 2 cells, the header 1."),
        ("dropout,colour\n.1,red\n", "row 2, names 'colour', which is no hyperparameter."),
        ("dropout\n.1\n.7\n", "row 3, has dropout = '.7'."),
        ("dropout\n", "own.csv holds no configuration."),
        ("", "own.csv holds no configuration."),
        ('dropout\n"a\n', "own.csv is not valid CSV"),
    ],
)
def test_rows_of_a_table_are_counted_as_a_spreadsheet_does(
    tmp_path: Path, space: Space, text: str, message: str
) -> None:
    with pytest.raises(UsageError) as refused:
        read(tmp_path, space, text, "own.csv")
    assert message in refused.value.message


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, space: Space) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read_configurations(tmp_path / "none.json", space)
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="no text in UTF-8"):
        read_configurations(tmp_path / "bytes.csv", space)
    rows = "dropout\n" + "".join(f"{number / 4000}\n" for number in range(1001))
    with pytest.raises(UsageError, match="more than 1,000 configurations"):
        read(tmp_path, space, rows, "many.csv")


@given(text=st.text(max_size=60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_any_text_is_read_or_refused(tmp_path: Path, space: Space, text: str) -> None:
    for name in ("own.json", "own.csv"):
        (tmp_path / name).write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            read_configurations(tmp_path / name, space)
        except UsageError as error:
            assert error.next_step


def test_they_are_the_first_trials_and_known_as_such(make_study, tmp_path: Path) -> None:
    (tmp_path / "own.json").write_text('[{"dropout": 0.1}, {"hidden_size": 8}]')
    study = make_study(space=SPACE, trials=4, sampler="tpe", enqueue=tmp_path / "own.json")()
    trials = study.storage.get_all_trials(study.handle.study_id)
    assert [trial.system_attrs["fixed_params"] for trial in trials[1:3]] == [{"dropout": 0.1}, {"hidden_size": 8}]
    assert [trial.user_attrs.get(ORIGIN) for trial in trials] == [
        None,
        {"enqueued": "own.json", "where": "record 1"},
        {"enqueued": "own.json", "where": "record 2"},
        None,
    ]
    check_enqueued(study, enqueued(tmp_path / "own.json", study.contract.search.space))
    check_enqueued(study, [])
    with pytest.raises(ContractError, match="was made with 2 configurations of --enqueue, and not with these 1"):
        check_enqueued(study, [FirstTrial({"dropout": 0.1})])


def test_a_budget_holds_them_all(make_study, tmp_path: Path) -> None:
    (tmp_path / "own.json").write_text('[{"dropout": 0.1}, {"dropout": 0.2}, {"dropout": 0.3}]')
    with pytest.raises(UsageError, match="--enqueue has 3 configurations, and --trials is 3, of which"):
        make_study(space=SPACE, trials=3, enqueue=tmp_path / "own.json")
