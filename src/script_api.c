/* script_api.c - see script_api.h. */
#include "script_api.h"

#include "script_csv.h"
#include "script_each.h"
#include "script_keep.h"
#include "script_lua.h"
#include "script_point.h"
#include "script_req.h"
#include "script_require.h"
#include "script_say.h"
#include "script_tables.h"
#include "script_text.h"
#include "script_values.h"

void script_api_open(lua_State *L)
{
    script_text_open(L);
    script_require_open(L);
    script_req_open(L);
    script_point_open(L);
    script_values_open(L);
    script_tables_open(L);
    script_each_open(L);
    script_keep_open(L);
    script_say_open(L);
    script_csv_open(L);
}
