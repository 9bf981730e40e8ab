"""Decides once per process whether the native layer runs here."""

import functools
import logging
import os
from collections.abc import Mapping

import torch

from model.native.building import BuildError, library
from model.native.layer import NativeLayer

_log = logging.getLogger(__name__)
_CAPABILITIES = ("AVX2", "AVX512")


@functools.cache
def native_layer() -> NativeLayer | None:
    """Returns the native layer, or None where the stock path is to run.

    The first call in a process may build the library, which takes some seconds once per machine and version.
    `HPO_ENGINE=stock` in the environment turns it off. Every other reason for None is one line in the log.
    """
    return load(os.environ)


def load(environment: Mapping[str, str]) -> NativeLayer | None:
    """Does what `native_layer` does, without remembering the answer."""
    if environment.get("HPO_ENGINE") == "stock":
        return None
    try:
        _refuse_unfit_cpu()
        return NativeLayer(library(environment))
    except (BuildError, OSError) as reason:
        _log.warning("Training takes the stock nn.LSTM path, because %s.", " ".join(str(reason).split()))
        return None


def _refuse_unfit_cpu() -> None:
    capability = torch.backends.cpu.get_cpu_capability()
    if capability not in _CAPABILITIES:
        raise BuildError(f"this CPU offers {capability}, and the native layer needs AVX2 or AVX-512")
