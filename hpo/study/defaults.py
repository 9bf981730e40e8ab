"""What `hpo run` takes where the user says nothing: names after the file of the genes, and a budget."""

import re
from dataclasses import dataclass
from pathlib import Path

#: The budget, at most.
TRIALS = 40
#: Of what packs a file of another kind.
_PACKED = {".gz", ".bz2", ".xz", ".zst", ".zip", ".tar", ".tgz"}
_LONGEST = 80


@dataclass(frozen=True)
class Names:
    """Of a job."""

    study: str
    #: Folder of the report.
    output: Path
    #: What was chosen for the user, each with the option that says otherwise.
    chosen: tuple[str, ...] = ()


def name_job(data: Path, study: str | None, output: str | Path | None) -> Names:
    """Names study and report after the file of the genes, where the user names none.

    The report lies beside the file, under the study's name: two studies of one file do not share a folder.

    Args:
        data: The file, which need not be there.
        study: As the user names it.
        output: Likewise.
    """
    chosen: list[str] = []
    if study is None:
        study = study_named_after(data)
        chosen.append(f"study {study!r} (--study)")
    if output is None:
        output = data.parent / f"{_plain(study)}-report"
        chosen.append(f"report in {output} (--output)")
    return Names(study, Path(output), tuple(chosen))


def study_named_after(data: Path) -> str:
    """Returns a file's name without what tells its kind, such that a command line and a folder can have it.

    Args:
        data: Such as `My genes (2).csv.gz`, of which becomes `My-genes-2`.
    """
    path = Path(data.name)
    while path.suffix.lower() in _PACKED:
        path = path.with_suffix("")
    return _plain(path.stem)


def _plain(text: str) -> str:
    """Keeps letters of any script, digits, dots and underscores; a name begins with none that options or files hide."""
    return re.sub(r"[^\w.]+", "-", text)[:_LONGEST].strip("-.") or "genes"
