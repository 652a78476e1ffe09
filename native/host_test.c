/* A C host for what only a C host can show: loading a thousand times, threads, closing without a call before it, signals, every allocation
   failing once, loads that fail, and nothing to load into. Usage: host_test LIBRARY (path without suffix). Prints a line per check,
   exits with the failures. */
#include "faulty_vfs.h"
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sqlite3.h>
#include <unistd.h>

typedef int (*entry_point)(sqlite3 *, char **, const void *);

static const char *library;
static entry_point entry;
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

/* SQLite's table of routines as extensions get it. */
static const void *routines;

static int keep_routines(sqlite3 *db, char **message, const void *api) {
  (void)db, (void)message;
  routines = api;
  return SQLITE_OK;
}

static void find_entry(void) {
  char name[1000];
  snprintf(name, sizeof name, "%s.so", library);
  void *handle = dlopen(name, RTLD_NOW);
  entry = handle ? (entry_point)(size_t)dlsym(handle, "sqlite3_extension_init") : 0;
  sqlite3 *db = 0;
  sqlite3_auto_extension((void (*)(void))keep_routines);
  sqlite3_open(":memory:", &db);
  sqlite3_reset_auto_extension();
  sqlite3_close(db);
  if (!entry || !routines) { printf("FAIL no entry point in %s\n", name); exit(1); }
}

static void nothing_to_load_into(void) {
  char *message = 0;
  sqlite3 *db = 0;
  sqlite3_open(":memory:", &db);
  int ok = entry(db, &message, 0) == SQLITE_MISUSE && !message && entry(0, &message, 0) == SQLITE_MISUSE && !message;
  ok = ok && entry(0, &message, routines) == SQLITE_MISUSE && message && strstr(message, "connection is null");
  ok = ok && entry(0, 0, routines) == SQLITE_MISUSE;
  sqlite3_free(message);
  sqlite3_close(db);
  check("Load_is_refused_when_there_is_nothing_to_load_into", ok);
}

/* A copy of the table is another SQLite library to us. It is accepted only while nothing of the first one is counted. */
static int is_free_for_another(void) {
  static char other[8 * 400];
  static int copied;
  sqlite3 *db = 0;
  char *message = 0;
  if (!copied) memcpy(other, routines, 8 * 220); /* SQLite 3.35 has more */
  if (!copied) memcpy(other + 8 * 252, (const char *)routines + 8 * 252, 8); /* sqlite3_txn_state */
  if (!copied && sqlite3_libversion_number() >= 3039000) memcpy(other + 8 * 264, (const char *)routines + 8 * 264, 8); /* sqlite3_db_name */
  copied = 1;
  sqlite3_open(":memory:", &db);
  int rc = entry(db, &message, other);
  if (rc != SQLITE_OK_LOAD_PERMANENTLY) printf("another library: %d %s\n", rc, message ? message : "");
  sqlite3_free(message);
  return sqlite3_close(db) == SQLITE_OK && rc == SQLITE_OK_LOAD_PERMANENTLY;
}

static char path[1000];

/* A tracked database, made once and then copied; an outdated one is brought up to date by the next load. */
static void make_file(int outdated) {
  static char *made;
  static size_t length;
  FILE *file;
  remove(path);
  if (outdated && made) {
    file = fopen(path, "wb");
    fwrite(made, 1, length, file);
    fclose(file);
    return;
  }
  int rc;
  sqlite3 *db = 0;
  sqlite3_open(path, &db);
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, 0);
  rc = sqlite3_load_extension(db, library, 0, 0);
  if (rc == SQLITE_OK) rc = run_script(db);
  if (outdated && rc == SQLITE_OK)
    rc = sqlite3_exec(db, "UPDATE cloudsync_settings SET value = '0.9' WHERE key = 'version'; DROP TRIGGER cloudsync_after_insert_t", 0, 0, 0);
  if (rc != SQLITE_OK) { printf("FAIL %s: %s\n", path, sqlite3_errmsg(db)); exit(1); }
  sqlite3_close(db);
  if (!outdated) return;
  file = fopen(path, "rb");
  fseek(file, 0, SEEK_END);
  length = ftell(file);
  rewind(file);
  made = malloc(length);
  if (fread(made, 1, length, file) != length) exit(1);
  fclose(file);
}

/* The host calls it in a SELECT that reads no table: SQLite itself undoes nothing then. */
static void failing_applies(void) {
  static const char script[] = "CREATE TABLE many(id TEXT PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('many')";
  sqlite3_stmt *page = 0, *apply = 0;
  long failures_seen = 0, open = 0;
  int rc, failed = 1;
  sqlite3 *sender = open_loaded(&rc);
  sqlite3_exec(sender, script, 0, 0, 0);
  sqlite3_exec(sender, "INSERT INTO many WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50) SELECT 'k' || i, i FROM n", 0, 0, 0);
  sqlite3_prepare_v2(sender, "SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = 0", -1, &page, 0);
  if (sqlite3_step(page) != SQLITE_ROW) open++;
  for (long n = 1; failed && n < 60000; n += 1 + n / 60) {
    sqlite3 *db = open_loaded(&rc);
    sqlite3_exec(db, script, 0, 0, 0);
    sqlite3_prepare_v2(db, "SELECT cloudsync_payload_apply(?)", -1, &apply, 0);
    sqlite3_bind_value(apply, 1, sqlite3_column_value(page, 0));
    countdown = n;
    sqlite3_step(apply);
    failed = countdown == 0; /* it ended before the n-th allocation otherwise */
    countdown = 0;
    failures_seen += sqlite3_finalize(apply) != SQLITE_OK;
    open += !sqlite3_get_autocommit(db);
    sqlite3_close(db);
  }
  sqlite3_finalize(page);
  sqlite3_close(sender);
  if (open) printf("%ld transactions are open\n", open);
  check("Failed_apply_leaves_no_transaction_open_when_memory_runs_out", !open && failures_seen > 30);
}

