/* A C host that forks: what its children are told when the parent had loaded the library, and that a child that loads it by itself works.
   Usage: fork_test LIBRARY (path without suffix). Prints a line per check, exits with the failures. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <sqlite3.h>

static const char *library;
static int failures;
static pthread_barrier_t started, finished;

static void check(const char *name, int ok) {
  printf("%s %s\n", ok ? "ok" : "FAIL", name);
  fflush(stdout);
  failures += !ok;
}

static int load(sqlite3 *db, char **message) {
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, 0);
  return sqlite3_load_extension(db, library, 0, message);
}

static const char script[] = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('t'); INSERT INTO t VALUES ('x', 1)";

static int is_refusal(int rc, const char *message) { return rc != SQLITE_OK && message && strstr(message, "this process was forked"); }

static int use_inherited(sqlite3 *db) {
  static const char *statements[] = {
    "INSERT INTO t VALUES ('child', 2)", "UPDATE t SET a = 5", "SELECT * FROM cloudsync_payload_chunks WHERE since_db_version = 0", "SELECT cloudsync_init('t')",
  };
  for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
    int rc = sqlite3_exec(db, statements[i], 0, 0, 0);
    if (!is_refusal(rc, sqlite3_errmsg(db))) return 1;
  }
  return 0;
}

static int load_again(sqlite3 *inherited) {
  (void)inherited;
  sqlite3 *db = 0;
  char *message = 0;
  sqlite3_open(":memory:", &db);
  int rc = load(db, &message);
  return is_refusal(rc, message) ? 0 : 1;
}

static int load_first(sqlite3 *inherited) {
  (void)inherited;
  sqlite3 *db = 0;
  sqlite3_open(":memory:", &db);
  return load(db, 0) == SQLITE_OK && sqlite3_exec(db, script, 0, 0, 0) == SQLITE_OK && sqlite3_close(db) == SQLITE_OK ? 0 : 1;
}

/* What a child comes to; one that hangs is ended after a while. */
static int in_child(int (*body)(sqlite3 *), sqlite3 *db) {
  pid_t child = fork();
  if (child == 0) {
    alarm(20);
    _exit(body(db));
  }
  int status = -1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Another thread that has used the library and does nothing while its process forks. */
static void *bystander(void *unused) {
  (void)unused;
  load_first(0);
  pthread_barrier_wait(&started);
  pthread_barrier_wait(&finished);
  return 0;
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  library = argv[1];
  check("Child_works_when_it_loads_the_library_and_its_parent_did_not", in_child(load_first, 0));
  sqlite3 *db = 0;
  sqlite3_open(":memory:", &db);
  check("Parent_works_when_its_child_had_loaded_the_library", load(db, 0) == SQLITE_OK && sqlite3_exec(db, script, 0, 0, 0) == SQLITE_OK);
  pthread_barrier_init(&started, 0, 2);
  pthread_barrier_init(&finished, 0, 2);
  pthread_t thread;
  pthread_create(&thread, 0, bystander, 0);
  pthread_barrier_wait(&started);
  int refused = 1;
  for (int i = 0; i < 5; i++) refused &= in_child(use_inherited, db);
  check("Child_is_refused_when_it_uses_a_connection_of_its_parent", refused);
  refused = 1;
  for (int i = 0; i < 5; i++) refused &= in_child(load_again, 0);
  check("Child_is_refused_when_it_loads_what_its_parent_had_loaded", refused);
  pthread_barrier_wait(&finished);
  pthread_join(thread, 0);
  check("Parent_goes_on_when_children_were_refused", sqlite3_exec(db, "UPDATE t SET a = 2", 0, 0, 0) == SQLITE_OK && sqlite3_close(db) == SQLITE_OK);
  return failures;
}
