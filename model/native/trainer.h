// Optimizer steps on a whole network, many in one call: rows into blocks, forward, backward, clipping, Adam.
//
// For rows of few steps, where a step's arithmetic is small beside what it costs to ask torch for it. A block goes
// through all layers and back before the next one begins, so what the layers keep for the way back stays in the
// caches. Blocks belong to groups that depend on the batch's size alone, as in bilstm.cpp: any number of threads
// gives the same numbers.
#pragma once

#include <cstdint>
#include <vector>

#include "batch.h"
#include "network.h"
#include "random.h"
#include "threads.h"

namespace {

constexpr double THREADED = 1e7;  // floating-point operations of a step that are worth a second thread

class Trainer {
  public:
    explicit Trainer(const Training& t)
        : t_(t), n_{t.layers, t.embedding, t.hidden, t.vocabulary, t.pooling}, z_(n_.sizes(0)),
          layout_(z_, t.embedding, t.places, t.vocabulary, t.layers, t.counted != nullptr),
          state_(z_, layout_, t.parameters), batch_(t) {
        int64_t rows = 0, steps = 0, row_steps = 0;  // of the largest batches
        for (int64_t s = t.first; s < t.end; ++s) {
            const int64_t batch = t.bounds[s + 1] - t.bounds[s];
            rows = std::max(rows, batch), steps = std::max(steps, t.longest[s]);
            row_steps = std::max(row_steps, batch * t.longest[s]);
        }
        const int groups = groups_of(rows);
        for (int64_t l = 0; l < n_.layers; ++l)
            for (int d : {0, 1}) layers_.emplace_back(n_.sizes(l), layout_.direction(l, d), state_.weights);
        for (int g = 1; g < groups; ++g) gradients_.emplace_back(layout_.recurrent);
        for (int64_t w = 0; w < std::min<int64_t>(groups, t.threads); ++w) works_.emplace_back(n_, steps);
        dx_ = Buffer(row_steps * n_.embedding), pooled_ = Buffer(rows * n_.width());
        logits_ = Buffer(rows), dlogits_ = Buffer(rows);
        if (t.stream) bits_.resize((n_.layers - 1) * words(row_steps) + words(rows)), masks_.resize(n_.layers);
    }
    void run() {
        for (int64_t s = t_.first; s < t_.end; ++s) step(s);
        state_.store_back();
    }

  private:
    const Training& t_;
    const Network n_;
    const Sizes z_;
    const Layout layout_;
    State state_;
    Batch batch_;
    std::vector<Layer> layers_;
    std::vector<Buffer> gradients_;  // of the layers, by all groups but the first
    std::vector<Work> works_;        // one for each thread
    Buffer dx_, pooled_, logits_, dlogits_;
    std::vector<uint64_t> bits_;
    std::vector<Mask> masks_;  // between layers, then that of what was pooled

    static int groups_of(int64_t rows) { return static_cast<int>(std::min<int64_t>(GROUPS, (Batch::blocks(rows) + 1) / 2)); }
    int64_t words(int64_t vectors) const { return (vectors * n_.width() + 3) / 4; }
    const float* weights(const Part& part) const { return state_.weights + part.offset; }
    float* gradient(const Part& part) const { return state_.gradient + part.offset; }

    void step(int64_t s) {
        batch_.take(s);
        draw_masks();
        for (Layer& layer : layers_) layer.renew(state_.weights);
        const int groups = groups_of(batch_.size);
        const double operations = 6.0 * layout_.recurrent * batch_.size * batch_.longest;
        for_groups(groups, operations < THREADED ? 1 : t_.threads, [&](int group, int worker) {
            if (group) std::memset(gradients_[group - 1], 0, sizeof(float) * layout_.recurrent);
            for (size_t c = group; c < batch_.cuts.size(); c += groups) pass(works_[worker], batch_.cuts[c], group);
        });
        add_up(groups);
        const AdamSettings settings{t_.beta1, t_.beta2, t_.epsilon, t_.weight_decay};
        state_.step(settings, t_.rates[s], t_.longest_gradient);
    }

