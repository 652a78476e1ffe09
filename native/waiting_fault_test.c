/* Calls that set changes aside, retries and overrules, under everything that can fail. Usage: waiting_fault_test LIBRARY FOLDER (library without
   suffix). A fixed list of operations in both journal modes. Each of them is killed before, in the middle of, and behind every write that it does;
   each is run on a disk that fails at every call in turn, and with every amount of memory that is too little. The file holds then what it held
   before the operation or what it holds behind it, and when the rest has been done it is what an undisturbed run leaves.
   With STRIDE only one of so many places is tried. A child is the same program: waiting_fault_test LIBRARY FOLDER --child OPERATION KILL_AT. */
#include "actors.h"
#include "faulty_vfs.h"
#include "killed.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char schema[] =
  "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a UNIQUE, b CHECK (b >= 0), p TEXT REFERENCES t(id)); SELECT cloudsync_init('t');"
  "CREATE TABLE log(x); CREATE TRIGGER no AFTER INSERT ON t WHEN new.a = 'no' BEGIN INSERT INTO log VALUES (1); SELECT RAISE(FAIL, 'no'); END;"
  "SELECT cloudsync_set('skip_schema_hash_check', 1); SELECT cloudsync_set('apply_refused', 'wait'); SELECT cloudsync_set('conflict_log', 100);"
  "INSERT INTO t VALUES ('mine', 'taken', 1, NULL), ('s1', 'one', 1, NULL), ('s2', 'two', 1, NULL)";

/* What the sender's first and second payload are made of, and what another sender's is. */
static const char *const sent[] = {
  "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b, p TEXT); SELECT cloudsync_init('t');"
  "INSERT INTO t VALUES ('s1', 'two', 2, NULL), ('s2', 'one', 2, NULL), ('r1', 'taken', 1, NULL), ('r2', 'r2', -1, NULL), ('c', 'c', 1, 'gone'),"
  " ('k1', 'k1', 1, 'k2'), ('k2', 'k2', 1, 'k1'), ('n', 'no', 1, NULL)",
  "UPDATE t SET b = 3 WHERE id = 'r1'; UPDATE t SET a = 'taken' WHERE id = 's1'; DELETE FROM t WHERE id = 'r2';"
  "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40) SELECT 'w' || i, 'v' || i, (i % 3) - 1, NULL FROM n",
  "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b, p TEXT); SELECT cloudsync_init('t');"
  "INSERT INTO t VALUES ('gone', 'gone', 1, NULL), ('x', 'v4', -5, NULL), ('w1', 'other', 7, 'w2')",
};

static const char *const operations[] = {
  "SELECT cloudsync_payload_apply(payload) FROM wire WHERE n = 0",
  "SELECT cloudsync_payload_apply(payload) FROM wire WHERE n = 1",
  "BEGIN; DELETE FROM t WHERE id = 'mine'; DROP TRIGGER no; COMMIT",
  "SELECT cloudsync_waiting_retry()",
  "SELECT cloudsync_payload_receive(payload, x'00112233445566778899aabbccddee01', 0, 0, 0, 1, 0, 0, 1) FROM wire WHERE n = 2",
  "SELECT cloudsync_waiting_drop('t', NULL, 'overrule')",
};

typedef struct { const char *name; enum fault_operation kind; int code; } fault;

static const fault faults[] = {
  {"read", FAULT_READ, SQLITE_IOERR_READ}, {"write", FAULT_WRITE, SQLITE_IOERR_WRITE}, {"full disk", FAULT_WRITE, SQLITE_FULL},
  {"sync", FAULT_SYNC, SQLITE_IOERR_FSYNC}, {"truncate", FAULT_TRUNCATE, SQLITE_IOERR_TRUNCATE},
  {"open", FAULT_OPEN, SQLITE_CANTOPEN}, {"delete", FAULT_DELETE, SQLITE_IOERR_DELETE},
};

/* The operation that is the user's alone. */
enum { LOCAL = 2 };

enum { OPERATIONS = sizeof operations / sizeof *operations, PAYLOADS = sizeof sent / sizeof *sent };

static char path[1000];
static char *wanted[OPERATIONS + 1];
static long stride = 1;

