"""What `import hpo` offers: the commands as typed functions, and a finished model as a scikit-learn classifier."""

from hpo.api.answers import finalize, predict, run
from hpo.api.classifier import GeneClassifier, load_model
from hpo.api.deleting import delete, delete_orphans
from hpo.api.studies import Study, create_study, open_study, status, trials, work
from hpo.deleting import Deleted
from hpo.errors import HpoError
from hpo.study.status import Status
from hpo.use.predict import Prediction
from model.errors import ModelError
from storage.errors import StorageError

__all__ = [
    "Deleted",
    "GeneClassifier",
    "HpoError",
    "ModelError",
    "Prediction",
    "Status",
    "StorageError",
    "Study",
    "create_study",
    "delete",
    "delete_orphans",
    "finalize",
    "load_model",
    "open_study",
    "predict",
    "run",
    "status",
    "trials",
    "work",
]
