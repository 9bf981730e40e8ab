"""Training and predicting on a GPU: few shapes, each captured once as a CUDA graph, and one stream to a thread.

Everything here but the capture itself runs on a CPU too, where the tests compare it with the plain way.
"""

#: Raised whenever a GPU's numbers change: what it trained before and after must not stand side by side in one study.
#: 1: each direction alone. 2: cuDNN's bidirectional call over padded shapes; bf16 keeps no copies of weights.
#: 3: the gradient of a linear path is a product of matrices.
ARITHMETIC = 3
