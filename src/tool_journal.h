/* tool_journal.h - `moonline journal ls | verify | cat`: what is in the
 * journals, whole or damaged. Reads only, also while the gateway runs.
 */
#pragma once

/* argv begins with the verb; returns the exit code. */
int tool_journal_run(int argc, char **argv);
