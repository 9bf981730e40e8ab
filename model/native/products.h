// Matrix products whose results stay in registers.
#pragma once

#include <cstdint>
#include <type_traits>

#include "vectors.h"

namespace {

constexpr int GATES = 4;
constexpr int GATE_FLOATS = GATES * LANES;  // i, f, g, o of one vector of units

// acc[m][n] += sum over k of rows[m][k] * weights[k][n]
template <int M, int N>
inline void product(Vec (&acc)[M][N], const float* const* rows, int64_t depth, const float* weights) {
    const float* row[M];
    for (int m = 0; m < M; ++m) row[m] = rows[m];
    for (int64_t k = 0; k < depth; ++k, weights += N * LANES) {
        Vec w[N];
        for (int n = 0; n < N; ++n) w[n] = load(weights + n * LANES);
        for (int m = 0; m < M; ++m) {
            const Vec value = all(row[m][k]);
            for (int n = 0; n < N; ++n) acc[m][n] = value * w[n] + acc[m][n];
        }
    }
}

// sums[m][n] += sum over samples s of columns[s][m] * gates[s][n]: a tile of a weight gradient
template <int M>
inline void outer_product(float* sums, const float* const* columns, int offset, const float* gates, int count) {
    Vec acc[M][GATES];
    for (int m = 0; m < M; ++m)
        for (int n = 0; n < GATES; ++n) acc[m][n] = load(sums + m * GATE_FLOATS + n * LANES);
    for (int s = 0; s < count; ++s, gates += GATE_FLOATS) {
        const float* column = columns[s] + offset;
        Vec g[GATES];
        for (int n = 0; n < GATES; ++n) g[n] = load(gates + n * LANES);
        for (int m = 0; m < M; ++m) {
            const Vec value = all(column[m]);
            for (int n = 0; n < GATES; ++n) acc[m][n] = value * g[n] + acc[m][n];
        }
    }
    for (int m = 0; m < M; ++m)
        for (int n = 0; n < GATES; ++n) store(sums + m * GATE_FLOATS + n * LANES, acc[m][n]);
}

// Calls f(size, first) for tiles of nearly equal size; `size` is a compile-time number from 1 to TILE.
template <class F>
inline void for_tiles(int count, F f) {
    for (int tiles = (count + TILE - 1) / TILE, first = 0; tiles > 0; --tiles) {
        const int size = (count - first + tiles - 1) / tiles;
        switch (size) {
            case 1: f(std::integral_constant<int, 1>{}, first); break;
            case 2: f(std::integral_constant<int, 2>{}, first); break;
            case 3: f(std::integral_constant<int, 3>{}, first); break;
#if defined(__AVX512F__)
            case 4: f(std::integral_constant<int, 4>{}, first); break;
            case 5: f(std::integral_constant<int, 5>{}, first); break;
            case 6: f(std::integral_constant<int, 6>{}, first); break;
#endif
        }
        first += size;
    }
}

}  // namespace