    // In the order and for the shapes in which the network draws them on its way through torch.
    void draw_masks() {
        uint64_t* next = bits_.data();
        for (size_t l = 0; l < masks_.size(); ++l) {
            const int64_t n = words(l + 1 < masks_.size() ? batch_.size * batch_.longest : batch_.size);
            draw(t_.stream, next, n);
            masks_[l] = {reinterpret_cast<const int16_t*>(next), static_cast<int>(t_.lowest), static_cast<float>(t_.kept_scale), n_.width()};
            next += n;
        }
    }

    void pass(Work& work, const Cut& cut, int group) {
        work.take(batch_, cut);
        work.forward(layers_, weights(layout_.embedding()), weights(layout_.positions()), masks_, batch_.size);
        for (int64_t r = 0; r < work.rows(); ++r) judge(work, r);
        float* layers = group ? gradients_[group - 1] : state_.gradient;
        work.backward(layers_, layers, masks_, batch_.size, dx_ + cut.before * n_.embedding);
    }

    // From what was pooled of a row to its logit, and the gradient back to there.
    void judge(Work& work, int64_t r) {
        const int64_t b = work.in_batch[r], width = n_.width();
        float *pooled = pooled_ + b * width, *dpooled = work.pooled + r * width;
        const float* output = weights(layout_.output());
        std::copy_n(dpooled, width, pooled);
        if (!masks_.empty()) masks_.back().apply(pooled, b * width, pooled);
        float logit = *weights(layout_.output_bias());
        for (int64_t i = 0; i < width; ++i) logit += output[i] * pooled[i];
        for (int64_t t = 0; layout_.linear && t < batch_.length(b); ++t) {
            const int64_t token = batch_.tokens(b)[t], place = token - token % n_.vocabulary;
            const float* table = weights(layout_.table());
            logit += table[token] * t_.counted[token] + table[place] * t_.counted[place];
        }
        logits_[b] = logit, dlogits_[b] = batch_.slope(b, logit);
        for (int64_t i = 0; i < width; ++i) dpooled[i] = dlogits_[b] * output[i];
        if (!masks_.empty()) masks_.back().apply(dpooled, b * width, dpooled);
    }

    // Everything that several blocks add to, in one order: the layers' gradients of the groups, and all others.
    void add_up(int groups) {
        for (int g = 1; g < groups; ++g)
            for (int64_t i = 0; i < layout_.recurrent; ++i) state_.gradient[i] += gradients_[g - 1][i];
        for (const Layer& layer : layers_)  // two biases that are added have one gradient
            std::copy_n(gradient(layer.parts.bias), z_.width, gradient(layer.parts.state_bias));
        for (int64_t b = 0; b < batch_.size; ++b) add_row(b);
        for (const Cut& cut : batch_.cuts)
            for (int64_t r = 0; r < cut.rows(); ++r) add_embedded(cut, r);
    }

    void add_row(int64_t b) {
        batch_.count(b, logits_[b]);
        float* output = gradient(layout_.output());
        for (int64_t i = 0; i < n_.width(); ++i) output[i] += dlogits_[b] * pooled_[b * n_.width() + i];
        *gradient(layout_.output_bias()) += dlogits_[b];
        for (int64_t t = 0; layout_.linear && t < batch_.length(b); ++t) {
            const int64_t token = batch_.tokens(b)[t], place = token - token % n_.vocabulary;
            gradient(layout_.table())[token] += dlogits_[b] * t_.counted[token];
            gradient(layout_.table())[place] += dlogits_[b] * t_.counted[place];
        }
    }

    void add_embedded(const Cut& cut, int64_t r) {
        const int64_t b = batch_.order[cut.first + r];
        for (int64_t t = 0; t < batch_.length(b); ++t) {
            const float* from = dx_ + (cut.before + t * cut.rows() + r) * n_.embedding;
            const int64_t token = batch_.tokens(b)[t], letter = token % n_.vocabulary, place = token / n_.vocabulary;
            add(from, gradient(layout_.positions()) + place * n_.embedding);
            if (letter) add(from, gradient(layout_.embedding()) + letter * n_.embedding);  // letter 0 is padding
        }
    }
    void add(const float* from, float* to) const {
        for (int64_t i = 0; i < n_.embedding; ++i) to[i] += from[i];
    }
};

void train(const Training& t) {
    FlushDenormals flush;
    Trainer(t).run();
}

}  // namespace
