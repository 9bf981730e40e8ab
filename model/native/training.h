// The C interface's argument for optimizer steps on a whole network; `trainer.h` takes them.
#pragma once

#include <cstdint>

struct Parameter {  // one parameter of the network in torch's memory, with what Adam remembers of it
    float *weights, *means, *squares, *step;
};

// Mirrored field by field by `Training` in training.py. D distinct rows, V letters, P places, S steps of an epoch,
// R rows of all its batches, one after another.
struct Training {
    // The network, and the threads of a step.
    int64_t layers, embedding, hidden, vocabulary, places, pooling, threads;
    const float* counted;         // [P, V], 1 where the linear path's table counts; null without one
    const Parameter* parameters;  // in the order of `Layout`
    // The rows, one after another: tokens, each place * V + letter; where each row begins [D], and its length [D].
    const int32_t* tokens;
    const int64_t *starts, *lengths;
    const float *positives, *negatives;  // [D]
    double positive_weight, negative_weight, scale;
    // The batches, of which this call takes those from `first` to before `end`.
    int64_t first, end;
    const int64_t *bounds, *longest, *rows;  // [S + 1], [S], [R]
    const float* share;                      // [R]
    const double* rates;                     // [S]
    double longest_gradient, beta1, beta2, epsilon, weight_decay;
    // Dropout: the state of its stream, moved on; null where nothing is dropped.
    uint64_t* stream;
    int64_t lowest;
    double kept_scale;
    double* totals;  // [2] += loss without class weights, and rows told right
};
