// One bidirectional LSTM layer on a CPU, fp32: outputs, final states, and all gradients.
//
// Rows (sequences) are sorted by length and cut into blocks; a block runs through time on its own, so that its states
// stay in the nearest caches and work beyond a row's length is never done. Within a step, a tile of up to TILE rows
// times one vector of units keeps its four gates in registers from the matrix product to the new state.
// Blocks belong to a fixed number of groups, each with a weight gradient of its own, added in the groups' order:
// the numbers do not depend on the number of threads.
//
// Gate order i, f, g, o as in torch.nn.LSTM. "ahead" is direction 0, "back" is direction 1.

#include <immintrin.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <numeric>
#include <thread>
#include <type_traits>
#include <vector>

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

#if defined(__AVX512F__)
using Vec = __m512;
constexpr int LANES = 16, TILE = 6;
inline Vec load(const float* p) { return _mm512_loadu_ps(p); }
inline void store(float* p, Vec v) { _mm512_storeu_ps(p, v); }
inline Vec all(float value) { return _mm512_set1_ps(value); }
inline Vec load_first(const float* p, int n) { return _mm512_maskz_loadu_ps((1u << n) - 1, p); }
inline void store_first(float* p, Vec v, int n) { _mm512_mask_storeu_ps(p, (1u << n) - 1, v); }
// A constant stands first: then a NaN passes through instead of becoming a bound.
inline Vec clamp(Vec v, float bound) { return _mm512_min_ps(all(bound), _mm512_max_ps(all(-bound), v)); }
inline Vec reciprocal(Vec v) {
    Vec r = _mm512_rcp14_ps(v);
    return r * (all(2.0f) - v * r);
}
inline Vec power_of_two(Vec shifted) {  // 2^n, where the low bits of `shifted` hold n
    __m512i bits = _mm512_slli_epi32(_mm512_castps_si512(shifted), 23);
    return _mm512_castsi512_ps(_mm512_add_epi32(bits, _mm512_set1_epi32(0x3F800000)));
}
#else
using Vec = __m256;
constexpr int LANES = 8, TILE = 3;
inline Vec load(const float* p) { return _mm256_loadu_ps(p); }
inline void store(float* p, Vec v) { _mm256_storeu_ps(p, v); }
inline Vec all(float value) { return _mm256_set1_ps(value); }
inline __m256i mask(int n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
inline Vec load_first(const float* p, int n) { return n == LANES ? load(p) : _mm256_maskload_ps(p, mask(n)); }
inline void store_first(float* p, Vec v, int n) { n == LANES ? store(p, v) : _mm256_maskstore_ps(p, mask(n), v); }
inline Vec clamp(Vec v, float bound) { return _mm256_min_ps(all(bound), _mm256_max_ps(all(-bound), v)); }
inline Vec reciprocal(Vec v) { return all(1.0f) / v; }
inline Vec power_of_two(Vec shifted) {
    __m256i bits = _mm256_slli_epi32(_mm256_castps_si256(shifted), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(bits, _mm256_set1_epi32(0x3F800000)));
}
#endif

constexpr int GATES = 4, BLOCK = 4 * 6, GROUPS = 8, SAMPLES = 256;
constexpr int GATE_FLOATS = GATES * LANES;   // i, f, g, o of one vector of units
constexpr int SAVED = GATE_FLOATS + LANES;   // and the cell

// ---------------------------------------------------------------- nonlinearities

// exp(x) = scale + scale * rest, with |x| below 80. Splitting off the 1 keeps expm1, and so tanh, exact near 0.
// The polynomial is (2^f - 1) / f on [-1/2, 1/2], minimax, relative error 1.1e-8.
inline void split_exp(Vec x, Vec& scale, Vec& rest) {
    const Vec log2e = all(1.44269504f), shift = all(12582912.0f);  // 1.5 * 2^23: rounds to an integer
    const Vec shifted = x * log2e + shift;
    const Vec f = x * log2e - (shifted - shift);
    Vec q = all(0x1.4308f8p-13f);
    for (float c : {0x1.5f07b4p-10f, 0x1.3b2ba0p-7f, 0x1.c6af6ep-5f, 0x1.ebfbdep-3f, 0x1.62e430p-1f}) q = q * f + all(c);
    scale = power_of_two(shifted);
    rest = q * f;
}

inline Vec sigmoid(Vec x) {
    Vec scale, rest;
    split_exp(clamp(all(0.0f) - x, 60.0f), scale, rest);
    return reciprocal(all(1.0f) + (scale * rest + scale));
}

inline Vec tanh(Vec x) {
    Vec scale, rest;
    const Vec half = clamp(x, 10.0f);
    split_exp(half + half, scale, rest);
    const Vec expm1 = scale * rest + (scale - all(1.0f));
    return expm1 * reciprocal(expm1 + all(2.0f));
}

// ---------------------------------------------------------------- matrix products in registers

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
inline void outer_product(float* sums, const float* const* columns, int offset, const float* gates, int stride, int count) {
    Vec acc[M][GATES];
    for (int m = 0; m < M; ++m)
        for (int n = 0; n < GATES; ++n) acc[m][n] = load(sums + m * GATE_FLOATS + n * LANES);
    for (int s = 0; s < count; ++s, gates += stride) {
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

// ---------------------------------------------------------------- memory, weights in the kernels' order

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

    explicit Sizes(const Problem& p)
        : steps(p.steps), batch(p.batch), inputs(p.inputs), hidden(p.hidden), vocabulary(p.vocabulary),
          units(static_cast<int>((p.hidden + LANES - 1) / LANES)),
          input_vectors(static_cast<int>((p.inputs + LANES - 1) / LANES)),
          width(static_cast<int64_t>(units) * GATE_FLOATS) {}
    int lanes(int unit) const { return static_cast<int>(std::min<int64_t>(LANES, hidden - unit * LANES)); }
    int64_t gradient_floats() const { return width * (inputs + hidden + 1 + vocabulary); }
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

struct Direction {  // one direction's weights for the forward pass
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
};

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
    int panel_size(int panel) const { return std::min(4, vectors - 4 * panel); }
    const float* panel(const Sizes& z, int number) const { return panels + number * 4 * LANES * z.width; }
    float& at(const Sizes& z, int64_t n, int64_t column) {
        const int number = static_cast<int>(column / (4 * LANES));
        return panels[number * 4 * LANES * z.width + n * panel_size(number) * LANES + column % (4 * LANES)];
    }
};

// ---------------------------------------------------------------- blocks of rows

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

// ---------------------------------------------------------------- forward

struct Step {  // what one time step of one block reads: per active row, its input and its previous state
    const float* x[BLOCK];
    const float* h[BLOCK];
    const float* start[BLOCK];  // the gates' start values: bias or a token's row of the table
};

inline const float* previous_state(const Problem& p, const Sizes& z, int direction, int64_t t, int64_t row, int64_t length,
                                   const float* zeros) {
    const int64_t before = direction == 0 ? t - 1 : t + 1;
    if (before < 0 || before >= length) return zeros;
    return p.y + (before * z.batch + row) * 2 * z.hidden + direction * z.hidden;
}

void forward_block(const Problem& p, const Sizes& z, const Direction& w, const Block& block, int direction, const float* zeros) {
    const int rows = static_cast<int>(block.rows.size());
    Buffer cells(static_cast<int64_t>(rows) * z.units * LANES);
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
                    float* cell = cells + ((first + m) * z.units + u) * LANES;
                    const Vec i = sigmoid(acc[m][0]), f = sigmoid(acc[m][1]), g = tanh(acc[m][2]), o = sigmoid(acc[m][3]);
                    const Vec c = f * load(cell) + i * g;
                    store(cell, c);
                    float* h = p.y + (t * z.batch + block.rows[first + m]) * 2 * z.hidden + direction * z.hidden + u * LANES;
                    store_first(h, o * tanh(c), z.lanes(u));
                    if (!saved) continue;
                    float* keep = saved + ((first + m) * z.units + u) * SAVED;
                    store(keep, i), store(keep + LANES, f), store(keep + 2 * LANES, g), store(keep + 3 * LANES, o);
                    store(keep + 4 * LANES, c);
                }
            });
    }
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

