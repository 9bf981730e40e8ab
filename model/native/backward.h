// The backward pass of one block in one direction.
#pragma once

#include <algorithm>
#include <vector>

#include "forward.h"

namespace {

constexpr int SAMPLES = 256;

// Weights for the product gates' gradient -> (state gradient | input gradient), in panels of up to 4 vectors.
struct Transposed {
    int vectors;
    Buffer panels;

    Transposed(const Problem& p, const Sizes& z, int direction)
        : vectors(z.units + (p.dx ? z.input_vectors : 0)), panels(z.width * vectors * LANES) {
        for (int64_t g = 0; g < GATES; ++g)
            for (int64_t h = 0; h < z.hidden; ++h) {
                const int64_t row = direction * GATES * z.hidden + g * z.hidden + h, n = gate_at(g, h);
                for (int64_t k = 0; k < z.hidden; ++k) at(z, n, k) = p.w_state[row * z.hidden + k];
                for (int64_t k = 0; p.dx && k < z.inputs; ++k) at(z, n, z.units * LANES + k) = p.w_in[row * z.inputs + k];
            }
    }
    Transposed(const Sizes& z, const Weights& w) : vectors(z.units + z.input_vectors), panels(z.width * vectors * LANES) {
        fill(z, w);
    }
    void fill(const Sizes& z, const Weights& w) {
        fill(z, w.state, z.hidden, 0);
        fill(z, w.in, z.inputs, z.units);
    }
    // One weight matrix in the forward kernels' order, into the columns from a vector on.
    void fill(const Sizes& z, const float* weights, int64_t columns, int vector) {
        for (int u = 0; u < z.units; ++u, weights += columns * GATE_FLOATS)
            for (int64_t k = 0; k < columns; k += LANES) {
                const int64_t lanes = std::min<int64_t>(LANES, columns - k);
                for (int n = 0; n < GATE_FLOATS; ++n) {
                    float* to = &at(z, u * GATE_FLOATS + n, vector * LANES + k);
                    for (int64_t lane = 0; lane < lanes; ++lane) to[lane] = weights[(k + lane) * GATE_FLOATS + n];
                }
            }
    }
    int panel_size(int panel) const { return std::min(4, vectors - 4 * panel); }
    const float* panel(const Sizes& z, int number) const { return panels + number * 4 * LANES * z.width; }
    float& at(const Sizes& z, int64_t n, int64_t column) {
        const int number = static_cast<int>(column / (4 * LANES));
        return panels[number * 4 * LANES * z.width + n * panel_size(number) * LANES + column % (4 * LANES)];
    }
};

// Sums of weight gradients in the forward kernels' order: [units][I][4][LANES], [units][H][4][LANES], and the
// gates' start values: rows of the table, or the bias.
struct Gradient {
    float* sums;
    float* in() const { return sums; }
    float* state(const Sizes& z) const { return sums + z.width * z.inputs; }
    float* start(const Sizes& z) const { return sums + z.width * (z.inputs + z.hidden); }
};

// Gate gradients of some steps, with what they multiply, until they are added to the weight gradients together.
// One vector of units of all samples lies together, so that it stays in the nearest cache.
struct Samples {
    Buffer gates;  // [units][SAMPLES][4][LANES]
    std::vector<const float*> x, h;
    std::vector<int> token;
    int count = 0;
    explicit Samples(const Sizes& z) : gates(SAMPLES * z.width), x(SAMPLES), h(SAMPLES), token(SAMPLES) {}
    float* at(int sample, int unit) const { return gates + (unit * SAMPLES + sample) * GATE_FLOATS; }
};

// Adds the samples' gate gradients to the rows of the table that they started from, or to the bias (token 0).
void add_starts(const Sizes& z, const Samples& samples, float* rows, int u) {
    for (int s = 0; s < samples.count; ++s) {
        float* to = rows + samples.token[s] * z.width;
        const float* from = samples.at(s, u);
        for (int n = 0; n < GATE_FLOATS; n += LANES) store(to + n, load(to + n) + load(from + n));
    }
}

void add_weight_gradients(const Sizes& z, Samples& samples, const Gradient& gradient) {
    const int count = samples.count;
    auto add = [&](float* sums, const std::vector<const float*>& columns, int depth, int u) {
        for_tiles(depth, [&](auto size, int first) {
            float* to = sums + (static_cast<int64_t>(u) * depth + first) * GATE_FLOATS;
            outer_product<decltype(size)::value>(to, columns.data(), first, samples.at(0, u), count);
        });
    };
    for (int u = 0; u < z.units; ++u) {
        add(gradient.in(), samples.x, static_cast<int>(z.inputs), u);
        add(gradient.state(z), samples.h, static_cast<int>(z.hidden), u);
        add_starts(z, samples, gradient.start(z) + u * GATE_FLOATS, u);
    }
    samples.count = 0;
}

// Gradient of a row's gates (before their nonlinearities) at one step; `dc` goes on to the previous step.
inline void gate_gradients(const float* saved, const float* saved_before, Vec dh, float* dc_at, float* to) {
    const Vec i = load(saved), f = load(saved + LANES), g = load(saved + 2 * LANES), o = load(saved + 3 * LANES);
    const Vec one = all(1.0f), tanh_c = tanh(load(saved + 4 * LANES));
    const Vec before = saved_before ? load(saved_before + 4 * LANES) : all(0.0f);
    const Vec dc = load(dc_at) + dh * o * (one - tanh_c * tanh_c);
    store(dc_at, dc * f);
    store(to, dc * g * i * (one - i));
    store(to + LANES, dc * before * f * (one - f));
    store(to + 2 * LANES, dc * i * (one - g * g));
    store(to + 3 * LANES, dh * tanh_c * o * (one - o));
}

void input_gradients(const Problem& p, const Sizes& z, const Transposed& w, const Block& block, int direction, int64_t t,
                     int active, const Samples& samples, float* dh) {
    const int first_sample = samples.count - active;
    for (int panel = 0; panel * 4 < w.vectors; ++panel) {
        const float* weights = w.panel(z, panel);
        auto run = [&](auto panel_size) {
            constexpr int N = decltype(panel_size)::value;
            for_tiles(active, [&](auto size, int first) {
                constexpr int M = decltype(size)::value;
                Vec acc[M][N] = {};
                for (int u = 0; u < z.units; ++u) {
                    const float* rows[M];
                    for (int m = 0; m < M; ++m) rows[m] = samples.at(first_sample + first + m, u);
                    product<M, N>(acc, rows, GATE_FLOATS, weights + u * GATE_FLOATS * N * LANES);
                }
                for (int m = 0; m < M; ++m)
                    for (int n = 0; n < N; ++n) {
                        const int column = panel * 4 + n, k = (column - z.units) * LANES;
                        if (column < z.units) {
                            store(dh + ((first + m) * z.units + column) * LANES, acc[m][n]);
                            continue;
                        }
                        float* to = p.dx + (t * z.batch + block.rows[first + m]) * z.inputs + k;
                        const int lanes = static_cast<int>(std::min<int64_t>(LANES, z.inputs - k));
                        store_first(to, direction == 0 ? acc[m][n] : acc[m][n] + load_first(to, lanes), lanes);
                    }
            });
        };
        switch (w.panel_size(panel)) {
            case 1: run(std::integral_constant<int, 1>{}); break;
            case 2: run(std::integral_constant<int, 2>{}); break;
            case 3: run(std::integral_constant<int, 3>{}); break;
            default: run(std::integral_constant<int, 4>{});
        }
    }
}

void backward_block(const Problem& p, const Sizes& z, const Transposed& w, const Block& block, int direction,
                    const Gradient& gradient, Samples& samples, Carried& carried, const float* zeros) {
    const int rows = static_cast<int>(block.rows.size());
    const int64_t stride = static_cast<int64_t>(rows) * z.units * SAVED;
    carried.clear(z, rows);
    float *dh = carried.h, *dc = carried.c;
    for (int r = 0; p.dlast && r < rows; ++r)
        std::copy_n(p.dlast + (direction * z.batch + block.rows[r]) * z.hidden, z.hidden, dh + r * z.units * LANES);
    for (int64_t s = 0; s < block.steps(); ++s) {
        const int64_t t = direction == 0 ? block.steps() - 1 - s : s, before = direction == 0 ? t - 1 : t + 1;
        const int active = block.active(t);
        if (samples.count + active > SAMPLES) add_weight_gradients(z, samples, gradient);
        const float* saved = p.saved + block.saved + direction * block.saved_floats + t * stride;
        for (int r = 0; r < active; ++r) {
            const int64_t at = t * z.batch + block.rows[r];
            const int sample = samples.count + r;
            samples.x[sample] = p.x + at * z.inputs;
            samples.h[sample] = previous_state(p, z, direction, t, block.rows[r], block.lengths[r], zeros);
            samples.token[sample] = p.tokens ? p.tokens[at] : 0;
            const bool has_before = before >= 0 && before < block.lengths[r];
            for (int u = 0; u < z.units; ++u) {
                const float* keep = saved + (r * z.units + u) * SAVED;
                Vec dh_here = load(dh + (r * z.units + u) * LANES);
                if (p.dy) dh_here += load_first(p.dy + at * 2 * z.hidden + direction * z.hidden + u * LANES, z.lanes(u));
                gate_gradients(keep, has_before ? keep + (before - t) * stride : nullptr, dh_here,
                               dc + (r * z.units + u) * LANES, samples.at(sample, u));
            }
        }
        samples.count += active;
        input_gradients(p, z, w, block, direction, t, active, samples, dh);
    }
    add_weight_gradients(z, samples, gradient);
}

void clear_input_gradients(const Problem& p, const Sizes& z, const Block& block) {
    for (size_t r = 0; p.dx && r < block.rows.size(); ++r)
        for (int64_t t = block.lengths[r]; t < z.steps; ++t)
            std::fill_n(p.dx + (t * z.batch + block.rows[r]) * z.inputs, z.inputs, 0.0f);
}

void write_gradients(const Problem& p, const Sizes& z, int direction, const Gradient& total) {
    const int64_t rows = GATES * z.hidden;
    for_weights(z, z.inputs, [&](int64_t from, int64_t to) { p.dw_in[direction * rows * z.inputs + to] = total.in()[from]; });
    for_weights(z, z.hidden, [&](int64_t from, int64_t to) { p.dw_state[direction * rows * z.hidden + to] = total.state(z)[from]; });
    for (int64_t g = 0; g < GATES; ++g)
        for (int64_t h = 0; h < z.hidden; ++h) {
            if (p.dbias) p.dbias[direction * rows + g * z.hidden + h] = total.start(z)[gate_at(g, h)];
            for (int64_t v = 0; v < z.vocabulary; ++v)
                p.dtable[(direction * z.vocabulary + v) * rows + g * z.hidden + h] = total.start(z)[v * z.width + gate_at(g, h)];
        }
}

}  // namespace
