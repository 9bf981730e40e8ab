"""The answer from Python: finalize, predict, and the whole job in one call."""

from pathlib import Path
from typing import Any, Unpack

from hpo.api.options import (
    AnswerOptions,
    ReadingOptions,
    StudyOptions,
    as_commands_take_them,
    check_all_taken,
    group,
)
from hpo.api.studies import SQLITE, Study, asked, checked
from hpo.choices import PredictWith
from hpo.cli.data_options import DataOptions
from hpo.cli.options import AnswerOptions as ChoiceOptions
from hpo.cli.reading import read_labelled, read_unlabelled
from hpo.finalizing.finalize import finalize as answer
from hpo.finalizing.options import FinalizeOptions
from hpo.study.defaults import name_job
from hpo.terminal import say
from hpo.use.predict import Prediction
from hpo.use.predict import predict as predict_genes
from hpo.whole_job import Job
from hpo.whole_job import run as do_job

_ANSWER = AnswerOptions.__optional_keys__


class RunOptions(StudyOptions, AnswerOptions, total=False):
    """Options of the whole job."""


def finalize(
    study: Study,
    output: str | Path,
    *,
    device: str = "auto",
    test: bool = True,
    early: bool = False,
    overwrite: bool = False,
    again: bool = False,
    **options: Unpack[AnswerOptions],
) -> dict[str, Any]:
    """Retrains the best trial, opens the test set, writes report and model; `hpo finalize`.

    What was answered with these options before is written again, and not made anew.

    Args:
        study: The study.
        output: Folder for report and model.
        device: For retraining.
        test: Whether the test set is opened.
        early: Whether to answer from the trials finished so far.
        overwrite: Whether the report of another study may be replaced.
        again: Whether to answer anew what has been answered so; openings of the test set are counted.
        options: `prefer` and `ensemble`, as the command has them.

    Returns:
        What result.json holds.

    Raises:
        HpoError: The budget is not spent, or the folder holds what hpo has not written.
    """
    choice = FinalizeOptions(device=device, with_test=test, early=early, overwrite=overwrite, again=again, **options)
    return answer(checked(study).opened(), Path(output), choice)


def run(
    data: str | Path,
    *,
    study: str | None = None,
    trials: int | None = None,
    output: str | Path | None = None,
    storage: str = SQLITE,
    artifacts: str | None = None,
    time: float | None = None,
    device: str = "auto",
    workers: int | None = None,
    lanes: int | None = None,
    overwrite: bool = False,
    **options: Unpack[RunOptions],
) -> dict[str, Any]:
    """Does the whole job on this machine, or goes on with it; `hpo run`. Belongs to the main thread.

    Args:
        data: As `create_study` takes it, like all that is not explained here.
        study: Its name; by default that of the file.
        trials: The budget; by default up to 40, for as long as more are likely to pay.
        output: Folder for report and model; by default beside the file, under the study's name.
        storage: A URL.
        artifacts: Folder or s3:// place.
        time: Seconds after which the search begins no further trial.
        device: As `work` takes it, like the next two.
        workers: Processes.
        lanes: Trials at once in each.
        overwrite: As `finalize` takes it.
        options: Of `create_study` and `finalize`.

    Returns:
        What result.json holds.

    Raises:
        KeyboardInterrupt: Ctrl-C, or SIGTERM; the same call goes on.
        HpoError: As `create_study`, `work` and `finalize`, like StorageError and ModelError.
    """
    choice = group(ChoiceOptions, {name: value for name, value in options.items() if name in _ANSWER})
    others = {name: value for name, value in options.items() if name not in _ANSWER}
    names = name_job(Path(data), study, output)
    call = asked(data, names.study, trials, storage, artifacts, others, "run")
    job = Job(
        address=call.address,
        plan=call.plan,
        trials=trials,
        output=names.output,
        time_s=time,
        chosen=names.chosen,
        device=device,
        workers=workers,
        lanes=lanes,
        answer=FinalizeOptions(device=device, prefer=choice.prefer, ensemble=choice.ensemble, overwrite=overwrite),
    )
    outcome = do_job(job, lambda: read_labelled(Path(data), call.reading, call.labelling))
    if outcome.result is None:
        raise KeyboardInterrupt
    return outcome.result


def predict(
    model: str | Path,
    sequences: str | Path,
    *,
    device: str = "auto",
    predictor: PredictWith = "network",
    **options: Unpack[ReadingOptions],
) -> list[Prediction]:
    """Predicts the genes in a file; `hpo predict`. For sequences in memory: `load_model`.

    Args:
        model: The folder `model` that `finalize` wrote.
        sequences: Genes, in any form that `create_study` takes; labels are not needed.
        device: As PyTorch names it, or "auto".
        predictor: What predicts, as `--with` has it: the network, the regression beside it, or the best.
        options: How the file is read.

    Raises:
        ModelError: The folder holds no sound model, or the genes cannot be read.
        HpoError: They are no relatives of those that the model was trained on.
    """
    values = as_commands_take_them(options)
    reading = group(DataOptions, values)
    check_all_taken(values, "predict")
    predicted = predict_genes(
        Path(model), lambda saved: read_unlabelled(Path(sequences), reading, saved), device, predictor
    )
    for line in predicted.told:
        say(line)
    return predicted.rows
