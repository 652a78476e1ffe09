/* A process that is killed while it fills a table in slices. Usage: fill_kill_test LIBRARY FOLDER STRIDE (library without suffix). A fixed list of
   operations, each a transaction: the begin of the fill, slices, writes to pending rows, a merge of a sender's changes. In both journal modes
   each of them is killed before, in the middle of, and behind every write that it does, or every STRIDEth one. The file holds then what it held before the operation or
   what it holds behind it, and when the rest has been done its clocks are those of a file that was initialised first and saw the same writes.
   A child is the same program: fill_kill_test LIBRARY FOLDER --child OPERATION KILL_AT. */
#include "actors.h"
#include "faulty_vfs.h"
#include "killed.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char schema[] =
  "CREATE TABLE t(x TEXT NOT NULL, y INT NOT NULL, a, b, PRIMARY KEY(x, y DESC));"
  "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 60) INSERT INTO t SELECT 'k' || (i % 4), i, i, 'b' FROM c;";

/* Rows are inserted only where the fill has been: the others are a version ahead. */
static const char *const operations[] = {
  "SELECT cloudsync_backfill_begin('t')",
  "SELECT cloudsync_backfill_step('t', 20)",
  "BEGIN; UPDATE t SET a = -a WHERE y % 5 = 0; DELETE FROM t WHERE y = 33; INSERT INTO t VALUES ('a', 1, 1, 1); UPDATE OR REPLACE t SET y = 18 WHERE y = 34; COMMIT",
  "SELECT cloudsync_payload_apply(payload) FROM wire",
  "SELECT cloudsync_backfill_step('t', 20)",
  "BEGIN; SELECT cloudsync_backfill_step('t', 5); UPDATE t SET b = 'c' WHERE y > 50; COMMIT",
  "SELECT cloudsync_backfill_step('t', 1000)",
};

enum { OPERATIONS = sizeof operations / sizeof *operations };

static char path[1000];
static char *wanted[OPERATIONS + 1];

static const char clocks[] =
  "SELECT group_concat(v, ' ') FROM (SELECT hex(pk) || ':' || col_name || ':' || col_version AS v FROM t_cloudsync ORDER BY pk, col_name)";

/* Rows, clocks and the state of the fill. */
static char *state(sqlite3 *db) {
  char *rows = text(db, "SELECT group_concat(v, ' ') FROM (SELECT quote(x) || y || quote(a) || quote(b) AS v FROM t ORDER BY x, y)"), *known, *fill, *all;
  if (number(db, "SELECT count(*) FROM sqlite_master WHERE name = 'cloudsync_backfill_state'")) {
    known = text(db, "SELECT group_concat(v, ' ') FROM (SELECT hex(pk) || ':' || col_name || ':' || col_version || ':' || db_version AS v FROM t_cloudsync ORDER BY pk, col_name)");
    fill = text(db, "SELECT state || rows_done || slices || coalesce(hex(position), '') FROM cloudsync_backfill_state");
  } else {
    known = strdup("");
    fill = strdup("");
  }
  all = malloc(strlen(rows) + strlen(known) + strlen(fill) + 3);
  sprintf(all, "%s|%s|%s", rows, known, fill);
  free(rows), free(known), free(fill);
  return all;
}

/* Makes the sender's changes and the file, and does everything once. Returns the clocks of a file that was initialised first. */
static char *make(const char *journal) {
  char first[1000], sql[3000];
  snprintf(first, sizeof first, "%s/first.db", killed_folder);
  for (int i = 0; i < 2; i++) {
    const char *name = i ? path : first;
    remove(name);
    sqlite3 *db = open_plain(name);
    must(db, schema);
    must(db, "CREATE TABLE wire(payload)");
    snprintf(sql, sizeof sql, "PRAGMA journal_mode = %s", journal);
    must(db, sql);
    sqlite3_close(db);
  }
  sqlite3 *sender = open_loaded(":memory:", 0);
  must(sender, schema);
  must(sender, "SELECT cloudsync_init('t'); UPDATE t SET b = 'sent' WHERE y % 7 = 0; DELETE FROM t WHERE y = 58; UPDATE t SET a = 0 WHERE y = 59");
  snprintf(sql, sizeof sql, "ATTACH '%s' AS f; ATTACH '%s' AS p; INSERT INTO f.wire SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = 0;"
    " INSERT INTO p.wire SELECT payload FROM f.wire", first, path);
  must(sender, sql);
  sqlite3_close(sender);

  sqlite3 *db = open_loaded(first, "OFF");
  must(db, "SELECT cloudsync_init('t')");
  for (int n = 0; n < OPERATIONS; n++)
    if (!strstr(operations[n], "backfill")) must(db, operations[n]);
  must(db, "UPDATE t SET b = 'c' WHERE y > 50");
  char *clocks_of_init = text(db, clocks);
  sqlite3_close(db);

  for (int n = 0; n <= OPERATIONS; n++) {
    copy_file(path, snapshot(n));
    db = open_loaded(path, "OFF");
    free(wanted[n]);
    wanted[n] = state(db);
    if (n < OPERATIONS) must(db, operations[n]);
    sqlite3_close(db);
  }
  return clocks_of_init;
}

static int child(int n, long kill_at) {
  faulty_register();
  sqlite3 *db = open_loaded(path, "OFF");
  faulty_kill(kill_at, 0);
  must(db, operations[n]);
  sqlite3_close(db);
  return 0;
}

/* What was killed goes on; `last` gets the clocks in the end. */
static int go_on(int n, const char *clocks_of_init) {
  sqlite3 *db = open_loaded(path, "OFF");
  char *now = state(db);
  int done = !strcmp(now, wanted[n]) ? n : !strcmp(now, wanted[n + 1]) ? n + 1 : -1;
  if (done < 0) printf("FAIL operation %d: %s\nbefore: %s\nbehind: %s\n", n, now, wanted[n], wanted[n + 1]), exit(1);
  for (int next = done; next < OPERATIONS; next++) must(db, operations[next]);
  char *in_the_end = text(db, clocks);
  if (strcmp(in_the_end, clocks_of_init)) printf("FAIL operation %d: %s\nof init: %s\n", n, in_the_end, clocks_of_init), exit(1);
  if (number(db, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'")) die("integrity", db);
  free(now), free(in_the_end);
  sqlite3_close(db);
  return done == n + 1;
}

int main(int argc, char **argv) {
  killed_program = argv[0];
  if (argc < 4) return 2;
  actors_library = argv[1];
  killed_folder = argv[2];
  snprintf(path, sizeof path, "%s/fill.db", killed_folder);
  if (argc > 5) return child(atoi(argv[4]), atol(argv[5]));
  long stride = atol(argv[3]);
  for (int wal = 0; wal < 2; wal++) {
    const char *journal = wal ? "WAL" : "DELETE";
    char *clocks_of_init = make(journal);
    long kills = 0, kept = 0;
    for (int n = 0; n < OPERATIONS; n++)
      for (int behind = 0; behind < 2; behind++)
        for (long k = 1 + (n + behind) % stride;; k += stride) {
          copy_file(snapshot(n), path);
          if (!is_killed(n, behind ? -k : k)) break;
          kills++;
          kept += go_on(n, clocks_of_init);
        }
    free(clocks_of_init);
    printf("ok Killed_fill_ends_with_the_clocks_of_init_in_%s_mode\n", journal);
    printf("count kills=%ld kept=%ld\n", kills, kept);
  }
  return 0;
}