/* Rows, clocks, what waits and why, settings, what lost; without times. */
static char *state(sqlite3 *db) {
  int waits = number(db, "SELECT count(*) FROM sqlite_master WHERE name = 'cloudsync_waiting_sites'") > 0;
  int lost = number(db, "SELECT count(*) FROM sqlite_master WHERE name = 'cloudsync_conflict_log'") > 0;
  int ranges = number(db, "SELECT count(*) FROM sqlite_master WHERE name = 'cloudsync_receive_ranges'") > 0;
  char sql[4000];
  snprintf(sql, sizeof sql,
    "SELECT group_concat(l, char(10)) FROM (SELECT id || '|' || quote(a) || quote(b) || quote(p) AS l FROM t UNION ALL SELECT 'log ' || count(*) FROM log"
    " UNION ALL SELECT hex(pk) || ':' || col_name || ':' || col_version || ':' || db_version || '.' || seq FROM t_cloudsync"
    " UNION ALL SELECT key || '=' || value FROM cloudsync_settings WHERE key NOT LIKE 'last_%%'%s%s%s ORDER BY 1)",
    waits ? " UNION ALL SELECT 'cell ' || hex(pk) || col_name || quote(col_value) || col_version || ' ' || cl FROM cloudsync_waiting_changes"
      " UNION ALL SELECT 'row ' || hex(pk) || reason || coalesce(text, '') || coalesce(hex(needs_pk), '') || tries || hex(origin) || bytes FROM cloudsync_waiting_rows"
      " UNION ALL SELECT 'site ' || hex(origin) || changes || ' ' || bytes FROM cloudsync_waiting_sites" : "",
    lost ? " UNION ALL SELECT 'lost ' || id || hex(pk) || coalesce(col_name, '') || kind || quote(lost_value) FROM cloudsync_conflict_log" : "",
    ranges ? " UNION ALL SELECT 'ranges ' || count(*) FROM cloudsync_receive_ranges" : "");
  return text(db, sql);
}

static sqlite3 *open_file(void) {
  sqlite3 *db = open_loaded(path, "OFF");
  must(db, "PRAGMA foreign_keys = ON");
  return db;
}

/* Makes the file with the senders' payloads in it, and does everything once. */
static void make(const char *journal) {
  char sql[1200];
  remove(path);
  sqlite3 *db = open_file(), *sender = 0;
  snprintf(sql, sizeof sql, "PRAGMA page_size = 1024; PRAGMA journal_mode = %s", journal);
  must(db, sql);
  must(db, schema);
  must(db, "CREATE TABLE wire(n, payload)");
  sqlite3_close(db);
  long long since = 0;
  for (int i = 0; i < PAYLOADS; i++) {
    if (i != 1) {
      sqlite3_close(sender);
      sender = open_loaded(":memory:", 0);
      snprintf(sql, sizeof sql, "ATTACH '%s' AS f", path);
      must(sender, sql);
      since = 0;
    }
    must(sender, sent[i]);
    snprintf(sql, sizeof sql, "INSERT INTO f.wire SELECT %d, cloudsync_payload_encode(tbl, pk, col_name, col_value, col_version, db_version, site_id, cl, seq)"
      " FROM (SELECT * FROM cloudsync_changes WHERE db_version > %lld ORDER BY db_version, seq)", i, since);
    must(sender, sql);
    since = number(sender, "SELECT cloudsync_db_version()");
  }
  sqlite3_close(sender);
  for (int n = 0; n <= OPERATIONS; n++) {
    copy_file(path, snapshot(n));
    db = open_file();
    free(wanted[n]);
    wanted[n] = state(db);
    if (n < OPERATIONS) must(db, operations[n]);
    sqlite3_close(db);
  }
  if (!strstr(wanted[1], "row ") || !strcmp(wanted[3], wanted[4]) || !strcmp(wanted[5], wanted[6])) die("the operations do nothing", 0);
}

static int child(int n, long kill_at) {
  faulty_register();
  sqlite3 *db = open_file();
  faulty_kill(kill_at, 0);
  must(db, operations[n]);
  sqlite3_close(db);
  return 0;
}

