/* A disk that fails under the engine, at every read, write, sync, truncate, open and delete in turn. Usage: fault_test LIBRARY FOLDER DENSITY
   (library without suffix). Whatever fails: the error is an ordinary one, no transaction stays open, rows and their clocks changed
   together or not at all, and the same again without the fault ends where an undisturbed run ends. Prints a line per check. */
#include "faulty_vfs.h"
#include "loaded_host.h"
#include <string.h>

#define MAX_PAYLOADS 16

typedef struct { const char *name; int parts; const char *sql; } operation;
typedef struct { void *data[MAX_PAYLOADS]; int length[MAX_PAYLOADS]; int count; } payloads;
typedef struct { const char *name; enum fault_operation kind; int code; } fault;
typedef struct { char *before, *after, *after_content; } outcome;

static char path[512];
static int failures;
static long runs, errors;
static payloads row_payloads, part_payloads;
static void *base_file;
static long base_length;

/* 900,000 bytes that do not compress: several chunks. */
#define LONG_VALUE \
  "(WITH RECURSIVE n(i, x) AS (SELECT 1, 12345 UNION ALL SELECT i + 1, (x * 1103515245 + 12345) % 2147483648 FROM n WHERE i < 112500)" \
  " SELECT group_concat(printf('%08x', x), '') FROM n)"

static const char schema[] = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); SELECT cloudsync_init('t');";

static const operation operations[] = {
  {"Apply_of_rows", 0, 0},
  {"Apply_of_parts", 1, 0},
  {"Insert", 0, "INSERT OR REPLACE INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)"
    " SELECT 'k' || (i % 30), i, hex(zeroblob(60)) FROM n"},
  {"Update", 0, "UPDATE t SET id = id || 'x', a = 7"},
  {"Delete", 0, "DELETE FROM t WHERE id <> 'own1'"},
  {"Scan", 0, "SELECT count(payload) FROM cloudsync_payload_chunks WHERE since_db_version = 0"},
};

static const fault faults[] = {
  {"read", FAULT_READ, SQLITE_IOERR_READ}, {"write", FAULT_WRITE, SQLITE_IOERR_WRITE}, {"full disk", FAULT_WRITE, SQLITE_FULL},
  {"sync", FAULT_SYNC, SQLITE_IOERR_FSYNC}, {"truncate", FAULT_TRUNCATE, SQLITE_IOERR_TRUNCATE},
  {"open", FAULT_OPEN, SQLITE_CANTOPEN}, {"delete", FAULT_DELETE, SQLITE_IOERR_DELETE},
};

/* The first value of a query as text in new memory; the query must work. */
static char *text(sqlite3 *db, const char *sql) {
  sqlite3_stmt *statement;
  if (sqlite3_prepare_v2(db, sql, -1, &statement, 0) != SQLITE_OK || sqlite3_step(statement) != SQLITE_ROW) die(sql, db);
  const unsigned char *value = sqlite3_column_text(statement, 0);
  char *copy = strdup(value ? (const char *)value : "");
  sqlite3_finalize(statement);
  return copy;
}

static int is(sqlite3 *db, const char *sql, const char *expected) {
  char *value = text(db, sql);
  int same = !strcmp(value, expected);
  free(value);
  return same;
}

/* Rows, settings, and clocks: `positions` with db_version and seq, which a repeat of half an operation may move. */
static char *state(sqlite3 *db, int positions) {
  char sql[1024];
  snprintf(sql, sizeof sql,
    "SELECT group_concat(l, char(10)) FROM (SELECT id || ' ' || quote(substr(a, 1, 20)) || length(a) || quote(substr(a, -20)) || quote(b) AS l"
    " FROM t UNION ALL SELECT hex(pk) || ' ' || col_name || ' ' || col_version || ' ' || site_id%s FROM t_cloudsync"
    " UNION ALL SELECT key || '=' || value FROM cloudsync_settings UNION ALL SELECT 'parts ' || count(*) FROM cloudsync_payload_fragments"
    " ORDER BY 1)", positions ? " || ' ' || db_version || '.' || seq" : "");
  return text(db, sql);
}

