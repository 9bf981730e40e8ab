"""`hpo run` never replaces the report of another study unasked, and says so before the search begins."""

import json


def run(study: str, *more: str) -> tuple[str, ...]:
    job = ("run", "genes.csv", "--study", study, "--trials", "1", "--workers", "1", "--space", "space.toml")
    return (*job, "--max-epochs", "2", "--original", "skip", "--output", "report", *more)


def test_a_report_of_another_study_stays(answered_study, tmp_path) -> None:
    hpo = answered_study(tmp_path)
    before = (hpo.folder / "report/result.json").read_bytes()
    refused = hpo.run(*run("second"))
    assert refused.returncode == 1
    assert "The output folder report holds the report of study 's'." in refused.stderr
    assert "--overwrite" in refused.stderr
    assert "Searching" not in refused.stderr
    assert (hpo.folder / "report/result.json").read_bytes() == before
    # Of the same name in another storage is another study too.
    refused = hpo.run(*run("s", "--storage", "sqlite:///other.db", "--artifacts", "elsewhere"))
    assert refused.returncode == 1
    assert "report holds the report of " in refused.stderr
    done = hpo.run(*run("second", "--overwrite"))
    assert done.returncode == 0, done.stderr
    assert json.loads((hpo.folder / "report/result.json").read_text())["study"] == "second"
