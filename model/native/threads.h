// Work in parts, on threads that are started for it; denormal numbers are flushed on each.
#pragma once

#include <immintrin.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <system_error>
#include <thread>
#include <vector>

namespace {

constexpr int GROUPS = 8;

struct FlushDenormals {
    const unsigned before = _mm_getcsr();
    FlushDenormals() { _mm_setcsr(before | 0x8040); }
    ~FlushDenormals() { _mm_setcsr(before); }
};

// Runs f(group, worker) for every group; which worker's thread runs it changes nothing in the result.
template <class F>
void for_groups(int groups, int64_t threads, F f) {
    const int workers = static_cast<int>(std::max<int64_t>(1, std::min<int64_t>(threads, groups)));
    std::vector<std::exception_ptr> failures(workers);
    auto work = [&](int worker) {
        FlushDenormals flush;
        try {
            for (int group = worker; group < groups; group += workers) f(group, worker);
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

}  // namespace
