/* longjmp.c - lets ThreadSanitizer see Lua's errors.
 *
 * Debian's liblua calls glibc's checked longjmp, which ThreadSanitizer does not
 * know: with each error the frames that were jumped over stayed on its own
 * stack, so that every allocation after it took longer (a test of scripts that
 * fail took 30 s instead of half a second), and its reports showed them. This
 * one stands in front of glibc's, and goes on to the one that it knows.
 */
#include <setjmp.h>

_Noreturn void __longjmp_chk(jmp_buf place, int value);

_Noreturn void __longjmp_chk(jmp_buf place, int value)
{
    longjmp(place, value);
}
