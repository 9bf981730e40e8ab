// The forward pass of one block in one direction.
#pragma once

#include <algorithm>

#include "problem.h"

namespace {

struct Weights {  // one direction's, in the kernels' order
    const float *in, *state, *bias, *table;
};

struct Direction {  // the memory of one direction's weights
    Buffer in, state, bias, table;

    Direction(const Problem& p, const Sizes& z, int direction)
        : in(z.width * z.inputs), state(z.width * z.hidden), bias(z.width), table(z.width * z.vocabulary) {
        const int64_t rows = GATES * z.hidden;
        for_weights(z, z.inputs, [&](int64_t to, int64_t from) { in[to] = p.w_in[direction * rows * z.inputs + from]; });
        for_weights(z, z.hidden, [&](int64_t to, int64_t from) { state[to] = p.w_state[direction * rows * z.hidden + from]; });
        for (int64_t g = 0; g < GATES; ++g)
            for (int64_t h = 0; h < z.hidden; ++h) {
                if (p.bias) bias[gate_at(g, h)] = p.bias[direction * rows + g * z.hidden + h];
                for (int64_t v = 0; v < z.vocabulary; ++v)
                    table[v * z.width + gate_at(g, h)] = p.table[(direction * z.vocabulary + v) * rows + g * z.hidden + h];
            }
    }
    Weights weights() const { return {in, state, bias, table}; }
};

struct Step {  // what one time step of one block reads: per active row, its input and its previous state
    const float* x[BLOCK];
    const float* h[BLOCK];
    const float* start[BLOCK];  // the gates' start values: bias or a token's row of the table
};

void forward_block(const Problem& p, const Sizes& z, const Weights& w, const Block& block, int direction, Carried& carried,
                   const float* zeros) {
    const int rows = static_cast<int>(block.rows.size());
    carried.clear(z, rows);
    Step step;
    for (int64_t s = 0; s < block.steps(); ++s) {
        const int64_t t = direction == 0 ? s : block.steps() - 1 - s;
        const int active = block.active(t);
        for (int r = 0; r < active; ++r) {
            const int64_t at = t * z.batch + block.rows[r];
            step.x[r] = p.x + at * z.inputs;
            step.h[r] = previous_state(p, z, direction, t, block.rows[r], block.lengths[r], zeros);
            step.start[r] = p.tokens ? w.table + p.tokens[at] * z.width : w.bias;
        }
        float* saved = p.saved ? p.saved + block.saved + direction * block.saved_floats + t * rows * z.units * SAVED : nullptr;
        for (int u = 0; u < z.units; ++u)
            for_tiles(active, [&](auto size, int first) {
                constexpr int M = decltype(size)::value;
                Vec acc[M][GATES];
                for (int m = 0; m < M; ++m)
                    for (int g = 0; g < GATES; ++g) acc[m][g] = load(step.start[first + m] + u * GATE_FLOATS + g * LANES);
                product<M, GATES>(acc, step.x + first, z.inputs, w.in + u * z.inputs * GATE_FLOATS);
                product<M, GATES>(acc, step.h + first, z.hidden, w.state + u * z.hidden * GATE_FLOATS);
                for (int m = 0; m < M; ++m) {
                    float* cell = carried.c + ((first + m) * z.units + u) * LANES;
                    const Vec i = sigmoid(acc[m][0]), f = sigmoid(acc[m][1]), g = tanh(acc[m][2]), o = sigmoid(acc[m][3]);
                    const Vec c = f * load(cell) + i * g;
                    store(cell, c);
                    acc[m][0] = c, acc[m][1] = o;
                    if (!saved) continue;
                    float* keep = saved + ((first + m) * z.units + u) * SAVED;
                    const Vec kept[] = {i, f, g, o, c};
                    for (int n = 0; n < 5; ++n)
                        z.large ? store_past_caches(keep + n * LANES, kept[n]) : store(keep + n * LANES, kept[n]);
                }
                for (int m = 0; m < M; ++m) {  // apart from the above: the processor then overlaps the rows
                    float* h = p.y + (t * z.batch + block.rows[first + m]) * 2 * z.hidden + direction * z.hidden + u * LANES;
                    store_first(h, acc[m][1] * tanh(acc[m][0]), z.lanes(u));
                }
            });
    }
    _mm_sfence();  // what went past the caches may be read by another thread
}

// Zeros beyond each row's length, and its final states.
void finish_rows(const Problem& p, const Sizes& z, const Block& block) {
    for (size_t r = 0; r < block.rows.size(); ++r) {
        const int64_t row = block.rows[r], length = block.lengths[r], width = 2 * z.hidden;
        for (int64_t t = length; t < z.steps; ++t) std::fill_n(p.y + (t * z.batch + row) * width, width, 0.0f);
        const int64_t end = std::max<int64_t>(length - 1, 0);
        std::copy_n(p.y + (end * z.batch + row) * width, z.hidden, p.last + row * z.hidden);
        std::copy_n(p.y + row * width + z.hidden, z.hidden, p.last + (z.batch + row) * z.hidden);
    }
}

}  // namespace
