/* script_api.h - what a script can see and call: the list of it all.
 *
 * Each group of functions has a file of its own:
 *   script_sandbox  Lua's base library without its sharp parts, pcall, try
 *   script_text     string and table, bounded
 *   script_match    string.find, match, gmatch, gsub, bounded
 *   script_require  require
 *   script_req      req, all
 *   script_point    point, emit, what may be returned
 *   script_values   number, int, uint, bool, round, numbers
 *   script_tables   get, each, flatten, merge
 *   script_say      reply, log, print, and what is not there yet
 *   script_json     json;  script_time: time;  script_codec: hex, base64, url
 *   script_csv      csv
 *   script_store    store
 *   script_digest   hash, hmac, equal, gunzip
 */
#pragma once
