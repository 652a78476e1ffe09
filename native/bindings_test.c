/* What a host sees when it looks at our idle statements. Freed memory is filled with a pattern and kept for a while, arguments are
   overwritten as soon as their call has ended, and after every call sqlite3_expanded_sql is asked for every statement of the
   connection: the pattern must not appear. Usage: bindings_test LIBRARY (path without suffix). Prints a line per check. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sqlite3.h>

#define PATTERN 0xDD
#define KEPT 20000 /* freed blocks that are not given back yet */

static const char *library;
static int failures;
static long looks;

static sqlite3_mem_methods real;
static void *kept[KEPT];
static int oldest;

static void poison_free(void *p) {
  if (!p) return;
  memset(p, PATTERN, real.xSize(p));
  if (kept[oldest]) real.xFree(kept[oldest]);
  kept[oldest] = p;
  oldest = (oldest + 1) % KEPT;
}

static void *poison_realloc(void *p, int n) {
  void *moved = real.xMalloc(n);
  if (!moved) return 0;
  int length = real.xSize(p);
  memcpy(moved, p, length < n ? length : n);
  poison_free(p);
  return moved;
}

static int has_pattern(const char *text) {
  static const char raw[] = "\xDD\xDD\xDD\xDD";
  return strstr(text, raw) || strstr(text, "dddddddddddd") || strstr(text, "DDDDDDDDDDDD");
}

static void look(sqlite3 *db, const char *when) {
  for (sqlite3_stmt *s = sqlite3_next_stmt(db, 0); s; s = sqlite3_next_stmt(db, s)) {
    char *text = sqlite3_expanded_sql(s);
    looks++;
    if (!text || has_pattern(text)) {
      failures++;
      printf("FAIL %s: %.300s\n", when, text ? text : sqlite3_sql(s));
    }
    sqlite3_free(text);
  }
}

static void run(sqlite3 *db, const char *sql) {
  sqlite3_exec(db, sql, 0, 0, 0); /* a refusal is as good as success here */
  look(db, sql);
}

static sqlite3 *open_loaded(void) {
  sqlite3 *db = 0;
  sqlite3_open(":memory:", &db);
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, 0);
  if (sqlite3_load_extension(db, library, 0, 0) != SQLITE_OK) { printf("FAIL %s\n", sqlite3_errmsg(db)); exit(1); }
  return db;
}

/* Runs a statement with one argument in memory of ours, which is gone when it has ended. */
static int with_blob(sqlite3 *db, const char *sql, const void *data, int length) {
  sqlite3_stmt *statement = 0;
  void *copy = malloc(length + 1);
  memcpy(copy, data, length);
  int rc = sqlite3_prepare_v2(db, sql, -1, &statement, 0);
  if (rc == SQLITE_OK) {
    sqlite3_bind_blob(statement, 1, copy, length, SQLITE_STATIC);
    while (sqlite3_step(statement) == SQLITE_ROW) ;
    rc = sqlite3_finalize(statement);
  }
  memset(copy, PATTERN, length);
  look(db, sql);
  free(copy);
  return rc;
}

static const char schema[] =
  "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a CHECK(a IS NOT 666), b); CREATE TABLE w(x INT, y TEXT, v, PRIMARY KEY(x, y)) WITHOUT ROWID;"
  "SELECT cloudsync_init('t'); SELECT cloudsync_init('w')";

