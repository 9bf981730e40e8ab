// numpy's SFC64 generator: dropout drops the same values here as where torch calls numpy.
#pragma once

#include <cstdint>

namespace {

// Source: Chris Doty-Humphrey, PractRand; the state's order is that of numpy.random.SFC64.
inline uint64_t sfc64(uint64_t (&s)[4]) {
    const uint64_t drawn = s[0] + s[1] + s[3]++;
    s[0] = s[1] ^ (s[1] >> 11);
    s[1] = s[2] + (s[2] << 3);
    s[2] = ((s[2] << 24) | (s[2] >> 40)) + drawn;
    return drawn;
}

// Fills words; the state is moved on.
inline void draw(uint64_t* state, uint64_t* words, int64_t n) {
    uint64_t s[4] = {state[0], state[1], state[2], state[3]};
    for (int64_t i = 0; i < n; ++i) words[i] = sfc64(s);
    for (int i = 0; i < 4; ++i) state[i] = s[i];
}

}  // namespace
