// One vector per row from its outputs, and the way back.
#pragma once

#include <algorithm>
#include <cstdint>

namespace {

enum Pooling : int64_t { LAST, MEAN, MAX };  // as `POOLINGS` in training.py numbers them

// outputs: [length] vectors of 2H floats, `stride` apart -> pooled [2H]
inline void pool(int64_t pooling, const float* outputs, int64_t stride, int64_t length, int64_t hidden, float* pooled) {
    if (pooling == LAST) {
        std::copy_n(outputs + (length - 1) * stride, hidden, pooled);
        std::copy_n(outputs + hidden, hidden, pooled + hidden);
        return;
    }
    std::copy_n(outputs, 2 * hidden, pooled);
    for (int64_t t = 1; t < length; ++t)
        for (int64_t i = 0; i < 2 * hidden; ++i) {
            const float here = outputs[t * stride + i];
            pooled[i] = pooling == MEAN ? pooled[i] + here : std::max(here, pooled[i]);
        }
    for (int64_t i = 0; pooling == MEAN && i < 2 * hidden; ++i) pooled[i] /= static_cast<float>(length);
}

// The gradient dy of "mean" and "max", laid out as the outputs are; equal largest outputs share it, as in torch.
inline void spread(int64_t pooling, const float* dpooled, const float* outputs, int64_t stride, int64_t length,
                   int64_t hidden, float* dy) {
    for (int64_t i = 0; i < 2 * hidden; ++i) {
        float largest = outputs[i];
        for (int64_t t = 1; t < length; ++t) largest = std::max(largest, outputs[t * stride + i]);
        auto shares = [&](int64_t t) { return pooling == MEAN || outputs[t * stride + i] == largest; };
        int64_t count = 0;
        for (int64_t t = 0; t < length; ++t) count += shares(t);
        for (int64_t t = 0; t < length; ++t) dy[t * stride + i] = shares(t) ? dpooled[i] / static_cast<float>(count) : 0.0f;
    }
}

}  // namespace
