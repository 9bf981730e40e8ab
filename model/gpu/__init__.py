"""Training and predicting on a GPU: few shapes, each captured once as a CUDA graph, and one stream to a thread.

Everything here but the capture itself runs on a CPU too, where the tests compare it with the plain way.
"""