// ---------------------------------------------------------------- backward

// Sums of weight gradients in the forward kernels' order: [units][I][4][LANES], [units][H][4][LANES], bias, table.
struct Gradient {
    Buffer sums;
    explicit Gradient(const Sizes& z) : sums(z.gradient_floats()) {}
    float* in() const { return sums; }
    float* state(const Sizes& z) const { return sums + z.width * z.inputs; }
    float* bias(const Sizes& z) const { return sums + z.width * (z.inputs + z.hidden); }
    float* table(const Sizes& z) const { return bias(z) + z.width; }
};

// Gate gradients of some steps, with what they multiply, until they are added to the weight gradients together.
struct Samples {
    Buffer gates;
    std::vector<const float*> x, h;
    std::vector<int> token;
    int count = 0;
    explicit Samples(const Sizes& z) : gates(SAMPLES * z.width), x(SAMPLES), h(SAMPLES), token(SAMPLES) {}
};

void add_weight_gradients(const Problem& p, const Sizes& z, Samples& samples, const Gradient& gradient) {
    const int stride = static_cast<int>(z.width), count = samples.count;
    auto add = [&](float* sums, const std::vector<const float*>& columns, int depth, int u) {
        for_tiles(depth, [&](auto size, int first) {
            float* to = sums + (static_cast<int64_t>(u) * depth + first) * GATE_FLOATS;
            outer_product<decltype(size)::value>(to, columns.data(), first, samples.gates + u * GATE_FLOATS, stride, count);
        });
    };
    for (int u = 0; u < z.units; ++u) {
        add(gradient.in(), samples.x, static_cast<int>(z.inputs), u);
        add(gradient.state(z), samples.h, static_cast<int>(z.hidden), u);
    }
    for (int s = 0; s < count; ++s) {
        float* to = p.tokens ? gradient.table(z) + samples.token[s] * z.width : gradient.bias(z);
        const float* from = samples.gates + s * z.width;
        for (int64_t n = 0; n < z.width; n += LANES) store(to + n, load(to + n) + load(from + n));
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
                     int active, const float* const* gates, float* dh) {
    for (int panel = 0; panel * 4 < w.vectors; ++panel) {
        const float* weights = w.panel(z, panel);
        auto run = [&](auto panel_size) {
            constexpr int N = decltype(panel_size)::value;
            for_tiles(active, [&](auto size, int first) {
                constexpr int M = decltype(size)::value;
                Vec acc[M][N] = {};
                product<M, N>(acc, gates + first, z.width, weights);
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
                    const Gradient& gradient, Samples& samples, const float* zeros) {
    const int rows = static_cast<int>(block.rows.size());
    const int64_t stride = static_cast<int64_t>(rows) * z.units * SAVED;
    Buffer dh(static_cast<int64_t>(rows) * z.units * LANES), dc(static_cast<int64_t>(rows) * z.units * LANES);
    for (int r = 0; p.dlast && r < rows; ++r)
        std::copy_n(p.dlast + (direction * z.batch + block.rows[r]) * z.hidden, z.hidden, dh + r * z.units * LANES);
    for (int64_t s = 0; s < block.steps(); ++s) {
        const int64_t t = direction == 0 ? block.steps() - 1 - s : s, before = direction == 0 ? t - 1 : t + 1;
        const int active = block.active(t);
        if (samples.count + active > SAMPLES) add_weight_gradients(p, z, samples, gradient);
        const float* saved = p.saved + block.saved + direction * block.saved_floats + t * stride;
        const float* gates[BLOCK];
        for (int r = 0; r < active; ++r) {
            const int64_t at = t * z.batch + block.rows[r], sample = samples.count + r;
            samples.x[sample] = p.x + at * z.inputs;
            samples.h[sample] = previous_state(p, z, direction, t, block.rows[r], block.lengths[r], zeros);
            samples.token[sample] = p.tokens ? p.tokens[at] : 0;
            gates[r] = samples.gates + sample * z.width;
            const bool has_before = before >= 0 && before < block.lengths[r];
            for (int u = 0; u < z.units; ++u) {
                const float* keep = saved + (r * z.units + u) * SAVED;
                Vec dh_here = load(dh + (r * z.units + u) * LANES);
                if (p.dy) dh_here += load_first(p.dy + at * 2 * z.hidden + direction * z.hidden + u * LANES, z.lanes(u));
                gate_gradients(keep, has_before ? keep + (before - t) * stride : nullptr, dh_here,
                               dc + (r * z.units + u) * LANES, samples.gates + sample * z.width + u * GATE_FLOATS);
            }
        }
        samples.count += active;
        input_gradients(p, z, w, block, direction, t, active, gates, dh);
    }
    add_weight_gradients(p, z, samples, gradient);
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
            if (p.dbias) p.dbias[direction * rows + g * z.hidden + h] = total.bias(z)[gate_at(g, h)];
            for (int64_t v = 0; v < z.vocabulary; ++v)
                p.dtable[(direction * z.vocabulary + v) * rows + g * z.hidden + h] = total.table(z)[v * z.width + gate_at(g, h)];
        }
}

// ---------------------------------------------------------------- threads

struct FlushDenormals {
    const unsigned before = _mm_getcsr();
    FlushDenormals() { _mm_setcsr(before | 0x8040); }
    ~FlushDenormals() { _mm_setcsr(before); }
};

// Runs f(group) for every group; which thread runs it changes nothing in the result.
template <class F>
void for_groups(int groups, int64_t threads, F f) {
    const int workers = static_cast<int>(std::max<int64_t>(1, std::min<int64_t>(threads, groups)));
    std::vector<std::exception_ptr> failures(workers);
    auto work = [&](int worker) {
        FlushDenormals flush;
        try {
            for (int group = worker; group < groups; group += workers) f(group);
        } catch (...) {
            failures[worker] = std::current_exception();
        }
    };
    std::vector<std::thread> others;
    for (int worker = 1; worker < workers; ++worker) others.emplace_back(work, worker);
    work(0);
    for (std::thread& other : others) other.join();
    for (const std::exception_ptr& failure : failures)
        if (failure) std::rethrow_exception(failure);
}

void forward(const Problem& p) {
    const Sizes z(p);
    const std::vector<Block> blocks = make_blocks(p, z);
    const Direction directions[2] = {Direction(p, z, 0), Direction(p, z, 1)};
    const Buffer zeros(z.hidden);
    const int groups = static_cast<int>(std::min<size_t>(GROUPS, blocks.size()));
    for_groups(groups, p.threads, [&](int group) {
        for (size_t b = group; b < blocks.size(); b += groups) {
            for (int direction : {0, 1}) forward_block(p, z, directions[direction], blocks[b], direction, zeros);
            finish_rows(p, z, blocks[b]);
        }
    });
}

void backward(const Problem& p) {
    const Sizes z(p);
    const std::vector<Block> blocks = make_blocks(p, z);
    const Transposed directions[2] = {Transposed(p, z, 0), Transposed(p, z, 1)};
    const Buffer zeros(z.hidden);
    const int groups = static_cast<int>(std::min<size_t>(GROUPS, blocks.size()));
    std::vector<Gradient> gradients;
    for (int g = 0; g < 2 * groups; ++g) gradients.emplace_back(z);
    for_groups(groups, p.threads, [&](int group) {
        Samples samples(z);
        for (size_t b = group; b < blocks.size(); b += groups) {
            for (int direction : {0, 1})
                backward_block(p, z, directions[direction], blocks[b], direction, gradients[2 * group + direction], samples, zeros);
            clear_input_gradients(p, z, blocks[b]);
        }
    });
    for (int direction : {0, 1}) {
        float* total = gradients[direction].sums;
        for (int group = 1; group < groups; ++group) {
            const float* part = gradients[2 * group + direction].sums;
            for (int64_t n = 0; n < z.gradient_floats(); ++n) total[n] += part[n];
        }
        write_gradients(p, z, direction, gradients[direction]);
    }
}

template <class F>
int guarded(F f) {  // no exception may leave through a C interface
    try {
        f();
        return 0;
    } catch (...) {
        return 1;
    }
}

}  // namespace

extern "C" {
// Floats that `forward` keeps for `backward`; -1 where memory ran out.
int64_t hpo_saved_floats(const Problem* p) {
    int64_t total = 0;
    const int failed = guarded([&] {
        for (const Block& block : make_blocks(*p, Sizes(*p))) total += 2 * block.saved_floats;
    });
    return failed ? -1 : total;
}
// 0, or 1 where memory or threads ran out.
int hpo_forward(const Problem* p) { return guarded([&] { forward(*p); }); }
int hpo_backward(const Problem* p) { return guarded([&] { backward(*p); }); }

// The nonlinearities alone, for their test: values[n] -> sigmoids[n], tanhs[n].
void hpo_nonlinearities(const float* values, float* sigmoids, float* tanhs, int64_t n) {
    for (int64_t first = 0; first < n; first += LANES) {
        const int lanes = static_cast<int>(std::min<int64_t>(LANES, n - first));
        const Vec v = load_first(values + first, lanes);
        store_first(sigmoids + first, sigmoid(v), lanes);
        store_first(tanhs + first, tanh(v), lanes);
    }
}
}