static const char mismatches[] =
  "SELECT (SELECT count(*) FROM t WHERE NOT EXISTS (SELECT 1 FROM t_cloudsync WHERE pk = cloudsync_pk_encode(id)) OR EXISTS (SELECT 1"
  " FROM t_cloudsync WHERE pk = cloudsync_pk_encode(id) AND col_name = '__[RIP]__' AND col_version % 2 = 0))"
  " + (SELECT count(*) FROM t_cloudsync AS c WHERE NOT EXISTS (SELECT 1 FROM t WHERE cloudsync_pk_encode(id) = c.pk) AND NOT EXISTS"
  " (SELECT 1 FROM t_cloudsync AS s WHERE s.pk = c.pk AND s.col_name = '__[RIP]__' AND s.col_version % 2 = 0))";

static void make_payloads(payloads *result, const char *history) {
  sqlite3 *db = open_loaded(":memory:");
  sqlite3_stmt *statement;
  must(db, schema);
  must(db, history);
  sqlite3_prepare_v2(db, "SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = 0 AND max_chunk_size = 262144", -1, &statement, 0);
  while (sqlite3_step(statement) == SQLITE_ROW && result->count < MAX_PAYLOADS) {
    int length = sqlite3_column_bytes(statement, 0), i = result->count++;
    result->data[i] = malloc(length);
    result->length[i] = length;
    memcpy(result->data[i], sqlite3_column_blob(statement, 0), length);
  }
  sqlite3_finalize(statement);
  sqlite3_close(db);
}

static void remove_all(void) {
  static const char *suffixes[] = {"", "-journal", "-wal", "-shm"};
  char name[600];
  for (int i = 0; i < 4; i++) {
    snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
    remove(name);
  }
}

static void make_base(const char *journal) {
  char mode[64];
  remove_all();
  snprintf(mode, sizeof mode, "PRAGMA page_size = 1024; PRAGMA journal_mode = %s", journal);
  sqlite3 *db = open_loaded(path);
  must(db, mode);
  must(db, schema);
  must(db, "INSERT INTO t VALUES ('k1', 'mine', 1), ('k3', 'mine', 1), ('k4', 'mine', 1), ('own1', 1, 1), ('own2', 2, 2);"
    " UPDATE t SET a = a || '!' WHERE id <> 'k1'; INSERT INTO t SELECT id || 'y', hex(zeroblob(90)), a FROM t; DELETE FROM t WHERE id = 'own2'");
  sqlite3_close(db);
  FILE *file = fopen(path, "rb");
  fseek(file, 0, SEEK_END);
  base_length = ftell(file);
  rewind(file);
  free(base_file);
  base_file = malloc(base_length);
  if (fread(base_file, 1, base_length, file) != (size_t)base_length) die("reading the base file", 0);
  fclose(file);
}

/* A connection to a fresh copy: small caches, so that pages are written before the end and read again, and checkpoints soon. */
static sqlite3 *fresh(void) {
  remove_all();
  FILE *file = fopen(path, "wb");
  if (fwrite(base_file, 1, base_length, file) != (size_t)base_length) die("writing the base file", 0);
  fclose(file);
  sqlite3 *db = open_loaded(path);
  must(db, "PRAGMA cache_size = 6; PRAGMA wal_autocheckpoint = 10; PRAGMA synchronous = FULL");
  must(db, "BEGIN; DELETE FROM t WHERE id = 'own1'; ROLLBACK"); /* metadata is read again: under the fault */
  return db;
}

static int apply(sqlite3 *db, const payloads *all) {
  int rc = SQLITE_OK;
  for (int i = 0; i < all->count && rc == SQLITE_OK; i++) {
    sqlite3_stmt *statement = 0;
    rc = sqlite3_prepare_v2(db, "SELECT cloudsync_payload_apply(?)", -1, &statement, 0);
    if (rc != SQLITE_OK) return rc;
    sqlite3_bind_blob(statement, 1, all->data[i], all->length[i], SQLITE_STATIC);
    sqlite3_step(statement);
    rc = sqlite3_finalize(statement);
  }
  return rc;
}

static int run(sqlite3 *db, const operation *op) {
  return op->sql ? sqlite3_exec(db, op->sql, 0, 0, 0) : apply(db, op->parts ? &part_payloads : &row_payloads);
}

static int is_busy(sqlite3 *db) {
  for (sqlite3_stmt *s = sqlite3_next_stmt(db, 0); s; s = sqlite3_next_stmt(db, s))
    if (sqlite3_stmt_busy(s)) return 1;
  return 0;
}

