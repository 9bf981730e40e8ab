// Adam with decoupled weight decay, and the length of a gradient.
//
// Source: torch.optim.AdamW and torch.nn.utils.clip_grad_norm_, whose numbers these are up to rounding.
#pragma once

#include <cmath>
#include <cstdint>

#include "vectors.h"

namespace {

struct AdamSettings {
    double beta1, beta2, epsilon, weight_decay;
};

// n is a multiple of LANES. Lanes are summed in fp32, vectors of 1024 floats in fp64: neither grows inexact.
inline double sum_of_squares(const float* values, int64_t n) {
    double total = 0.0;
    for (int64_t from = 0; from < n; from += 1024) {
        Vec sums = all(0.0f);
        for (int64_t i = from; i < n && i < from + 1024; i += LANES) sums = load(values + i) * load(values + i) + sums;
        float lanes[LANES];
        store(lanes, sums);
        for (float lane : lanes) total += lane;
    }
    return total;
}

// One step of n weights, the `step`th from 1; the gradient counts `factor` times, and is 0 afterwards.
inline void adam(const AdamSettings& a, double rate, double step, float factor, int64_t n, float* __restrict weights,
                 float* __restrict means, float* __restrict squares, float* __restrict gradient) {
    const float keep = static_cast<float>(1.0 - rate * a.weight_decay), epsilon = static_cast<float>(a.epsilon);
    const float size = static_cast<float>(rate / (1.0 - std::pow(a.beta1, step)));
    const float spread = static_cast<float>(1.0 / std::sqrt(1.0 - std::pow(a.beta2, step)));
    const float new_mean = static_cast<float>(1.0 - a.beta1), new_square = static_cast<float>(1.0 - a.beta2);
    const float old_square = static_cast<float>(a.beta2);
    for (int64_t i = 0; i < n; ++i) {  // the compiler makes vectors of it
        const float g = gradient[i] * factor;
        const float mean = means[i] + new_mean * (g - means[i]);
        const float square = old_square * squares[i] + new_square * g * g;
        weights[i] = weights[i] * keep - size * mean / (std::sqrt(square) * spread + epsilon);
        means[i] = mean, squares[i] = square, gradient[i] = 0.0f;
    }
}

}  // namespace
