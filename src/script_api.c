/* script_api.c - see script_api.h. */
#include "script_api.h"

#include "script_lua.h"
#include "script_point.h"
#include "script_req.h"

void script_api_open(lua_State *L)
{
    script_req_open(L);
    script_point_open(L);
}
