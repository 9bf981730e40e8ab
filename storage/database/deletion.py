"""A study's rows, deleted table by table.

Optuna loads every row as an object to delete it: 10,000 trials take it minutes and hundreds of megabytes. Source of the
tables: optuna 5.0.0, storages/_rdb/models.py.
"""

from optuna.storages._rdb import models
from sqlalchemy import Connection, Table, delete, select

_STUDIES: Table = models.StudyModel.__table__
_TRIALS: Table = models.TrialModel.__table__
_OF_TRIALS = (
    models.TrialUserAttributeModel,
    models.TrialSystemAttributeModel,
    models.TrialParamModel,
    models.TrialValueModel,
    models.TrialIntermediateValueModel,
    models.TrialHeartbeatModel,
)
_OF_STUDIES = (models.StudyUserAttributeModel, models.StudySystemAttributeModel, models.StudyDirectionModel)


def delete_study(connection: Connection, study_id: int) -> None:
    """Deletes a study, in its caller's transaction.

    Raises:
        KeyError: There is none.
    """
    # Locked before anything is deleted: whoever makes a trial or writes to one waits, and then finds none.
    study = select(_STUDIES.c.study_id).where(_STUDIES.c.study_id == study_id).with_for_update()
    if connection.scalar(study) is None:
        raise KeyError(f"No study with id {study_id}.")
    trials = select(_TRIALS.c.trial_id).where(_TRIALS.c.study_id == study_id)
    connection.execute(trials.order_by(_TRIALS.c.trial_id).with_for_update()).all()
    for model in _OF_TRIALS:
        table = model.__table__
        connection.execute(delete(table).where(table.c.trial_id.in_(trials)))
    connection.execute(delete(_TRIALS).where(_TRIALS.c.study_id == study_id))
    for model in _OF_STUDIES:
        table = model.__table__
        connection.execute(delete(table).where(table.c.study_id == study_id))
    connection.execute(delete(_STUDIES).where(_STUDIES.c.study_id == study_id))
