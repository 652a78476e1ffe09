/* What the kill test and the power test let happen to one database file: four actors, each with keys of its own and a fixed list of
   operations. Two write, one applies the payloads of a sender, one receives those of another in a slightly wrong order and some of
   them twice. The writers also alter a table of their own, and change its filter and what is captured of it. After any number of operations the actor's part of the database is known: it was written down in an undisturbed run,
   and it does not depend on what the other actors have done. */
#ifndef ACTORS_H
#define ACTORS_H
#include <sqlite3.h>
#include <stdint.h>

enum { ACTORS = 4, MAX_OPERATIONS = 600 };

extern const char *actors_library; /* without suffix */

/* Prints and exits with 1. */
void die(const char *what, sqlite3 *db);

/* Opens a database with the library loaded and a busy timeout. The first also sets `synchronous` to a name, unless that is null. */
sqlite3 *open_loaded(const char *path, const char *synchronous);
sqlite3 *open_plain(const char *path);

void must(sqlite3 *db, const char *sql);

/* The first value of a query that must work. */
long long number(sqlite3 *db, const char *sql);

/* Random numbers that depend on the state alone. */
uint32_t next_random(uint64_t *state);

/* Makes the senders' payloads, the state after every operation, and an empty tracked database, in a folder. */
void actors_make(const char *folder, uint64_t seed);

/* Reads what `actors_make` wrote; every process does that once. */
void actors_open(const char *folder);

/* How many operations an actor has. */
int actor_length(int actor);

/* Does operation `n`, counted from 0; returns SQLite's code. Nothing is left open. */
int actor_run(sqlite3 *db, int actor, int n);

/* Whether the actor's part of the database is what `n` operations make of it. */
int actor_is_at(sqlite3 *db, int actor, int n);

/* The first of the operations up to `n` that all leave the actor's part as `n` operations do: a chunk that comes again changes nothing. */
int actor_first_like(int actor, int n);

/* The actor's part as text, for the report of a failure; the caller frees it. */
char *actor_state(sqlite3 *db, int actor);

/* What must hold at any time, whatever was done: integrity, rows beside clocks, versions. Returns what does not, or null. */
const char *actors_check(sqlite3 *db);

/* One page of a reader on another database, in one transaction with the cursor that is kept there: SQLITE_ROW, SQLITE_DONE when there is
   nothing new, or an error. `replica` must have been made by reader_make. */
void reader_make(const char *path);
int reader_page(sqlite3 *source, sqlite3 *replica);

/* Whether two databases have the same rows. */
int same_rows(sqlite3 *left, sqlite3 *right);
#endif
