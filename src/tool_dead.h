/* tool_dead.h - `moonline dead ls / show ID / replay [ID... or --all] /
 * drop ID...`: the requests whose script failed, the points that an output
 * refused. Works beside a gateway that runs. */
#pragma once

/* argv[0] is "dead". Returns the exit code. */
int tool_dead_run(int argc, char **argv);