/* What must hold after a fault. Returns what does not, or null. */
static const char *judge(sqlite3 *db, const operation *op, const outcome *expected, int rc, int met) {
  int code = rc & 0xff;
  if (rc != SQLITE_OK && !met) return "failed without a fault";
  if (code != SQLITE_OK && code != SQLITE_IOERR && code != SQLITE_FULL && code != SQLITE_CANTOPEN && code != SQLITE_ABORT) return "the error code";
  if (!sqlite3_get_autocommit(db)) return "a transaction is open";
  if (is_busy(db)) return "a statement is open";
  if (!is(db, "PRAGMA integrity_check", "ok")) return "integrity_check";
  if (!is(db, mismatches, "0")) return "rows and clocks";
  char *now = state(db, 1);
  int untouched = !strcmp(now, expected->before), done = !strcmp(now, expected->after);
  free(now);
  if (rc == SQLITE_OK && !done) return "ended well with another state";
  if (op->sql && !untouched && !done) return "half a statement";
  if (done && rc == SQLITE_OK) return 0;
  if ((!done || !op->sql) && run(db, op) != SQLITE_OK) return sqlite3_errmsg(db);
  char *again = state(db, untouched);
  int same = !strcmp(again, untouched ? expected->after : expected->after_content);
  free(again);
  return same ? 0 : "the repeat ended with another state";
}

/* The higher, the more of the later calls fail, each in its turn. */
static long density;

static long try_fault(const operation *op, const fault *kind, int sticky, const outcome *expected, const char *journal) {
  long k = 1;
  for (int met = 1; met; k += k < 12 ? 1 : 1 + k / density) {
    sqlite3 *db = fresh();
    faulty_arm(kind->kind, k, kind->code, sticky);
    int rc = run(db, op);
    met = faulty_disarm();
    runs += met;
    errors += rc != SQLITE_OK;
    const char *wrong = judge(db, op, expected, rc, met);
    if (wrong) {
      failures++;
      printf("FAIL %s, %s, %s fault at %ld%s, code %d: %s\n", journal, op->name, kind->name, k, sticky ? " and on" : "", rc, wrong);
    }
    if (sqlite3_close(db) != SQLITE_OK) die("close", db);
  }
  return k;
}

static void check_journal(const char *journal) {
  make_base(journal);
  for (size_t o = 0; o < sizeof operations / sizeof *operations; o++) {
    sqlite3 *db = fresh();
    outcome expected = {state(db, 1), 0, 0};
    if (run(db, &operations[o]) != SQLITE_OK) die(operations[o].name, db);
    expected.after = state(db, 1);
    expected.after_content = state(db, 0);
    sqlite3_close(db);
    int before = failures;
    for (size_t f = 0; f < sizeof faults / sizeof *faults; f++)
      for (int sticky = 0; sticky < 2; sticky++) try_fault(&operations[o], &faults[f], sticky, &expected, journal);
    printf("%s %s_is_whole_when_the_disk_fails_in_%s_mode\n", failures == before ? "ok" : "FAIL", operations[o].name, journal);
    fflush(stdout);
    free(expected.before);
    free(expected.after);
    free(expected.after_content);
  }
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  density = atol(argv[3]);
  library = argv[1];
  snprintf(path, sizeof path, "%s/fault.db", argv[2]);
  if (faulty_register() != SQLITE_OK) return 2;
  make_payloads(&row_payloads, "INSERT INTO t VALUES ('k1', 1, 'one'), ('k2', 2, 'two'), ('k3', 3, 'three'), ('k4', 4, 'four');"
    " UPDATE t SET a = a + 100 WHERE id IN ('k1', 'k2'); DELETE FROM t WHERE id = 'k3'; INSERT INTO t VALUES ('k3', 33, 'again');"
    " DELETE FROM t WHERE id = 'k4'; INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 30)"
    " SELECT 'k' || i, i, hex(zeroblob(90)) FROM n");
  make_payloads(&part_payloads, "INSERT INTO t VALUES ('k1', 1, 'one'); UPDATE t SET a = " LONG_VALUE);
  check_journal("delete");
  check_journal("wal");
  remove_all();
  printf("%ld faults, %ld of them seen by the caller\n", runs, errors);
  return failures != 0;
}
