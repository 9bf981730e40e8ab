// Optimizer steps on a whole network, many in one call: rows into blocks, forward, backward, clipping, Adam.
//
// For rows of few steps, where a step's arithmetic is small beside what it costs to ask torch for it. Each row goes
// through all layers and back before the next block begins, so what the layers keep for the way back stays in the
// caches. Blocks belong to groups that depend on the batch's size alone, as in bilstm.cpp: any number of threads
// gives the same numbers.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "network.h"
#include "random.h"
#include "threads.h"

// Mirrored field by field by `Training` in training.py.
struct Training {
    // The network, and the threads of a step.
    int64_t layers, embedding, hidden, vocabulary, places, pooling, threads;
    const float* counted;         // [P, V], 1 where the linear path's table counts; null without one
    const Parameter* parameters;  // in the order of `Layout`
    // The rows: [D, width] tokens, each place * V + letter.
    int64_t width;
    const int32_t* tokens;
    const int64_t* lengths;                // [D], 1 to width
    const float *positives, *negatives;    // [D]
    double positive_weight, negative_weight, scale;
    // The epoch's S batches, of which this call takes those from `first` to before `end`.
    int64_t first, end;
    const int64_t *bounds, *longest, *rows;  // [S + 1] and [S]; [R] as is `share`: rows, batch after batch
    const float* share;
    const double* rates;                     // [S]
    double longest_gradient, beta1, beta2, epsilon, weight_decay;
    // Dropout: the state of its stream, or null where nothing is dropped.
    uint64_t* stream;
    int64_t lowest;
    double kept_scale;
    double* totals;                        // [2] += loss without class weights, and rows told right
};

