// Dropout: one pass over the values and their random numbers, forward and backward alike.
#pragma once

#include <cstdint>

namespace {

// Values whose random number is at least `lowest`, scaled; the others times 0. The compiler makes vectors of this loop.
inline void drop(const float* values, const int16_t* bits, float* kept, int64_t n, int lowest, float scale) {
    for (int64_t i = 0; i < n; ++i) kept[i] = values[i] * (bits[i] >= lowest ? scale : 0.0f);
}

}  // namespace
