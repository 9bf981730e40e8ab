"""Inputs that coverage guides: atheris, where it is installed (`pip install atheris`), on one reader for some seconds.

Starts from the same seeds as the other inputs; whatever is no error of the project's ends it, and atheris writes the
input to a file and tells its name.
"""

import json
import logging
import sys
import tempfile
import warnings
from pathlib import Path


def main(name: str, seconds: int) -> None:
    """Reads inputs until the time is over.

    Args:
        name: The reader's.
        seconds: How long.
    """
    import atheris  # type: ignore[import-not-found]  # no dependency: it is there or it is not

    with atheris.instrument_imports(include=["hpo", "model", "storage"]):
        from fuzzing.child import memory_folder
        from fuzzing.readers import readers
        from hpo.errors import HpoError
        from model.errors import ModelError
        from storage.errors import StorageError
    reader = readers()[name]
    warnings.simplefilter("ignore")
    logging.disable()
    with tempfile.TemporaryDirectory(dir=memory_folder()) as place:
        folder, corpus = Path(place) / "read", Path(place) / "corpus"
        folder.mkdir()
        corpus.mkdir()
        for number, seed in enumerate([*reader.seeds, *(json.dumps(one).encode() for one in reader.documents)]):
            (corpus / str(number)).write_bytes(seed)

        def read(data: bytes) -> None:
            try:
                reader.read(data, folder)
            except (HpoError, ModelError, StorageError) as error:
                str(error)

        limits = [f"-max_total_time={seconds}", "-timeout=20", "-rss_limit_mb=4096", "-print_final_stats=1"]
        atheris.Setup([sys.argv[0], str(corpus), *limits, f"-artifact_prefix={Path.cwd()}/"], read)
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
