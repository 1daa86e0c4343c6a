/* unit.h - what every unit test includes: cmocka with its prerequisites. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* cmocka's fail would hide ours, of error.h. */
#undef fail
#undef fail_msg
#define fail_msg(...)                                                          \
    do {                                                                       \
        print_error("ERROR: " __VA_ARGS__);                                    \
        print_error("\n");                                                     \
        _fail(__FILE__, __LINE__);                                             \
    } while (0)

#include "text.h"

/* Fails with both texts shown. */
#define assert_text(actual, expected)                                          \
    do {                                                                       \
        struct text got_ = (actual), want_ = text_of(expected);                \
        if (!text_equal(got_, want_))                                          \
            fail_msg("got \"%.*s\", expected \"%.*s\"", TEXT_ARG(got_),        \
                     TEXT_ARG(want_));                                         \
    } while (0)
