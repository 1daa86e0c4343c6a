/* unit.h - what every unit test includes: cmocka with its prerequisites. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "text.h"

/* Fails with both texts shown. */
#define assert_text(actual, expected)                                          \
    do {                                                                       \
        struct text got_ = (actual), want_ = text_of(expected);                \
        if (!text_equal(got_, want_))                                          \
            fail_msg("got \"%.*s\", expected \"%.*s\"", TEXT_ARG(got_),        \
                     TEXT_ARG(want_));                                         \
    } while (0)
