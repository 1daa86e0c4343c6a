/* error.c - see error.h. Nothing here allocates: an error must be tellable
 * when memory or the disk is what failed. */
#include "error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static void put_text(struct error *err, enum error_kind kind,
                     const char *format, va_list args)
{
    err->kind = kind;
    err->status = 0;
    vsnprintf(err->text, sizeof err->text, format, args);
}

bool fail(struct error *err, enum error_kind kind, const char *format, ...)
{
    if (!err)
        return false;
    va_list args;
    va_start(args, format);
    put_text(err, kind, format, args);
    va_end(args);
    return false;
}

bool fail_errno(struct error *err, const char *format, ...)
{
    int code = errno;
    if (!err)
        return false;
    va_list args;
    va_start(args, format);
    put_text(err, ERR_IO, format, args);
    va_end(args);
    size_t used = strlen(err->text);
    char why[128];
    snprintf(err->text + used, sizeof err->text - used, ": %s",
             strerror_r(code, why, sizeof why));
    return false;
}

int error_exit_code(const struct error *err)
{
    return err->kind == ERR_USAGE    ? EX_USAGE
           : err->kind == ERR_CONFIG ? EX_CONFIG
                                     : EX_SOFTWARE;
}
