/* help.c - see help.h. What is asked for at three in the morning: first what to
 * type, then what each word of it means, then an example that works.
 */
#include "help.h"

#include <string.h>

#include "near.h"

static const char all[] =
    "usage: moonline VERB ...      moonline VERB --help tells more of each\n"
    "\n"
    "  serve [-c FILE] [--record DIR]\n"
    "      run the gateway in the foreground; keep the newest requests in\n"
    "      DIR, as recorded tests\n"
    "  check [-c FILE]\n"
    "      read configuration and scripts, say what is wrong\n"
    "  try [-s SCRIPT] [-H 'Name: value']... [-d DATA or @FILE] [URL or "
    "x.http]\n"
    "      show the points of one request\n"
    "  test [-c FILE] [-v] [--accept] [PATH...]\n"
    "      run recorded tests (*.http)\n"
    "  dead ls | show ID | replay --all or ID... | drop ID...\n"
    "      requests whose script failed, points that an output refused; also\n"
    "      while the gateway runs\n"
    "  journal ls | verify | cat | replay\n"
    "      what waits for InfluxDB, and what was delivered\n"
    "  sink [--listen ADDR] [FILE]\n"
    "      a stand-in InfluxDB that prints what it gets\n"
    "  version\n"
    "      this program's and its libraries' versions\n"
    "\n"
    "-c defaults to $MOONLINE_CONFIG, ./moonline.lua,\n"
    "/etc/moonline/moonline.lua.\n";

static const struct help {
    const char *verb, *text;
} helps[] = {
    {"serve",
     "usage: moonline serve [-c FILE] [--record DIR]\n"
     "\n"
     "Runs the gateway in the foreground, and logs to stderr.\n"
     "\n"
     "  -c FILE        the configuration\n"
     "  --record DIR   writes requests there as recorded tests, secrets taken\n"
     "                 out: the newest 1000, or 64 MiB\n"
     "\n"
     "SIGTERM and SIGINT: what is in flight is finished, exit 0. SIGHUP: "
     "reads\n"
     "configuration, scripts and secrets again. A saved script is in use a\n"
     "moment later without it.\n"},
    {"check",
     "usage: moonline check [-c FILE]\n"
     "\n"
     "Reads configuration and scripts and tells all mistakes, as file:line:\n"
     "message. Exit 0: fine, also with warnings. 78: there are mistakes.\n"},
    {"try",
     "usage: moonline try [OPTION]... [URL, BODYFILE, x.http, or - for stdin]\n"
     "\n"
     "Runs one request without a gateway. Points go to stdout, all else to\n"
     "stderr. Takes a curl line with another first word.\n"
     "\n"
     "  -c FILE            the configuration, whose route for the path is "
     "used\n"
     "  -s SCRIPT          this script instead: a file, or the name of a\n"
     "                     shipped one\n"
     "  -p PATH?QUERY      the path, if there is no URL\n"
     "  -X METHOD          default: POST with a body, else GET\n"
     "  -t TYPE            the content type\n"
     "  -H 'Name: value'   a header\n"
     "  -d DATA or @FILE   the body; --data-binary, --data-raw,\n"
     "                     --data-urlencode, --json and -G as with curl\n"
     "  -u USER:PASSWORD   as with curl\n"
     "  --time TIME        when it was received: RFC 3339 or an epoch\n"
     "\n"
     "  moonline try -s tank.lua -d '{\"level\":\"61.5\"}'\n"
     "  moonline try -H 'X-Key: 1' -d @up.json http://127.0.0.1:8580/ttn\n"
     "\n"
     "Exit 0: it would be stored. 1: it would not, or would only be kept.\n"},
    {"test",
     "usage: moonline test [-c FILE] [-v] [--accept] [PATH...]\n"
     "\n"
     "Runs recorded tests: files *.http, or all of a folder; without a PATH\n"
     "those here and in the folder scripts. x.http and x_*.http beside x.lua\n"
     "are tests of that script, any other runs through the route that the\n"
     "configuration has for its path.\n"
     "\n"
     "  -c FILE     the configuration, whose routes count first then\n"
     "  -v          what every request made, and why it is kept\n"
     "  --accept    writes what came into the files: read the difference\n"
     "\n"
     "Exit 0: all passed. 1: one did not, or there is none.\n"},
    {"dead",
     "usage: moonline dead ls [--json]              what is there\n"
     "       moonline dead show ID                  one letter: the test or\n"
     "                                              line to stdout, the "
     "reason\n"
     "                                              to stderr\n"
     "       moonline dead replay --all | ID...     once more, through the\n"
     "                                              present script; exit 1 if\n"
     "                                              one fails\n"
     "       moonline dead drop ID...               throws letters away\n"
     "each with [-c FILE] or (not replay) [--data DIR]\n"
     "\n"
     "Requests whose script failed have 16 hex digits as ID, points that an\n"
     "output refused its name and a number, influx/00000000000000000042, or\n"
     "influx/42. All of it works beside a running gateway.\n"},
    {"journal",
     "usage: moonline journal ls [OUTPUT]           what is there\n"
     "       moonline journal verify [OUTPUT]       reads every frame; exit "
     "0:\n"
     "                                              nothing acknowledged is\n"
     "                                              missing\n"
     "       moonline journal cat [--all] [OUTPUT]  lines that are not\n"
     "                                              delivered yet (--all:\n"
     "                                              delivered ones too)\n"
     "       moonline journal replay OUTPUT         delivers again what\n"
     "         [--from TIME] [--to TIME]            journal.keep kept; the\n"
     "                                              gateway must be stopped\n"
     "each with [-c FILE] or [--data DIR]\n"
     "\n"
     "ls, verify and cat only read, also beside a running gateway.\n"},
    {"sink", "usage: moonline sink [--listen ADDR] [FILE]\n"
             "\n"
             "A stand-in InfluxDB: takes writes as v1, v2 and v3 do, checks "
             "every line\n"
             "strictly and prints it, or appends it to FILE.\n"
             "\n"
             "  --listen ADDR   default 127.0.0.1:8086\n"},
    {"version", "usage: moonline version\n"
                "\n"
                "The version, and those of the libraries.\n"},
};

enum { HELPS = sizeof helps / sizeof *helps };

bool help_print(FILE *out, const char *verb)
{
    const char *text = verb ? NULL : all;
    for (int i = 0; verb && i < HELPS; i++)
        if (strcmp(helps[i].verb, verb) == 0)
            text = helps[i].text;
    if (text)
        fputs(text, out);
    return text != NULL;
}

const char *help_hint(const char *verb)
{
    static char hint[NEAR_BYTES * 2];
    struct near near;
    near_init(&near, text_of(verb));
    for (int i = 0; i < HELPS; i++)
        near_offer(&near, helps[i].verb);
    return near_hint(&near, hint);
}
