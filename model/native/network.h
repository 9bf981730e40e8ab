// The layers of a network on one block of rows: forward to what is pooled, backward to the gradients.
#pragma once

#include <cstdint>
#include <vector>

#include "batch.h"
#include "dropout.h"
#include "parameters.h"
#include "pooling.h"

namespace {

struct Network {
    int64_t layers, embedding, hidden, vocabulary, pooling;
    int64_t width() const { return 2 * hidden; }
    Sizes sizes(int64_t layer) const {
        Problem p{};
        p.inputs = layer ? width() : embedding, p.hidden = hidden;
        return Sizes(p);
    }
};

struct Layer {  // one direction of one layer, as its weights are in this step
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

struct Mask {  // of vectors of `width` values
    const int16_t* bits;
    int lowest;
    float scale;
    int64_t width;
    // Drops values of one vector, whose bits begin at `at`.
    void apply(const float* values, int64_t at, float* kept) const { drop(values, bits + at, kept, width, lowest, scale); }
};
using Masks = std::vector<Mask>;  // between the layers, then that of what is pooled; empty where nothing is dropped

// A block of rows with everything that its passes write: made once, used for one block after another.
class Work {
  public:
    std::vector<int64_t> in_batch;  // the place of each row in its batch
    Buffer pooled;                  // [rows, 2H], between the passes

    Work(const Network& n, int64_t steps)
        : pooled(BLOCK * n.width()), n_(n), x_(steps * BLOCK * n.embedding), dx_(steps * BLOCK * n.width()),
          dy_(steps * BLOCK * n.width()), dlast_(BLOCK * n.width()), zeros_(n.hidden), samples_(n.sizes(0)), carried_(n.sizes(0)) {
        for (int64_t l = 0; l < n.layers; ++l) {
            y_.emplace_back(steps * BLOCK * n.width());
            kept_.emplace_back(steps * BLOCK * n.width());
            saved_.emplace_back(2 * steps * BLOCK * n.sizes(l).units * SAVED);
        }
    }
    int64_t rows() const { return static_cast<int64_t>(in_batch.size()); }

    void take(const Batch& batch, const Cut& cut) {
        in_batch.clear(), block_.rows.clear(), block_.lengths.clear(), tokens_.clear();
        for (int64_t r = 0; r < cut.rows(); ++r) {
            const int64_t b = batch.order[cut.first + r];
            in_batch.push_back(b);
            block_.rows.push_back(r);
            block_.lengths.push_back(batch.length(b));
            tokens_.push_back(batch.tokens(b));
        }
        block_.saved_floats = block_.steps() * rows() * n_.sizes(0).units * SAVED;
    }

    // From the rows' tokens to `pooled`, of which nothing is dropped yet; `batch` is the batch's size.
    void forward(const std::vector<Layer>& layers, const float* embedding, const float* positions, const Masks& masks, int64_t batch) {
        embed(embedding, positions);
        for (int64_t l = 0; l < n_.layers; ++l) {
            const Problem p = problem(l, masks);
            for (int d : {0, 1}) forward_block(p, Sizes(p), layers[2 * l + d].weights, block_, d, carried_, zeros_);
            if (l + 1 < n_.layers && !masks.empty()) drop_steps(masks[l], batch, y_[l], kept_[l]);
        }
        const float* y = y_.back();
        for (int64_t r = 0; r < rows(); ++r)
            pool(n_.pooling, y + r * n_.width(), rows() * n_.width(), block_.lengths[r], n_.hidden, pooled + r * n_.width());
    }

    // From the gradient in `pooled` to those of the layers, and of what was embedded: dx [steps, rows, E].
    void backward(const std::vector<Layer>& layers, float* gradient, const Masks& masks, int64_t batch, float* dx) {
        unpool();
        for (int64_t l = n_.layers - 1; l >= 0; --l) {
            Problem p = problem(l, masks);
            if (l + 1 == n_.layers && n_.pooling == LAST)
                p.dlast = dlast_;
            else
                p.dy = dy_;
            p.dx = l ? static_cast<float*>(dx_) : dx;
            for (int d : {0, 1}) {
                const Layer& layer = layers[2 * l + d];
                const Gradient sums{gradient + layer.parts.in.offset};
                backward_block(p, Sizes(p), layer.transposed, block_, d, sums, samples_, carried_, zeros_);
            }
            if (l && masks.empty()) std::swap(dx_, dy_);
            if (l && !masks.empty()) drop_steps(masks[l - 1], batch, dx_, dy_);
        }
    }

  private:
    const Network& n_;
    Block block_{};  // its rows count from 0
    std::vector<const int32_t*> tokens_;
    Buffer x_, dx_, dy_, dlast_, zeros_;
    std::vector<Buffer> y_, kept_, saved_;
    Samples samples_;
    Carried carried_;

    Problem problem(int64_t layer, const Masks& masks) const {
        Problem p{};
        p.steps = block_.steps(), p.batch = rows(), p.hidden = n_.hidden, p.inputs = layer ? n_.width() : n_.embedding;
        p.x = layer == 0 ? x_ : masks.empty() ? y_[layer - 1] : kept_[layer - 1];
        p.y = y_[layer], p.saved = saved_[layer];
        return p;
    }
    // f(t, row) for every step of every row
    template <class F>
    void each_step(F f) const {
        for (int64_t t = 0; t < block_.steps(); ++t)
            for (int64_t r = 0, active = block_.active(t); r < active; ++r) f(t, r);
    }
    void embed(const float* embedding, const float* positions) {
        each_step([&](int64_t t, int64_t r) {
            const int64_t token = tokens_[r][t];
            const float* letter = embedding + token % n_.vocabulary * n_.embedding;
            const float* place = positions + token / n_.vocabulary * n_.embedding;
            float* x = x_ + (t * rows() + r) * n_.embedding;
            for (int64_t i = 0; i < n_.embedding; ++i) x[i] = letter[i] + place[i];
        });
    }
    void drop_steps(const Mask& mask, int64_t batch, const float* values, float* kept) const {
        each_step([&](int64_t t, int64_t r) {
            const int64_t at = (t * rows() + r) * n_.width();
            mask.apply(values + at, (t * batch + in_batch[r]) * n_.width(), kept + at);
        });
    }
    void unpool() {
        const float* y = y_.back();
        for (int64_t r = 0; r < rows(); ++r) {
            const int64_t at = r * n_.width();
            if (n_.pooling != LAST)
                spread(n_.pooling, pooled + at, y + at, rows() * n_.width(), block_.lengths[r], n_.hidden, dy_ + at);
            else
                for (int d : {0, 1}) std::copy_n(pooled + at + d * n_.hidden, n_.hidden, dlast_ + (d * rows() + r) * n_.hidden);
        }
    }
};

}  // namespace