static void captures(sqlite3 *db) {
  char sql[400];
  for (int length = 20; length < 60000; length *= 4) { /* longer and longer keys: buffers move */
    snprintf(sql, sizeof sql, "INSERT INTO t VALUES (printf('%%0%dd', 1), 1, 2), (printf('%%0%dd', 2), 3, 4)", length, length);
    run(db, sql);
    snprintf(sql, sizeof sql, "INSERT OR REPLACE INTO t SELECT id, a, 'again' FROM t WHERE length(id) = %d; UPDATE t SET b = a", length);
    run(db, sql);
    snprintf(sql, sizeof sql, "UPDATE t SET id = id || 'x' WHERE length(id) = %d", length);
    run(db, sql);
    snprintf(sql, sizeof sql, "INSERT INTO w VALUES (%d, printf('%%0%dd', 1), 'v')", length, length);
    run(db, sql);
  }
  run(db, "DELETE FROM w WHERE x > 100");
  run(db, "UPDATE t SET a = 7 WHERE length(id) < 100");
  run(db, "SELECT sum(length(col_value)) FROM cloudsync_changes WHERE db_version = (SELECT max(db_version) FROM t_cloudsync)");
  run(db, "UPDATE t SET b = 8 WHERE length(id) > 9000");
  run(db, "SELECT sum(length(col_value)) FROM cloudsync_changes WHERE db_version = (SELECT max(db_version) FROM t_cloudsync)");
  run(db, "SELECT sum(length(col_value)) FROM cloudsync_changes");
  run(db, "SELECT sum(length(payload)) FROM cloudsync_payload_chunks WHERE since_db_version = 0 AND max_chunk_size = 262144");
  run(db, "CREATE TABLE later(id TEXT PRIMARY KEY NOT NULL, a); INSERT INTO later SELECT id, a FROM t; SELECT cloudsync_init('later')");
  run(db, "SELECT cloudsync_begin_alter('later'); ALTER TABLE later ADD COLUMN c DEFAULT 5; SELECT cloudsync_commit_alter('later')");
}

static void applies(sqlite3 *source, sqlite3 *target) {
  sqlite3_stmt *pages;
  sqlite3_prepare_v2(source, "SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = 0 AND max_chunk_size = 262144", -1, &pages, 0);
  for (int i = 0; sqlite3_step(pages) == SQLITE_ROW; i++) {
    const void *data = sqlite3_column_blob(pages, 0);
    int length = sqlite3_column_bytes(pages, 0);
    with_blob(target, "SELECT cloudsync_payload_apply(?)", data, length);
    with_blob(target, "SELECT cloudsync_payload_receive(?, x'00112233445566778899aabbccddeeff', 1, 0, 0, 1000, 0, 0, 1)", data, length);
    with_blob(target, "SELECT cloudsync_payload_apply(?)", data, length / 2);
  }
  sqlite3_finalize(pages);
  run(target, "INSERT INTO cloudsync_changes(tbl, pk, col_name, col_value, col_version, db_version, site_id, cl, seq)"
    " VALUES ('t', cloudsync_pk_encode(hex(zeroblob(90))), 'a', hex(zeroblob(90)), 3, 900, randomblob(16), 1, 0)");
  run(target, "INSERT INTO cloudsync_changes(tbl, pk, col_name, col_value, col_version, db_version, site_id, cl, seq)"
    " VALUES ('t', cloudsync_pk_encode(hex(zeroblob(91))), 'a', 666, 3, 900, randomblob(16), 1, 0)");
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  library = argv[1];
  sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real);
  sqlite3_mem_methods poisoning = real;
  poisoning.xFree = poison_free;
  poisoning.xRealloc = poison_realloc;
  sqlite3_config(SQLITE_CONFIG_MALLOC, &poisoning);

  sqlite3 *source = open_loaded(), *target = open_loaded();
  run(source, schema);
  captures(source);
  run(source, "INSERT INTO t VALUES ('long', (WITH RECURSIVE n(i, x) AS (SELECT 1, 12345 UNION ALL SELECT i + 1, (x * 1103515245 + 12345) % 2147483648"
    " FROM n WHERE i < 112500) SELECT group_concat(printf('%08x', x), '') FROM n), 1)");
  run(source, "INSERT INTO t VALUES ('random', randomblob(3000), 2); UPDATE t SET a = 665 WHERE id = 'random'");
  run(target, schema);
  run(target, "SELECT cloudsync_set('skip_schema_hash_check', 1)");
  run(target, "INSERT INTO t VALUES ('long', 1, 1), ('random', 2, 2)");
  applies(source, target);
  sqlite3_close(source);
  look(target, "after the source was closed");
  if (sqlite3_close(target) != SQLITE_OK) failures++;
  printf("%ld statements looked at\n", looks);
  printf("%s Idle_statements_are_bound_to_nothing_that_is_gone\n", failures ? "FAIL" : "ok");
  return failures;
}
