/* Any bytes as a number: what is read is what strtod reads, and strtoll and
 * strtoull; written and read again it is the same to the bit. */
#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "decimal.h"
#include "number.h"

enum { TEXT_BYTES = 2000 };

static bool is_same(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

static void check_float(struct text text, const char *string)
{
    double value, again;
    char out[NUMBER_TEXT_BYTES], *end;
    if (!number_read(text, &value))
        return;
    assert(isfinite(value));
    assert(is_same(strtod(string, &end), value) && *end == '\0');
    size_t len = number_format(value, out);
    assert(len <= NUMBER_TEXT_BYTES);
    assert(number_read((struct text){out, len}, &again));
    assert(is_same(value, again));
}

static void check_whole(struct text text, const char *string)
{
    int64_t integer, again;
    uint64_t natural, natural_again;
    char out[NUMBER_TEXT_BYTES], *end;
    if (number_read_int(text, &integer)) {
        assert(strtoll(string, &end, 10) == integer && *end == '\0');
        size_t len = number_format_int(integer, out);
        assert(number_read_int((struct text){out, len}, &again));
        assert(integer == again);
    }
    if (number_read_uint(text, &natural)) {
        assert(strtoull(string, &end, 10) == natural && *end == '\0');
        size_t len = number_format_uint(natural, out);
        assert(number_read_uint((struct text){out, len}, &natural_again));
        assert(natural == natural_again);
    }
}

/* What is one of the kinds is a float, too, and a decimal; but an exponent of
 * ten digits is none of a decimal's, where a float is 0 then. */
static void check_kinds(struct text text)
{
    struct decimal decimal;
    int64_t integer, scaled;
    double number;
    bool is_whole = number_read_int(text, &integer);
    bool is_float = number_read(text, &number);
    bool is_decimal = decimal_read(text, &decimal);
    assert(!is_whole || is_float);
    assert(!is_whole || is_decimal);
    assert(!is_float || is_decimal || memchr(text.at, 'e', text.len)
           || memchr(text.at, 'E', text.len));
    if (is_whole)
        assert(decimal_scaled(&decimal, 0, &scaled) && scaled == integer);
}

/* Every double there is, from its eight bytes. */
static void check_bits(const uint8_t *data)
{
    double value, again;
    char out[NUMBER_TEXT_BYTES];
    memcpy(&value, data, sizeof value);
    if (!isfinite(value))
        return;
    size_t len = number_format(value, out);
    assert(number_read((struct text){out, len}, &again));
    assert(is_same(value, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char string[TEXT_BYTES];
    struct text text = {(const char *)data, size};
    if (size == sizeof(double))
        check_bits(data);
    if (size >= TEXT_BYTES || (size > 0 && memchr(data, 0, size)))
        return 0;
    if (size > 0)
        memcpy(string, data, size);
    string[size] = '\0';
    check_float(text, string);
    check_whole(text, string);
    check_kinds(text);
    return 0;
}
