/* A C host for what only a C host can show: loading a thousand times, threads, closing without goodbye, signals, and every
   allocation failing once. Usage: host_test LIBRARY (path without suffix). Prints a line per check, exits with the failures. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sqlite3.h>

static const char *library;
static int failures;

static void check(const char *name, int ok) {
  printf("%s %s\n", ok ? "ok" : "FAIL", name);
  fflush(stdout);
  failures += !ok;
}

static sqlite3 *open_loaded(int *rc) {
  sqlite3 *db = 0;
  *rc = sqlite3_open(":memory:", &db);
  if (*rc == SQLITE_OK) {
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, 0);
    char *message = 0;
    *rc = sqlite3_load_extension(db, library, 0, &message);
    sqlite3_free(message);
  }
  return db;
}

static const char *script[] = {
  "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b)",
  "SELECT cloudsync_init('t')",
  "INSERT INTO t VALUES ('x', 1, 'one'), ('y', 2, zeroblob(300000))",
  "UPDATE t SET a = a + 1",
  "DELETE FROM t WHERE id = 'x'",
  "SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = 0 AND max_chunk_size = 262144",
  "SELECT cloudsync_payload_apply(payload) FROM cloudsync_payload_chunks WHERE since_db_version = 0",
  "SELECT count(*), max(length(col_value)) FROM cloudsync_changes",
  "BEGIN; INSERT INTO t VALUES ('z', 3, 4); ROLLBACK",
};

static int run_script(sqlite3 *db) {
  for (size_t i = 0; i < sizeof(script) / sizeof(*script); i++) {
    int rc = sqlite3_exec(db, script[i], 0, 0, 0);
    if (rc != SQLITE_OK) return rc;
  }
  return SQLITE_OK;
}

static void many_loads(void) {
  int rc, bad = 0;
  for (int i = 0; i < 1000; i++) {
    sqlite3 *db = open_loaded(&rc);
    bad += rc != SQLITE_OK || (i % 50 == 0 && run_script(db) != SQLITE_OK);
    bad += sqlite3_close(db) != SQLITE_OK;
  }
  check("Library_survives_when_loaded_a_thousand_times", !bad);
}

static void second_load(void) {
  int rc;
  sqlite3 *db = open_loaded(&rc);
  char *message = 0;
  int again = sqlite3_load_extension(db, library, 0, &message);
  check("Second_load_changes_nothing_when_on_the_same_connection", rc == SQLITE_OK && again == SQLITE_OK && run_script(db) == SQLITE_OK);
  sqlite3_free(message);
  check("Close_returns_ok_when_nobody_said_goodbye", sqlite3_close(db) == SQLITE_OK);
}

static void *thread_body(void *result) {
  int rc, bad = 0;
  for (int i = 0; i < 40; i++) {
    sqlite3 *db = open_loaded(&rc);
    bad += rc != SQLITE_OK || run_script(db) != SQLITE_OK || sqlite3_close(db) != SQLITE_OK;
  }
  *(int *)result = bad;
  return 0;
}

static void threads(void) {
  pthread_t ids[8];
  int bad[8], total = 0;
  for (int i = 0; i < 8; i++) pthread_create(&ids[i], 0, thread_body, &bad[i]);
  for (int i = 0; i < 8; i++) {
    pthread_join(ids[i], 0);
    total += bad[i];
  }
  check("Connections_work_when_eight_threads_have_their_own", !total);
}

static void signals(void) {
  struct sigaction before, after;
  sigaction(SIGPIPE, 0, &before);
  int rc;
  sqlite3_close(open_loaded(&rc));
  sigaction(SIGPIPE, 0, &after);
  check("Sigpipe_stays_as_the_host_has_it_when_loaded", before.sa_handler == after.sa_handler);
}

/* An allocator that fails once, at the n-th call, as SQLite sees it: the engine's own native memory comes from here too. */
static sqlite3_mem_methods real;
static long countdown;

static int fails(void) { return countdown > 0 && --countdown == 0; }
static void *failing_malloc(int n) { return fails() ? 0 : real.xMalloc(n); }
static void *failing_realloc(void *p, int n) { return fails() ? 0 : real.xRealloc(p, n); }

static void out_of_memory(void) {
  int bad = 0, done = 0;
  long n = 1;
  for (; !done && n < 60000; n += n < 300 ? 1 : 1 + n / 40) {
    int rc;
    sqlite3 *db = open_loaded(&rc);
    countdown = n;
    rc = run_script(db);
    done = countdown > 0; /* the script ended before the n-th allocation */
    countdown = 0;
    if (done && rc != SQLITE_OK) bad++;
    if (!sqlite3_get_autocommit(db)) sqlite3_exec(db, "ROLLBACK", 0, 0, 0);
    bad += sqlite3_exec(db, "PRAGMA integrity_check", 0, 0, 0) != SQLITE_OK;
    if (sqlite3_close(db) != SQLITE_OK) { bad++; printf("close failed at allocation %ld\n", n); }
  }
  printf("allocations tried: up to %ld\n", n);
  check("Engine_survives_when_any_allocation_fails", done && !bad);
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  library = argv[1];
  sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real);
  sqlite3_mem_methods failing = real;
  failing.xMalloc = failing_malloc;
  failing.xRealloc = failing_realloc;
  sqlite3_config(SQLITE_CONFIG_MALLOC, &failing);
  signals();
  many_loads();
  second_load();
  threads();
  out_of_memory();
  return failures;
}
