/* stats.c - see stats.h. */
#include "stats.h"

struct stats stats;
