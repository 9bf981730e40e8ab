// One bidirectional LSTM layer on a CPU, fp32: outputs, final states, and all gradients.
//
// Rows (sequences) are sorted by length and cut into blocks; a block runs through time on its own, so that its states
// stay in the nearest caches and work beyond a row's length is never done. Within a step, a tile of up to TILE rows
// times one vector of units keeps its four gates in registers from the matrix product to the new state.
// Blocks belong to a fixed number of groups, each with a weight gradient of its own, added in the groups' order:
// the numbers do not depend on the number of threads.
//
// `trainer.h` takes whole optimizer steps with the same blocks: one call, many batches.
//
// Gate order i, f, g, o as in torch.nn.LSTM. "ahead" is direction 0, "back" is direction 1.

#include <vector>

#include "backward.h"
#include "dropout.h"
#include "forward.h"
#include "threads.h"
#include "trainer.h"

namespace {

constexpr int64_t DROPPED_PART = 1 << 17;  // floats that are worth a thread

void forward(const Problem& p) {
    const Sizes z(p);
    const std::vector<Block> blocks = make_blocks(p, z);
    const Direction directions[2] = {Direction(p, z, 0), Direction(p, z, 1)};
    const Buffer zeros(z.hidden);
    const int groups = static_cast<int>(std::min<size_t>(GROUPS, blocks.size()));
    for_groups(groups, p.threads, [&](int group, int) {
        Carried carried(z);
        for (size_t b = group; b < blocks.size(); b += groups) {
            for (int direction : {0, 1}) forward_block(p, z, directions[direction].weights(), blocks[b], direction, carried, zeros);
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
    std::vector<Buffer> gradients;
    for (int g = 0; g < 2 * groups; ++g) gradients.emplace_back(z.gradient_floats());
    for_groups(groups, p.threads, [&](int group, int) {
        Samples samples(z);
        Carried carried(z);
        for (size_t b = group; b < blocks.size(); b += groups) {
            for (int direction : {0, 1})
                backward_block(p, z, directions[direction], blocks[b], direction, Gradient{gradients[2 * group + direction]}, samples, carried, zeros);
            clear_input_gradients(p, z, blocks[b]);
        }
    });
    for (int direction : {0, 1}) {
        float* total = gradients[direction];
        for (int group = 1; group < groups; ++group) {
            const float* part = gradients[2 * group + direction];
            for (int64_t n = 0; n < z.gradient_floats(); ++n) total[n] += part[n];
        }
        write_gradients(p, z, direction, Gradient{total});
    }
}

void drop_all(const float* values, const int16_t* bits, float* kept, int64_t n, int lowest, float scale, int64_t threads) {
    const int parts = static_cast<int>(std::max<int64_t>(1, std::min(threads, n / DROPPED_PART)));
    for_groups(parts, threads, [&](int part, int) {
        const int64_t first = n * part / parts, end = n * (part + 1) / parts;
        drop(values + first, bits + first, kept + first, end - first, lowest, scale);
    });
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
int hpo_train(const Training* t) { return guarded([&] { train(*t); }); }
int hpo_drop(const float* values, const int16_t* bits, float* kept, int64_t n, int lowest, float scale, int64_t threads) {
    return guarded([&] { drop_all(values, bits, kept, n, lowest, scale, threads); });
}

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
