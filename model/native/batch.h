// The rows of one optimizer step: what is known of each, their cut into blocks, and the loss.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "problem.h"
#include "training.h"

namespace {

struct Cut {  // a block: rows within the batch's order, its steps, and how many steps of rows lie before it
    int64_t first, end, steps, before;
    int64_t rows() const { return end - first; }
};

class Batch {
  public:
    int64_t size = 0, longest = 0;
    std::vector<int64_t> order;  // longest rows first
    std::vector<Cut> cuts;

    explicit Batch(const Training& t) : t_(t) {}
    // Sets it to a step's rows, cut into blocks of nearly equal size.
    void take(int64_t step) {
        begin_ = t_.bounds[step], size = t_.bounds[step + 1] - begin_, longest = t_.longest[step];
        order.resize(size);
        std::iota(order.begin(), order.end(), 0);
        std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return length(a) > length(b); });
        cuts.clear();
        const int64_t count = blocks(size);
        for (int64_t b = 0, before = 0; b < count; ++b) {
            const int64_t first = size * b / count, end = size * (b + 1) / count, steps = length(order[first]);
            cuts.push_back({first, end, steps, before});
            before += steps * (end - first);
        }
    }
    static int64_t blocks(int64_t rows) { return (rows + BLOCK - 1) / BLOCK; }

    int64_t length(int64_t b) const { return t_.lengths[row(b)]; }
    const int32_t* tokens(int64_t b) const { return t_.tokens + t_.starts[row(b)]; }
    // The gradient of a row's part of the loss, class weights included, by its logit.
    float slope(int64_t b, float logit) const {
        const double probability = 1.0 / (1.0 + std::exp(-static_cast<double>(logit)));
        return static_cast<float>(t_.scale * (susceptible(b) * t_.negative_weight * probability -
                                              resistant(b) * t_.positive_weight * (1.0 - probability)));
    }
    // Adds a row's loss without class weights, and whether it was told right.
    void count(int64_t b, double logit) const {
        const double if_susceptible = std::max(logit, 0.0) + std::log1p(std::exp(-std::abs(logit)));
        t_.totals[0] += resistant(b) * (if_susceptible - logit) + susceptible(b) * if_susceptible;
        t_.totals[1] += logit > 0.0 ? resistant(b) : susceptible(b);
    }

  private:
    const Training& t_;
    int64_t begin_ = 0;

    int64_t row(int64_t b) const { return t_.rows[begin_ + b]; }
    double resistant(int64_t b) const { return t_.positives[row(b)] * t_.share[begin_ + b]; }
    double susceptible(int64_t b) const { return t_.negatives[row(b)] * t_.share[begin_ + b]; }
};

}  // namespace
