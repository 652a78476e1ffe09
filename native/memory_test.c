/* Memory of every kind of operation, repeated. Usage: memory_test LIBRARY FOLDER OPERATIONS REPEATS CONNECTIONS (library without suffix;
   operations.sql; those marked slow are repeated a tenth as often). What SQLite has given out, and the process's resident memory, stay
   where they are after a warm-up; when a connection is closed nothing of it is left. Prints a line per check. */
#include "faulty_vfs.h"
#include "loaded_host.h"
#include <string.h>
#include <unistd.h>

enum { MAX_OPERATIONS = 200, USED_SLACK = 24 << 10, RSS_SLACK = 3 << 20 };

typedef struct { char *kind, *name, *sql; } operation;

static char path[1000];
static operation operations[MAX_OPERATIONS];
static int count, failures;
static char *setup, *source;

static sqlite3 *open_small(const char *name) {
  sqlite3 *db = open_loaded(name);
  must(db, "PRAGMA cache_size = -100");
  return db;
}

static long resident(void) {
  long total = 0, pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file && fscanf(file, "%ld %ld", &total, &pages) != 2) pages = 0;
  if (file) fclose(file);
  return pages * sysconf(_SC_PAGESIZE);
}

/* Sections of "## kind name", or "## setup" and "## source". */
static void read_operations(const char *name) {
  FILE *file = fopen(name, "rb");
  if (!file) die(name, 0);
  fseek(file, 0, SEEK_END);
  long length = ftell(file);
  rewind(file);
  char *text = calloc((size_t)length + 2, 1), *next;
  if (fread(text + 1, 1, (size_t)length, file) != (size_t)length) die(name, 0);
  fclose(file);
  *text = '\n';
  for (char *at = strstr(text, "\n## "); at; at = next) {
    next = strstr(at + 1, "\n## ");
    if (next) *next = 0;
    char *kind = at + 4, *sql = strchr(kind, '\n');
    *sql++ = 0;
    char *space = strchr(kind, ' ');
    if (!strcmp(kind, "setup")) setup = sql;
    else if (!strcmp(kind, "source")) source = sql;
    else if (!space || count == MAX_OPERATIONS) die(kind, 0);
    else { *space = 0; operations[count++] = (operation){kind, space + 1, sql}; }
  }
}

static sqlite3 *prepared_database(void) {
  remove(path);
  sqlite3 *db = open_small(path), *sender = open_small(":memory:");
  sqlite3_stmt *pages = 0, *keep = 0;
  must(db, setup);
  must(db, "CREATE TEMP TABLE part(n, data)");
  must(sender, source);
  if (sqlite3_prepare_v2(sender, "SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = 0 AND max_chunk_size = 262144", -1, &pages, 0) != SQLITE_OK)
    die("parts", sender);
  if (sqlite3_prepare_v2(db, "INSERT INTO temp.part SELECT count(*), ? FROM temp.part", -1, &keep, 0) != SQLITE_OK) die("parts", db);
  while (sqlite3_step(pages) == SQLITE_ROW) {
    sqlite3_bind_value(keep, 1, sqlite3_column_value(pages, 0));
    sqlite3_step(keep);
    sqlite3_reset(keep);
  }
  sqlite3_finalize(pages);
  sqlite3_finalize(keep);
  sqlite3_close(sender);
  return db;
}

static void repeat(sqlite3 *db, const operation *op, long times) {
  int fails = strstr(op->kind, "fails") != 0;
  if (!strncmp(op->kind, "slow", 4)) times = times / 10 + 1;
  while (times-- > 0) {
    must(db, "UPDATE temp.tick SET n = n + 1");
    int rc = sqlite3_exec(db, op->sql, 0, 0, 0);
    if ((rc != SQLITE_OK) != fails) die(op->name, db);
    if (!sqlite3_get_autocommit(db)) die(op->name, 0);
  }
}

static void check_operation(sqlite3 *db, const operation *op, long repeats) {
  repeat(db, op, 40 + repeats / 20);
  long long used = sqlite3_memory_used();
  long rss = resident();
  repeat(db, op, repeats);
  long long more = sqlite3_memory_used() - used;
  long more_rss = resident() - rss;
  int ok = more <= USED_SLACK && more_rss <= RSS_SLACK;
  failures += !ok;
  printf("%s memory_of_%s: %+lld used, %+ld resident\n", ok ? "ok" : "FAIL", op->name, more, more_rss);
  fflush(stdout);
}

static void connections(long times) {
  long long used = 0;
  long rss = 0, most = 0;
  for (long i = 0; i < times + 50; i++) {
    sqlite3 *db = open_small(path);
    must(db, "UPDATE t SET a = a + 1 WHERE id = 'row9'; SELECT count(*) FROM cloudsync_changes; SELECT sum(length(payload)) FROM cloudsync_payload_chunks"
      " WHERE since_db_version = 0; SELECT cloudsync_payload_apply((SELECT cloudsync_payload_encode('t', cloudsync_pk_encode('row9'), 'a', 1, 0, 1,"
      " x'00112233445566778899aabbccddee01', 1, 0)))");
    if (i % 3 == 0) sqlite3_exec(db, "SELECT cloudsync_payload_apply(x'00')", 0, 0, 0);
    if (sqlite3_close(db) != SQLITE_OK) die("close", db);
    if (i == 49) used = sqlite3_memory_used(), rss = resident();
    if (i > 49 && sqlite3_memory_used() > most) most = (long)sqlite3_memory_used();
  }
  long more_rss = resident() - rss;
  int ok = most <= used && more_rss <= RSS_SLACK;
  failures += !ok;
  printf("%s Closed_connections_leave_nothing: %+lld used, %+ld resident\n", ok ? "ok" : "FAIL", most - used, more_rss);
}

int main(int argc, char **argv) {
  if (argc != 6) return 2;
  library = argv[1];
  snprintf(path, sizeof path, "%s/memory.db", argv[2]);
  faulty_register(); /* for its sync, which does not wait */
  read_operations(argv[3]);
  long repeats = atol(argv[4]);
  long long before = sqlite3_memory_used();
  sqlite3 *db = prepared_database();
  if (sqlite3_memory_used() - before < 50000) die("SQLite was built without its account of memory", 0);
  for (int i = 0; i < count; i++) repeat(db, &operations[i], 20); /* every cache and every statement has been used */
  for (int i = 0; i < count; i++) check_operation(db, &operations[i], repeats);
  if (sqlite3_close(db) != SQLITE_OK) die("close", db);
  long long left = sqlite3_memory_used() - before;
  failures += left != 0;
  printf("%s Nothing_is_left_when_the_connection_is_closed: %+lld\n", left ? "FAIL" : "ok", left);
  connections(atol(argv[5]));
  printf("count operations=%d repeats=%ld connections=%s\n", count, repeats, argv[5]);
  return failures != 0;
}
