// The parameters of a network in one array, the recurrent ones in the kernels' order: packed once for many steps.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "adam.h"
#include "backward.h"
#include "training.h"

namespace {

struct Part {  // where a parameter lies in the array
    int64_t offset, floats, count, columns;  // `count` of its `floats` in use; columns of a gates' matrix, or 0

    // f(position in the array, position in torch's tensor)
    template <class F>
    void each(const Sizes& z, F f) const {
        if (columns) return for_weights(z, columns, [&](int64_t here, int64_t there) { f(offset + here, there); });
        for (int64_t i = 0; i < count; ++i) f(offset + i, i);
    }
};

struct Recurrent {  // the parts of one direction of one layer; a `Gradient` begins at `in`
    Part in, state, bias, state_bias;
};

// Parts in the order of the C interface: embedding, positions, the directions of every layer, output, linear.
struct Layout {
    std::vector<Part> parts;
    int64_t floats = 0, recurrent = 0;  // all; those of the layers, which come first
    int64_t layers;
    bool linear;

    Layout(const Sizes& z, int64_t embedding, int64_t places, int64_t vocabulary, int64_t layers, bool linear)
        : parts(2 + 8 * layers), layers(layers), linear(linear) {
        for (int64_t l = 0; l < layers; ++l)
            for (int direction : {0, 1}) {
                const int64_t inputs = l == 0 ? embedding : 2 * z.hidden, at = 2 + 8 * l + 4 * direction;
                const int64_t columns[] = {inputs, z.hidden, 1, 1};
                for (int i = 0; i < 4; ++i) parts[at + i] = add(z.width * columns[i], GATES * z.hidden * columns[i], columns[i]);
            }
        recurrent = floats;
        parts[0] = add(vocabulary * embedding);
        parts[1] = add(places * embedding);
        parts.push_back(add(2 * z.hidden));
        parts.push_back(add(1));
        if (linear) parts.push_back(add(places * vocabulary));
    }
    const Part& embedding() const { return parts[0]; }
    const Part& positions() const { return parts[1]; }
    const Part& output() const { return parts[2 + 8 * layers]; }
    const Part& output_bias() const { return parts[3 + 8 * layers]; }
    const Part& table() const { return parts[4 + 8 * layers]; }
    Recurrent direction(int64_t layer, int direction) const {
        const Part* first = &parts[2 + 8 * layer + 4 * direction];
        return {first[0], first[1], first[2], first[3]};
    }

  private:
    Part add(int64_t size, int64_t count, int64_t columns) {
        floats += size;
        return {floats - size, size, count, columns};
    }
    Part add(int64_t count) { return add((count + LANES - 1) / LANES * LANES, count, 0); }
};

// Weights, Adam's moments and the gradient, packed; `store_back` writes all but the gradient to torch's memory.
class State {
  public:
    Buffer weights, gradient;

    State(const Sizes& z, const Layout& layout, const Parameter* parameters)
        : weights(layout.floats), gradient(layout.floats), z_(z), layout_(layout), parameters_(parameters),
          means_(layout.floats), squares_(layout.floats), steps_(layout.parts.size()) {
        exchange([](float& here, float& there) { here = there; });
    }
    void store_back() {
        exchange([](float& here, float& there) { there = here; });
    }
    // Follows the gradient, cut to `longest`, and sets it to 0.
    void step(const AdamSettings& settings, double rate, double longest) {
        const double factor = longest / (std::sqrt(sum_of_squares(gradient, layout_.floats)) + 1e-6);
        for (size_t i = 0; i < layout_.parts.size(); ++i) {
            const int64_t at = layout_.parts[i].offset;
            // Not std::min: a NaN is to reach the weights, as it does in torch, and then the loss.
            adam(settings, rate, ++steps_[i], factor > 1.0 ? 1.0f : static_cast<float>(factor),
                 layout_.parts[i].floats, weights + at, means_ + at, squares_ + at, gradient + at);
        }
    }

  private:
    const Sizes& z_;
    const Layout& layout_;
    const Parameter* parameters_;
    Buffer means_, squares_;
    std::vector<float> steps_;  // that each parameter has taken

    template <class F>
    void exchange(F f) {
        for (size_t i = 0; i < layout_.parts.size(); ++i) {
            const Parameter& p = parameters_[i];
            f(steps_[i], *p.step);
            layout_.parts[i].each(z_, [&](int64_t here, int64_t there) {
                f(weights[here], p.weights[there]);
                f(means_[here], p.means[there]);
                f(squares_[here], p.squares[there]);
            });
        }
    }
};

}  // namespace
