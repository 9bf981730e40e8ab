// The whole network on one block of rows: forward to the logits, backward to the gradients of its layers.
#pragma once

#include <cstdint>
#include <vector>

#include "dropout.h"
#include "parameters.h"
#include "pooling.h"

namespace {

struct Network {  // sizes and switches
    int64_t layers, embedding, hidden, vocabulary, places, pooling;
    bool linear;
    Sizes sizes(int64_t layer) const {
        Problem p{};
        p.inputs = layer == 0 ? embedding : 2 * hidden;
        p.hidden = hidden;
        return Sizes(p);
    }
};

struct Layer {  // what both passes of all blocks read of one direction of one layer, as the weights are in this step
    Recurrent parts;
    Sizes z;
    Buffer bias;
    Weights weights;
    Transposed transposed;

    Layer(const Sizes& sizes, const Recurrent& recurrent, const float* all)
        : parts(recurrent), z(sizes), bias(z.width),
          weights{all + parts.in.offset, all + parts.state.offset, bias, nullptr}, transposed(z, weights) {}
    void renew(const float* all) {
        for (int64_t i = 0; i < z.width; ++i) bias[i] = all[parts.bias.offset + i] + all[parts.state_bias.offset + i];
        transposed.fill(z, weights);
    }
};

struct Mask {  // of one tensor [..., B, 2H]; no bits: nothing is dropped
    const int16_t* bits;
    int lowest;
    float scale;
    void apply(const float* values, int64_t at, float* kept, int64_t n) const { drop(values, bits + at, kept, n, lowest, scale); }
};

// A block of rows with everything that its passes write; made once, used for one block after another.
class Work {
  public:
    Block block{};                          // its rows count from 0; longest first
    std::vector<int64_t> places_in_batch;   // of each row
    std::vector<const int32_t*> tokens;     // of each row
    Buffer pooled, dpooled;                 // [rows, 2H], dropped

    Work(const Network& n, int64_t steps)
        : pooled(BLOCK * 2 * n.hidden), dpooled(BLOCK * 2 * n.hidden), n_(n), x_(steps * BLOCK * n.embedding),
          dx_(steps * BLOCK * 2 * n.hidden), dy_(steps * BLOCK * 2 * n.hidden), dlast_(2 * BLOCK * n.hidden),
          zeros_(n.hidden), samples_(n.sizes(0)) {
        for (int64_t l = 0; l < n.layers; ++l) {
            y_.emplace_back(steps * BLOCK * 2 * n.hidden);
            kept_.emplace_back(steps * BLOCK * 2 * n.hidden);
            saved_.emplace_back(2 * steps * BLOCK * n.sizes(l).units * SAVED);
        }
    }
    int64_t rows() const { return static_cast<int64_t>(block.rows.size()); }

    // From the rows' tokens to `pooled`, not yet dropped. `masks`: of the outputs of all layers but the last.
    void forward(const std::vector<Layer>& layers, const float* embedding, const float* positions, const Mask* masks, int64_t batch) {
        block.saved_floats = block.steps() * rows() * layers[0].z.units * SAVED;
        embed(embedding, positions);
        for (int64_t l = 0; l < n_.layers; ++l) {
            const Problem p = problem(l, masks);
            for (int d : {0, 1}) forward_block(p, Sizes(p), layers[2 * l + d].weights, block, d, zeros_);
            if (l + 1 < n_.layers && masks) drop_steps(masks[l], batch, y_[l], kept_[l]);
        }
        for (int64_t r = 0; r < rows(); ++r)
            pool(n_.pooling, y_.back() + r * width(), rows() * width(), block.lengths[r], n_.hidden, pooled + r * width());
    }

    // From `dpooled` to the gradient of every layer, and of what was embedded: dx [steps, rows, E].
    void backward(const std::vector<Layer>& layers, float* gradient, const Mask* masks, int64_t batch, float* dx) {
        unpool();
        for (int64_t l = n_.layers - 1; l >= 0; --l) {
            Problem p = problem(l, masks);
            const bool last = l == n_.layers - 1, by_state = last && n_.pooling == LAST;
            p.dy = by_state ? nullptr : static_cast<float*>(dy_);
            p.dlast = by_state ? static_cast<float*>(dlast_) : nullptr;
            p.dx = l == 0 ? dx : dx_;
            for (int d : {0, 1}) {
                const Layer& w = layers[2 * l + d];
                backward_block(p, Sizes(p), w.transposed, block, d, Gradient{gradient + w.parts.in.offset}, samples_, zeros_);
            }
            if (l == 0) return;
            masks ? drop_steps(masks[l - 1], batch, dx_, dy_) : std::swap(dx_, dy_);
        }
    }

  private:
    const Network& n_;
    Buffer x_, dx_, dy_, dlast_, zeros_;
    std::vector<Buffer> y_, kept_, saved_;
    Samples samples_;

    int64_t width() const { return 2 * n_.hidden; }

    // f(row, position of its step among the block's steps, position of its step among the batch's)
    template <class F>
    void each_step(int64_t batch, F f) const {
        for (int64_t t = 0; t < block.steps(); ++t)
            for (int64_t r = 0, active = block.active(t); r < active; ++r) f(r, t * rows() + r, t * batch + places_in_batch[r]);
    }
    void embed(const float* embedding, const float* positions) {
        each_step(0, [&](int64_t r, int64_t at, int64_t) {
            const int32_t token = tokens[r][at / rows()];
            const float* letter = embedding + token % n_.vocabulary * n_.embedding;
            const float* place = positions + token / n_.vocabulary * n_.embedding;
            for (int64_t i = 0; i < n_.embedding; ++i) x_[at * n_.embedding + i] = letter[i] + place[i];
        });
    }
    void drop_steps(const Mask& mask, int64_t batch, const float* values, float* kept) const {
        each_step(batch, [&](int64_t, int64_t at, int64_t in_batch) {
            mask.apply(values + at * width(), in_batch * width(), kept + at * width(), width());
        });
    }
    void unpool() {
        for (int64_t r = 0; r < rows(); ++r) {
            const float* from = dpooled + r * width();
            if (n_.pooling == LAST)
                for (int d : {0, 1}) std::copy_n(from + d * n_.hidden, n_.hidden, dlast_ + (d * rows() + r) * n_.hidden);
            else
                spread(n_.pooling, from, y_.back() + r * width(), rows() * width(), block.lengths[r], n_.hidden, dy_ + r * width());
        }
    }
    Problem problem(int64_t layer, const Mask* masks) const {
        Problem p{};
        p.steps = block.steps(), p.batch = rows(), p.hidden = n_.hidden, p.inputs = layer ? width() : n_.embedding;
        p.x = layer == 0 ? x_ : masks ? kept_[layer - 1] : y_[layer - 1];
        p.y = y_[layer], p.saved = saved_[layer];
        return p;
    }
};

}  // namespace
