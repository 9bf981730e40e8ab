// The C interface's argument, and what both passes share: sizes, weights in the kernels' order, blocks of rows.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <numeric>
#include <utility>
#include <vector>

#include "products.h"

// Mirrored field by field by `Problem` in layer.py. Null pointers: absent.
struct Problem {
    int64_t steps, batch, inputs, hidden, vocabulary, threads;  // T, B, I (0 with tokens), H, V (0 without tokens)
    const int64_t* lengths;                                     // [B], 0 to T
    const uint8_t* tokens;                                      // [T, B], or null
    const float* x;                                             // [T, B, I], or null
    const float* table;                                         // [2, V, 4H]: input product and bias of each token
    const float* w_in;                                          // [2, 4H, I]
    const float* w_state;                                       // [2, 4H, H]
    const float* bias;                                          // [2, 4H]
    float* y;                                                   // [T, B, 2H]
    float* last;                                                // [2, B, H]
    float* saved;                                               // saved_floats(), or null when inferring
    const float *dy, *dlast;                                    // each may be null
    float *dx, *dtable, *dw_in, *dw_state, *dbias;              // dx may be null
};

namespace {

constexpr int BLOCK = 4 * 6;                // rows of a block at most
constexpr int SAVED = GATE_FLOATS + LANES;  // floats kept per vector of units: gates and cell
constexpr int64_t LARGE = 16 << 20;         // floats

class Buffer {  // zeroed floats on a cache line's boundary
  public:
    explicit Buffer(int64_t floats = 0) : data_(nullptr) {
        const size_t bytes = (static_cast<size_t>(floats) * sizeof(float) + 127) / 64 * 64;
        data_ = static_cast<float*>(std::aligned_alloc(64, bytes));
        if (!data_) throw std::bad_alloc();
        std::memset(data_, 0, bytes);
    }
    Buffer(Buffer&& other) noexcept : data_(other.data_) { other.data_ = nullptr; }
    Buffer& operator=(Buffer&& other) noexcept { std::swap(data_, other.data_); return *this; }
    ~Buffer() { std::free(data_); }
    operator float*() const { return data_; }

  private:
    float* data_;
};

struct Sizes {
    int64_t steps, batch, inputs, hidden, vocabulary;
    int units, input_vectors;  // vectors of hidden units; vectors of input features
    int64_t width;             // floats of all gates of a row, padded
    bool large;                // whether what is saved would push everything else out of the caches

    explicit Sizes(const Problem& p)
        : steps(p.steps), batch(p.batch), inputs(p.inputs), hidden(p.hidden), vocabulary(p.vocabulary),
          units(static_cast<int>((p.hidden + LANES - 1) / LANES)),
          input_vectors(static_cast<int>((p.inputs + LANES - 1) / LANES)),
          width(static_cast<int64_t>(units) * GATE_FLOATS),
          large(2 * p.steps * p.batch * units * SAVED > LARGE && reinterpret_cast<uintptr_t>(p.saved) % 64 == 0) {}
    int lanes(int unit) const { return static_cast<int>(std::min<int64_t>(LANES, hidden - unit * LANES)); }
    int64_t gradient_floats() const { return width * (inputs + hidden + std::max<int64_t>(1, vocabulary)); }
};

// Position of gate g of unit h within a row's padded gates.
inline int64_t gate_at(int64_t g, int64_t h) { return h / LANES * GATE_FLOATS + g * LANES + h % LANES; }

// f(position in [unit vector][column][gate][lane], position in [4H][columns])
template <class F>
void for_weights(const Sizes& z, int64_t columns, F f) {
    for (int64_t g = 0; g < GATES; ++g)
        for (int64_t h = 0; h < z.hidden; ++h)
            for (int64_t k = 0; k < columns; ++k)
                f(h / LANES * columns * GATE_FLOATS + k * GATE_FLOATS + g * LANES + h % LANES,
                  (g * z.hidden + h) * columns + k);
}

struct Block {
    std::vector<int64_t> rows, lengths;  // by length, longest first
    int64_t saved;                       // where its saved gates of direction 0 begin
    int64_t saved_floats;                // of one direction
    int64_t steps() const { return lengths[0]; }
    int active(int64_t t) const {        // rows whose sequence reaches step t: always the first ones
        int count = static_cast<int>(rows.size());
        while (count > 0 && lengths[count - 1] <= t) --count;
        return count;
    }
};

std::vector<Block> make_blocks(const Problem& p, const Sizes& z) {
    std::vector<int64_t> order(z.batch);
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return p.lengths[a] > p.lengths[b]; });
    const int64_t count = (z.batch + BLOCK - 1) / BLOCK;
    std::vector<Block> blocks(count);
    int64_t saved = 0;
    for (int64_t b = 0; b < count; ++b) {
        Block& block = blocks[b];
        block.rows.assign(order.begin() + z.batch * b / count, order.begin() + z.batch * (b + 1) / count);
        for (int64_t row : block.rows) block.lengths.push_back(p.lengths[row]);
        block.saved = saved;
        block.saved_floats = block.steps() * static_cast<int64_t>(block.rows.size()) * z.units * SAVED;
        saved += 2 * block.saved_floats;
    }
    return blocks;
}

struct Carried {  // what the rows of a block carry from step to step: states, or their gradients
    Buffer h, c;
    explicit Carried(const Sizes& z) : h(BLOCK * z.units * LANES), c(BLOCK * z.units * LANES) {}
    void clear(const Sizes& z, int rows) {
        for (float* values : {static_cast<float*>(h), static_cast<float*>(c)}) std::fill_n(values, rows * z.units * LANES, 0.0f);
    }
};

// A row's state before step t in its direction; zeros at the start.
inline const float* previous_state(const Problem& p, const Sizes& z, int direction, int64_t t, int64_t row, int64_t length,
                                   const float* zeros) {
    const int64_t before = direction == 0 ? t - 1 : t + 1;
    if (before < 0 || before >= length) return zeros;
    return p.y + (before * z.batch + row) * 2 * z.hidden + direction * z.hidden;
}

}  // namespace