enum load_kind { BY_CALL, BY_SQL };

/* One load during which memory runs out, and what must hold then. Returns what does not, or null. `limit`: SQLite may take so many bytes
   more; otherwise the n-th allocation fails. */
static const char *fail_load(const char *name, enum load_kind kind, long n, int limit, int *failed) {
  static char sql[1200];
  sqlite3 *db = 0;
  sqlite3_open(name, &db);
  sqlite3_enable_load_extension(db, 1); /* by SQL as well */
  snprintf(sql, sizeof sql, "SELECT load_extension('%s')", library);
  if (limit) sqlite3_hard_heap_limit64(sqlite3_memory_used() + n); else countdown = n;
  int rc = kind == BY_CALL ? sqlite3_load_extension(db, library, 0, 0) : sqlite3_exec(db, sql, 0, 0, 0);
  int met = limit || countdown == 0;
  countdown = 0;
  sqlite3_hard_heap_limit64(0);
  *failed = rc != SQLITE_OK;
  if (rc != SQLITE_OK && !met) return "failed without a reason";
  if (rc == SQLITE_OK && sqlite3_exec(db, "SELECT cloudsync_version(), chunksync_version()", 0, 0, 0) != SQLITE_OK) return "loaded, but not usable";
  if (rc != SQLITE_OK) {
    int gone = sqlite3_exec(db, "SELECT cloudsync_version()", 0, 0, 0);
    if (gone == SQLITE_OK) return "not loaded, but usable";
    if (kind == BY_CALL && !strstr(sqlite3_errmsg(db), "no such function")) return sqlite3_errmsg(db);
    if (kind == BY_SQL && gone == SQLITE_MISUSE && !strstr(sqlite3_errmsg(db), "could not be loaded completely")) return sqlite3_errmsg(db);
    if (!sqlite3_get_autocommit(db)) return "a transaction is open";
    if (kind == BY_CALL && sqlite3_load_extension(db, library, 0, 0) != SQLITE_OK) return "cannot be loaded again";
    if (kind == BY_CALL && sqlite3_exec(db, "SELECT cloudsync_version(), chunksync_version()", 0, 0, 0) != SQLITE_OK) return "loaded again, but not usable";
  }
  if (sqlite3_close(db) != SQLITE_OK) return "cannot be closed";
  if (*failed && !is_free_for_another()) return "a connection is still counted";
  return 0;
}

static void failing_loads(const char *name, int outdated, enum load_kind kind) {
  const char *wrong = 0;
  long failures_seen = 0, n = 1;
  int failed, limit;
  for (limit = 0; limit < 2 && !wrong; limit++) {
    int quiet = 0; /* an allocation that SQLite can do without: the end is reached when many loads in a row work */
    for (n = 1; quiet < 40 && !wrong; n += limit ? 1 + n / 15 : 1 + n / (kind == BY_CALL ? 400 : 40)) {
      if (outdated) make_file(1);
      wrong = fail_load(name, kind, n, limit, &failed);
      failures_seen += failed;
      quiet = failed ? 0 : quiet + 1;
    }
    printf("%s, %s: %ld failed, the last at %ld\n", kind == BY_CALL ? "load" : "SELECT load_extension", limit ? "heap limit" : "n-th allocation", failures_seen, n);
  }
  if (wrong) printf("%s, %s at %ld: %s\n", name, limit > 1 ? "heap limit" : "allocation", n, wrong);
  static char title[100];
  snprintf(title, sizeof title, "Failed_load_leaves_nothing_behind_when_memory_runs_out_%s_%s", outdated ? "in_an_upgrade" : *name == ':' ? "in_memory" : "on_a_file",
    kind == BY_CALL ? "by_call" : "by_sql");
  check(title, !wrong && failures_seen > 30);
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  library = argv[1];
  sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real);
  sqlite3_mem_methods failing = real;
  failing.xMalloc = failing_malloc;
  failing.xRealloc = failing_realloc;
  sqlite3_config(SQLITE_CONFIG_MALLOC, &failing);
  faulty_register(); /* for its sync, which does not wait */
  find_entry();
  nothing_to_load_into();
  signals();
  many_loads();
  second_load();
  threads();
  out_of_memory();
  failing_applies();
  snprintf(path, sizeof path, "/tmp/chunksync-host-%d.db", (int)getpid());
  for (int kind = BY_CALL; kind <= BY_SQL; kind++) {
    failing_loads(":memory:", 0, kind);
    make_file(0);
    failing_loads(path, 0, kind);
    failing_loads(path, 1, kind);
  }
  remove(path);
  return failures;
}