/* What was disturbed goes on, on a connection; returns whether the operation had been done. */
static int go_on(sqlite3 *db, int n, const char *how, long k) {
  char *now = state(db);
  int done = !strcmp(now, wanted[n]) ? n : !strcmp(now, wanted[n + 1]) ? n + 1 : -1;
  if (done < 0) printf("FAIL operation %d, %s at %ld:\n%s\n--- before\n%s\n--- behind\n%s\n", n, how, k, now, wanted[n], wanted[n + 1]), exit(1);
  for (int next = done; next < OPERATIONS; next++) must(db, operations[next]);
  char *in_the_end = state(db);
  if (strcmp(in_the_end, wanted[OPERATIONS])) printf("FAIL operation %d, %s at %ld:\n%s\n--- undisturbed\n%s\n", n, how, k, in_the_end, wanted[OPERATIONS]), exit(1);
  if (number(db, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'")) die("integrity", db);
  free(now), free(in_the_end);
  return done == n + 1;
}

static long kill_each(const char *journal) {
  long kills = 0, kept = 0;
  for (int n = 0; n < OPERATIONS; n++)
    for (int behind = 0; behind < 2; behind++)
      for (long k = 1 + (n + behind) % stride;; k += stride) {
        copy_file(snapshot(n), path);
        if (!is_killed(n, behind ? -k : k)) break;
        sqlite3 *db = open_file();
        kept += go_on(db, n, "killed", behind ? -k : k);
        sqlite3_close(db);
        kills++;
      }
  printf("ok Killed_calls_leave_what_was_before_or_behind_them_in_%s_mode\n", journal);
  printf("count kills=%ld kept=%ld\n", kills, kept);
  fflush(stdout);
  return kills;
}

/* What must hold on the connection whose operation failed. */
static void judge(sqlite3 *db, int n, const char *how, long k, int rc) {
  int code = rc & 0xff;
  const char *wrong = 0;
  if (code != SQLITE_OK && code != SQLITE_IOERR && code != SQLITE_FULL && code != SQLITE_CANTOPEN && code != SQLITE_ABORT && code != SQLITE_NOMEM) wrong = "the error code";
  else if (!sqlite3_get_autocommit(db)) wrong = "a transaction is open";
  else if (number(db, "PRAGMA defer_foreign_keys") || number(db, "PRAGMA ignore_check_constraints")) wrong = "a PRAGMA is left on";
  for (sqlite3_stmt *s = sqlite3_next_stmt(db, 0); s && !wrong; s = sqlite3_next_stmt(db, s))
    if (sqlite3_stmt_busy(s)) wrong = sqlite3_sql(s);
  if (wrong) printf("FAIL operation %d, %s at %ld, code %d: %s\n", n, how, k, rc, wrong), exit(1);
}

static sqlite3 *fresh(int n) {
  copy_file(snapshot(n), path);
  sqlite3 *db = open_file();
  must(db, "PRAGMA cache_size = 6; PRAGMA wal_autocheckpoint = 10; PRAGMA synchronous = FULL");
  must(db, "BEGIN; UPDATE t SET b = b; ROLLBACK"); /* metadata is read again: under the fault */
  return db;
}

static void fail_each(const char *journal) {
  long met_faults = 0, seen = 0;
  for (int n = 0; n < OPERATIONS; n++)
    for (size_t f = n == LOCAL ? sizeof faults / sizeof *faults : 0; f < sizeof faults / sizeof *faults; f++)
      for (int sticky = 0; sticky < 2; sticky++)
        for (long k = 1, met = 1; met; k += k < 12 ? stride : stride + k / 6) {
          sqlite3 *db = fresh(n);
          faulty_arm(faults[f].kind, k, faults[f].code, sticky);
          int rc = sqlite3_exec(db, operations[n], 0, 0, 0);
          met = faulty_disarm();
          met_faults += met;
          seen += rc != SQLITE_OK;
          judge(db, n, faults[f].name, k, rc);
          if (rc != SQLITE_OK) go_on(db, n, faults[f].name, k);
          if (sqlite3_close(db) != SQLITE_OK) die("close", db);
        }
  printf("ok Failing_disks_leave_what_was_before_or_behind_in_%s_mode\ncount faults=%ld seen=%ld\n", journal, met_faults, seen);
  fflush(stdout);
}

static void starve_each(void) {
  enum { STEP = 640 };
  long starved = 0;
  for (int n = 0; n < OPERATIONS; n++) {
    if (n == LOCAL) continue;
    for (long room = 0, enough = 0; enough < 3; room += stride * STEP + room / 40) {
      copy_file(snapshot(n), path);
      sqlite3 *db = open_file();
      must(db, "BEGIN; UPDATE t SET b = b; ROLLBACK");
      sqlite3_hard_heap_limit64(sqlite3_memory_used() + room + 1);
      int rc = sqlite3_exec(db, operations[n], 0, 0, 0);
      sqlite3_hard_heap_limit64(0);
      enough = rc == SQLITE_OK ? enough + 1 : 0;
      starved += rc != SQLITE_OK;
      judge(db, n, "memory", room, rc);
      go_on(db, n, "memory", room);
      if (sqlite3_close(db) != SQLITE_OK) die("close", db);
    }
  }
  printf("ok Calls_without_memory_leave_what_was_before_them\ncount starved=%ld\n", starved);
}

int main(int argc, char **argv) {
  killed_program = argv[0];
  if (argc < 3) return 2;
  actors_library = argv[1];
  killed_folder = argv[2];
  snprintf(path, sizeof path, "%s/waiting.db", killed_folder);
  if (argc > 5) return child(atoi(argv[4]), atol(argv[5]));
  if (argc > 3) stride = atol(argv[3]);
  if (faulty_register() != SQLITE_OK) return 2;
  for (int wal = 0; wal < 2; wal++) {
    make(wal ? "WAL" : "DELETE");
    kill_each(wal ? "WAL" : "DELETE");
    fail_each(wal ? "WAL" : "DELETE");
  }
  starve_each();
  return 0;
}
