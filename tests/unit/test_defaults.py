"""What a job is called where the user does not say."""

from pathlib import Path

import pytest

from hpo.study.defaults import name_job, study_named_after
from storage.studies import check_name


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("genes.csv", "genes"),
        ("data/genes.csv.gz", "genes"),
        ("strain.v2.fasta", "strain.v2"),
        ("My genes (2).csv", "My-genes-2"),
        ("--output.csv", "output"),
        (".hidden", "hidden"),
        ("бета-лактамаза.csv", "бета-лактамаза"),
        ("a\nb\x1b[31m.csv", "a-b-31m"),
        ("().csv", "genes"),
        (".", "genes"),
        ("x" * 250 + ".csv", "x" * 80),
    ],
)
def test_a_study_is_named_after_its_file(file: str, name: str) -> None:
    assert study_named_after(Path(file)) == name
    check_name(name)


def test_the_report_lies_beside_the_file_under_the_study_s_name() -> None:
    names = name_job(Path("data/genes.csv"), None, None)
    assert (names.study, names.output) == ("genes", Path("data/genes-report"))
    assert names.chosen == ("study 'genes' (--study)", "report in data/genes-report (--output)")
    assert name_job(Path("data/genes.csv"), "other one", None).output == Path("data/other-one-report")


def test_what_the_user_names_is_kept() -> None:
    names = name_job(Path("genes.csv"), "s/1", "report")
    assert (names.study, names.output, names.chosen) == ("s/1", Path("report"), ())
