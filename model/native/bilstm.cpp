// One bidirectional LSTM layer on a CPU, fp32: outputs, final states, and all gradients.
//
// Rows (sequences) are sorted by length and cut into blocks; a block runs through time on its own, so that its states
// stay in the nearest caches and work beyond a row's length is never done. Within a step, a tile of up to TILE rows
// times one vector of units keeps its four gates in registers from the matrix product to the new state.
// Blocks belong to a fixed number of groups, each with a weight gradient of its own, added in the groups' order:
// the numbers do not depend on the number of threads.
//
// Gate order i, f, g, o as in torch.nn.LSTM. "ahead" is direction 0, "back" is direction 1.

#include <exception>
#include <system_error>
#include <thread>
#include <vector>

#include "backward.h"
#include "dropout.h"
#include "forward.h"

namespace {

constexpr int GROUPS = 8;
constexpr int64_t DROPPED_PART = 1 << 17;  // floats that are worth a thread

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
    others.reserve(workers);
    for (int worker = 1; worker < workers; ++worker) try {
            others.emplace_back(work, worker);
        } catch (const std::system_error&) {
            work(worker);  // the system has no thread to give
        }
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

void drop_all(const float* values, const int16_t* bits, float* kept, int64_t n, int lowest, float scale, int64_t threads) {
    const int parts = static_cast<int>(std::max<int64_t>(1, std::min(threads, n / DROPPED_PART)));
    for_groups(parts, threads, [&](int part) {
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
