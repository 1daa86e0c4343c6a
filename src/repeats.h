/* repeats.h - points of one request that would overwrite each other.
 *
 * InfluxDB keeps one value per series, field and time: of two points with equal
 * series and time that share a field, the first one's is lost.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct points;

/* Looks at the points that indices names, in their order. With spread a later
 * one is moved by 1 ns until it overwrites nothing; default_time_ns is what a
 * point without a time will get. Returns how many would have overwritten.
 * Without spread nothing is changed and each is a note (NOTE_WARNING). */
size_t repeats_find(struct points *points, const size_t *indices, size_t count,
                    int64_t default_time_ns, bool spread);
