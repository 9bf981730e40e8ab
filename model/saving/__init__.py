"""A trained model as a folder: safetensors weights and a JSON configuration. Nothing is pickled."""

from model.saving.loading import SavedModel, load_model
from model.saving.writing import CONFIGURATION, save_model, weights_name

__all__ = ["CONFIGURATION", "SavedModel", "load_model", "save_model", "weights_name"]
