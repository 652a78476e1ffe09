/* What tests share that kill a child in the middle of an operation on one file, whose state before each operation is kept beside it. */
#ifndef KILLED_H
#define KILLED_H
#include <sqlite3.h>

extern const char *killed_program, *killed_folder; /* argv[0], and where the files are */

/* The first value of a query that must work, as text; the caller frees it. */
char *text(sqlite3 *db, const char *sql);

/* Copies a database that nobody has open; what lies beside the target goes. */
void copy_file(const char *from_name, const char *to_name);

/* The name of the copy from before operation `n`, valid until the next call. */
char *snapshot(int n);

/* Runs this program with --child, the operation and the place; returns whether it was killed there. Anything else than that and success ends the test. */
int is_killed(int n, long kill_at);
#endif
