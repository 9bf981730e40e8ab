"""The native layer as built for a kind of CPU."""

import os

import pytest

from model.native import NativeLayer
from model.native.building import BuildError, library


def native_for(architecture: str) -> NativeLayer:
    """From this user's own cache, by its sources' hash: built once, not for each file of tests."""
    try:
        return NativeLayer(library(os.environ, architecture=architecture))
    except BuildError as reason:
        pytest.skip(str(reason))
