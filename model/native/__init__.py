"""A bidirectional LSTM layer in C++ for CPUs with AVX2 or AVX-512, and whole optimizer steps around it.

The layer is `nn.LSTM`'s function, about twice as fast: `layer`, `problem` and `bilstm.cpp`. The steps are for genes
given by their mutations: `steps` (not imported here, for it knows the network), `training`, `checks` and `trainer.h`.

Optional: `native_layer` returns None where there is no compiler or no such CPU, and the caller takes the stock path.
"""

from model.native.layer import NativeLayer
from model.native.loading import native_layer

__all__ = ["NativeLayer", "native_layer"]
