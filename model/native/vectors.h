// Vectors of floats for AVX-512 or AVX2, and the two nonlinearities of an LSTM on them.
#pragma once

#include <immintrin.h>

namespace {

#if defined(__AVX512F__)
using Vec = __m512;
constexpr int LANES = 16, TILE = 6;
inline Vec load(const float* p) { return _mm512_loadu_ps(p); }
inline void store(float* p, Vec v) { _mm512_storeu_ps(p, v); }
inline void store_past_caches(float* p, Vec v) { _mm512_stream_ps(p, v); }
inline Vec all(float value) { return _mm512_set1_ps(value); }
inline Vec load_first(const float* p, int n) { return _mm512_maskz_loadu_ps((1u << n) - 1, p); }
inline void store_first(float* p, Vec v, int n) { _mm512_mask_storeu_ps(p, (1u << n) - 1, v); }
// A constant stands first: then a NaN passes through instead of becoming a bound.
inline Vec clamp(Vec v, float bound) { return _mm512_min_ps(all(bound), _mm512_max_ps(all(-bound), v)); }
inline Vec reciprocal(Vec v) {
    Vec r = _mm512_rcp14_ps(v);
    return r * (all(2.0f) - v * r);
}
inline Vec power_of_two(Vec shifted) {  // 2^n, where the low bits of `shifted` hold n
    __m512i bits = _mm512_slli_epi32(_mm512_castps_si512(shifted), 23);
    return _mm512_castsi512_ps(_mm512_add_epi32(bits, _mm512_set1_epi32(0x3F800000)));
}
#else
using Vec = __m256;
constexpr int LANES = 8, TILE = 3;
inline Vec load(const float* p) { return _mm256_loadu_ps(p); }
inline void store(float* p, Vec v) { _mm256_storeu_ps(p, v); }
inline void store_past_caches(float* p, Vec v) { _mm256_stream_ps(p, v); }
inline Vec all(float value) { return _mm256_set1_ps(value); }
inline __m256i mask(int n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
inline Vec load_first(const float* p, int n) { return n == LANES ? load(p) : _mm256_maskload_ps(p, mask(n)); }
inline void store_first(float* p, Vec v, int n) { n == LANES ? store(p, v) : _mm256_maskstore_ps(p, mask(n), v); }
inline Vec clamp(Vec v, float bound) { return _mm256_min_ps(all(bound), _mm256_max_ps(all(-bound), v)); }
inline Vec reciprocal(Vec v) { return all(1.0f) / v; }
inline Vec power_of_two(Vec shifted) {
    __m256i bits = _mm256_slli_epi32(_mm256_castps_si256(shifted), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(bits, _mm256_set1_epi32(0x3F800000)));
}
#endif

constexpr float LOG2E = 1.44269504f;

// 2^(factor * x) = scale + scale * rest, with |factor * x| below 120. Splitting off the 1 keeps expm1, and so tanh,
// exact near 0. The polynomial is (2^f - 1) / f on [-1/2, 1/2], minimax, relative error 1.1e-8.
inline void split_exp(Vec x, float factor, Vec& scale, Vec& rest) {
    const Vec shift = all(12582912.0f);  // 1.5 * 2^23: rounds to an integer
    const Vec shifted = x * all(factor) + shift;
    const Vec f = x * all(factor) - (shifted - shift);
    Vec q = all(0x1.4308f8p-13f);
    for (float c : {0x1.5f07b4p-10f, 0x1.3b2ba0p-7f, 0x1.c6af6ep-5f, 0x1.ebfbdep-3f, 0x1.62e430p-1f}) q = q * f + all(c);
    scale = power_of_two(shifted);
    rest = q * f;
}

inline Vec sigmoid(Vec x) {
    Vec scale, rest;
    split_exp(clamp(x, 60.0f), -LOG2E, scale, rest);
    return reciprocal(all(1.0f) + (scale * rest + scale));
}

inline Vec tanh(Vec x) {
    Vec scale, rest;
    split_exp(clamp(x, 10.0f), 2.0f * LOG2E, scale, rest);
    const Vec expm1 = scale * rest + (scale - all(1.0f));
    return expm1 * reciprocal(expm1 + all(2.0f));
}

}  // namespace