namespace {

constexpr double THREADED = 4e6;  // multiplications of a step that are worth a second thread

struct Cut {  // a block's rows within the order of its batch, and where the gradient of what it embedded begins
    int64_t first, end, steps, dx;
};

class Trainer {
  public:
    explicit Trainer(const Training& t)
        : t_(t), n_{t.layers, t.embedding, t.hidden, t.vocabulary, t.places, t.pooling, t.counted != nullptr}, z_(n_.sizes(0)),
          layout_(z_, t.embedding, t.places, t.vocabulary, t.layers, t.counted != nullptr), state_(z_, layout_, t.parameters) {
        int64_t rows = 0, steps = 0, row_steps = 0;
        for (int64_t s = t.first; s < t.end; ++s) {
            const int64_t batch = t.bounds[s + 1] - t.bounds[s];
            rows = std::max(rows, batch), steps = std::max(steps, t.longest[s]);
            row_steps = std::max(row_steps, batch * t.longest[s]);
        }
        const int groups = groups_of(blocks_of(rows));
        for (int64_t l = 0; l < n_.layers; ++l)
            for (int d : {0, 1}) layers_.emplace_back(n_.sizes(l), layout_.direction(l, d), state_.weights);
        for (int g = 1; g < groups; ++g) gradients_.emplace_back(layout_.recurrent);
        for (int64_t w = 0; w < std::min<int64_t>(groups, t.threads); ++w) works_.emplace_back(n_, steps);
        dx_ = Buffer(row_steps * n_.embedding), pooled_ = Buffer(rows * width()), logits_ = Buffer(rows), dlogits_ = Buffer(rows);
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
    std::vector<Layer> layers_;
    std::vector<Buffer> gradients_;  // of the layers, by all groups but the first
    std::vector<Work> works_;        // one for each thread
    Buffer dx_, pooled_, logits_, dlogits_;
    std::vector<uint64_t> bits_;
    std::vector<Mask> masks_;  // between layers, then that of what was pooled
    std::vector<int64_t> order_;
    std::vector<Cut> cuts_;

    int64_t width() const { return 2 * n_.hidden; }
    int64_t words(int64_t vectors) const { return (vectors * width() + 3) / 4; }
    static int64_t blocks_of(int64_t rows) { return (rows + BLOCK - 1) / BLOCK; }
    static int groups_of(int64_t blocks) { return static_cast<int>(std::min<int64_t>(GROUPS, (blocks + 1) / 2)); }

    void step(int64_t s) {
        const int64_t begin = t_.bounds[s], batch = t_.bounds[s + 1] - begin;
        const int groups = groups_of(blocks_of(batch));
        draw_masks(batch, t_.longest[s]);
        cut(t_.rows + begin, batch);
        for (Layer& layer : layers_) layer.renew(state_.weights);
        const double products = 6.0 * layout_.recurrent * batch * t_.longest[s];
        for_groups(groups, products < THREADED ? 1 : t_.threads, [&](int group, int worker) {
            if (group) std::memset(gradients_[group - 1], 0, sizeof(float) * layout_.recurrent);
            for (size_t c = group; c < cuts_.size(); c += groups) pass(works_[worker], cuts_[c], begin, batch, group);
        });
        add_up(groups, begin, batch);
        const AdamSettings settings{t_.beta1, t_.beta2, t_.epsilon, t_.weight_decay};
        state_.step(settings, t_.rates[s], t_.longest_gradient);
    }

    // In the order and for the shapes in which the network draws them on its way through torch.
    void draw_masks(int64_t batch, int64_t longest) {
        if (!t_.stream) return;
        uint64_t* next = bits_.data();
        for (int64_t l = 0; l < n_.layers; ++l) {
            const int64_t n = words(l + 1 < n_.layers ? batch * longest : batch);
            draw(t_.stream, next, n);
            masks_[l] = {reinterpret_cast<const int16_t*>(next), static_cast<int>(t_.lowest), static_cast<float>(t_.kept_scale)};
            next += n;
        }
    }

    // Cuts a batch, longest rows first, into blocks of nearly equal size.
    void cut(const int64_t* rows, int64_t batch) {
        order_.resize(batch);
        std::iota(order_.begin(), order_.end(), 0);
        std::stable_sort(order_.begin(), order_.end(), [&](int64_t a, int64_t b) { return t_.lengths[rows[a]] > t_.lengths[rows[b]]; });
        const int64_t count = blocks_of(batch);
        cuts_.clear();
        for (int64_t b = 0, dx = 0; b < count; ++b) {
            const Cut next{batch * b / count, batch * (b + 1) / count, t_.lengths[rows[order_[batch * b / count]]], dx};
            cuts_.push_back(next);
            dx += next.steps * (next.end - next.first) * n_.embedding;
        }
    }

    void pass(Work& work, const Cut& cut, int64_t begin, int64_t batch, int group) {
        take(work, cut, begin);
        const Mask* masks = t_.stream ? masks_.data() : nullptr;
        work.forward(layers_, part(layout_.embedding()), part(layout_.positions()), masks, batch);
        for (int64_t r = 0; r < work.rows(); ++r) follow(work, r, begin);
        float* gradient = group ? gradients_[group - 1] : state_.gradient;
        work.backward(layers_, gradient, masks, batch, dx_ + cut.dx);
    }

    float* part(const Part& p) const { return state_.weights + p.offset; }

    void take(Work& work, const Cut& cut, int64_t begin) const {
        work.block.rows.clear(), work.block.lengths.clear(), work.places_in_batch.clear(), work.tokens.clear();
        for (int64_t i = cut.first; i < cut.end; ++i) {
            const int64_t row = t_.rows[begin + order_[i]];
            work.block.rows.push_back(i - cut.first);
            work.block.lengths.push_back(t_.lengths[row]);
            work.places_in_batch.push_back(order_[i]);
            work.tokens.push_back(t_.tokens + row * t_.width);
        }
    }

    // From what was pooled of a row to its logit, and the gradient back to there.
    void follow(Work& work, int64_t r, int64_t begin) {
        const int64_t b = work.places_in_batch[r], row = t_.rows[begin + b];
        float *pooled = work.pooled + r * width(), *dpooled = work.dpooled + r * width();
        const float* weights = part(layout_.output());
        if (t_.stream) masks_.back().apply(pooled, b * width(), pooled, width());
        float logit = *part(layout_.output_bias());
        for (int64_t i = 0; i < width(); ++i) logit += weights[i] * pooled[i];
        for (int64_t t = 0; n_.linear && t < work.block.lengths[r]; ++t)
            logit += part(layout_.table())[work.tokens[r][t]] * t_.counted[work.tokens[r][t]];
        const double resistant = t_.positives[row] * t_.share[begin + b], susceptible = t_.negatives[row] * t_.share[begin + b];
        const double probability = 1.0 / (1.0 + std::exp(-static_cast<double>(logit)));
        const double slope = susceptible * t_.negative_weight * probability - resistant * t_.positive_weight * (1.0 - probability);
        logits_[b] = logit;
        dlogits_[b] = static_cast<float>(slope * t_.scale);
        std::copy_n(pooled, width(), pooled_ + b * width());
        for (int64_t i = 0; i < width(); ++i) dpooled[i] = dlogits_[b] * weights[i];
        if (t_.stream) masks_.back().apply(dpooled, b * width(), dpooled, width());
    }

    // Everything that several blocks add to, in one order: the layers' gradients of the groups, and all others.
    void add_up(int groups, int64_t begin, int64_t batch) {
        float* gradient = state_.gradient;
        for (int g = 1; g < groups; ++g)
            for (int64_t i = 0; i < layout_.recurrent; ++i) gradient[i] += gradients_[g - 1][i];
        for (const Layer& layer : layers_)  // two biases that are added have one gradient
            std::copy_n(gradient + layer.parts.bias.offset, z_.width, gradient + layer.parts.state_bias.offset);
        for (int64_t b = 0; b < batch; ++b) add_row(b, begin);
        for (const Cut& cut : cuts_)
            for (int64_t i = cut.first; i < cut.end; ++i) add_embedded(cut, i, begin);
    }

    void add_row(int64_t b, int64_t begin) {
        const int64_t row = t_.rows[begin + b];
        const double logit = logits_[b], if_susceptible = std::max(logit, 0.0) + std::log1p(std::exp(-std::abs(logit)));
        const double resistant = t_.positives[row] * t_.share[begin + b], susceptible = t_.negatives[row] * t_.share[begin + b];
        t_.totals[0] += resistant * (if_susceptible - logit) + susceptible * if_susceptible;
        t_.totals[1] += logit > 0.0 ? resistant : susceptible;
        float* output = state_.gradient + layout_.output().offset;
        for (int64_t i = 0; i < width(); ++i) output[i] += dlogits_[b] * pooled_[b * width() + i];
        state_.gradient[layout_.output_bias().offset] += dlogits_[b];
        for (int64_t t = 0; n_.linear && t < t_.lengths[row]; ++t) {
            const int32_t token = t_.tokens[row * t_.width + t];
            state_.gradient[layout_.table().offset + token] += dlogits_[b] * t_.counted[token];
        }
    }

    void add_embedded(const Cut& cut, int64_t i, int64_t begin) {
        const int64_t row = t_.rows[begin + order_[i]], rows = cut.end - cut.first;
        for (int64_t t = 0; t < t_.lengths[row]; ++t) {
            const int64_t token = t_.tokens[row * t_.width + t], letter = token % n_.vocabulary;
            const float* from = dx_ + cut.dx + (t * rows + i - cut.first) * n_.embedding;
            float* positions = state_.gradient + layout_.positions().offset + token / n_.vocabulary * n_.embedding;
            float* letters = state_.gradient + layout_.embedding().offset + letter * n_.embedding;
            for (int64_t k = 0; k < n_.embedding; ++k) positions[k] += from[k];
            for (int64_t k = 0; letter && k < n_.embedding; ++k) letters[k] += from[k];  // letter 0 is padding's
        }
    }
};

void train(const Training& t) {
    FlushDenormals flush;
    Trainer(t).run();
}

}  // namespace
