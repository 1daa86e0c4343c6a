/* A *.http file of any bytes: read or refused, and never a body that reaches
 * beyond its request, unless its length is said. Files that a body is taken
 * from are left out: the names would be the fuzzer's. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "trial_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text text = {(const char *)data, size};
    struct trial_file file;
    struct error err;
    if (size > 0 && memmem(data, size, "\n< ", 3))
        return 0;
    bool may_count = size > 0 && memmem(data, size, "@bytes", 6);
    if (trial_file_parse("x.http", text, &file, &err)) {
        for (size_t i = 0; i < file.count; i++) {
            struct text body = buf_text(&file.cases[i].request.body);
            if (!file.cases[i].request.method
                || (!may_count && body.len >= 4
                    && memmem(body.at, body.len, "\n###", 4)))
                abort();
        }
    } else if (strncmp(err.text, "x.http:", 7) != 0) {
        abort();
    }
    trial_file_deinit(&file);
    return 0;
}
