/* A process that is killed while it works on a tree table. Usage: tree_kill_test LIBRARY FOLDER SEED KILLS (library without suffix). A list of
   operations, made from the seed: payloads of two other replicas that overtake each other and come twice, local moves, a fold that was put off, a
   rebuild. In both journal modes the process is killed in the middle of a random write of a random one of them, or behind it. The file holds then
   what it held before the operation or what it holds behind it, tree, log and rows fit each other, and when the rest has been done it is where
   an undisturbed run ends.
   A child is the same program: tree_kill_test LIBRARY FOLDER --child OPERATION KILL_AT. */
#include "actors.h"
#include "faulty_vfs.h"
#include "killed.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPERATIONS = 24, SENDERS = 2, KEYS = 9, MAX_WRITES = 200 };

static const char schema[] =
  "CREATE TABLE items(id TEXT PRIMARY KEY NOT NULL, parent TEXT, pos TEXT, title TEXT);"
  "SELECT cloudsync_init('items'); SELECT cloudsync_tree_init('items', 'parent', 'pos');";

static char path[1000];
static char *wanted[OPERATIONS + 1];
static uint64_t random_state;

static int below(int bound) { return (int)(next_random(&random_state) % (unsigned)bound); }

/* Rows, nodes, log and what is pending. */
static char *state(sqlite3 *db) {
  return text(db,
    "SELECT coalesce((SELECT group_concat(r, ' ') FROM (SELECT id || quote(parent) || quote(pos) || quote(title) AS r FROM items ORDER BY id)), '')"
    " || '|' || coalesce((SELECT group_concat(r, ' ') FROM (SELECT key || parent || quote(pos) AS r FROM items_tree_node ORDER BY key)), '')"
    " || '|' || coalesce((SELECT group_concat(r, ' ') FROM (SELECT lamport || hex(substr(site, 14)) || nid || parent || effective AS r FROM items_tree_log ORDER BY lamport, site, nid, parent)), '')"
    " || '|' || (SELECT count(*) FROM items_tree_pending) || '|' || (SELECT count(*) FROM items_treeops)");
}

/* A user's statement: a move below itself is refused. */
static void try_move(sqlite3 *db, char *sql, size_t size) {
  int how = below(4);
  if (how == 0) snprintf(sql, size, "INSERT OR REPLACE INTO items VALUES ('k%d', NULL, 'n%d', '%d')", below(KEYS), below(9), below(99));
  else if (how == 1) snprintf(sql, size, "DELETE FROM items WHERE id = 'k%d'", below(KEYS));
  else snprintf(sql, size, "UPDATE items SET parent = 'k%d', pos = 'n%d' WHERE id = 'k%d'", below(KEYS), below(9), below(KEYS));
  if (db) {
    int rc = sqlite3_exec(db, sql, 0, 0, 0);
    if (rc != SQLITE_OK && rc != SQLITE_CONSTRAINT) die(sql, db);
  }
}

/* Does an operation; a refused move is none. */
static void operate(sqlite3 *db, int n) {
  char sql[200];
  snprintf(sql, sizeof sql, "SELECT sql FROM todo WHERE n = %d", n);
  char *todo = text(db, sql);
  int rc = sqlite3_exec(db, todo, 0, 0, 0);
  if (rc != SQLITE_OK && rc != SQLITE_CONSTRAINT) die(todo, db);
  free(todo);
}

/* Makes what others send, and the list; does everything once. */
static void make(const char *journal) {
  char sql[3000];
  for (int i = 0; i < 4; i++) {
    static const char *const suffixes[] = {"", "-journal", "-wal", "-shm"};
    snprintf(sql, sizeof sql, "%s%s", path, suffixes[i]);
    remove(sql);
  }
  sqlite3 *db = open_loaded(path, "OFF");
  snprintf(sql, sizeof sql, "PRAGMA journal_mode = %s", journal);
  must(db, sql);
  must(db, schema);
  must(db, "CREATE TABLE wire(n INTEGER PRIMARY KEY, payload); CREATE TABLE todo(n INTEGER PRIMARY KEY, sql)");
  must(db, "INSERT INTO items VALUES ('k0', NULL, 'n0', ''), ('k1', 'k0', 'n0', ''), ('k2', 'k1', 'n0', ''), ('k3', 'k2', 'n0', ''), ('k4', 'k0', 'n1', '')");
  for (int i = 0; i < SENDERS; i++) {
    sqlite3 *sender = open_loaded(":memory:", 0);
    must(sender, schema);
    snprintf(sql, sizeof sql, "ATTACH '%s' AS f", path);
    must(sender, sql);
    for (int k = 0; k < KEYS; k++) {
      snprintf(sql, sizeof sql, "INSERT INTO items VALUES ('k%d', NULL, 'n0', '')", k);
      must(sender, sql);
    }
    for (int sent = 0; sent < 8; sent++) {
      long long since = number(sender, "SELECT cloudsync_db_version()");
      for (int k = 0; k < 4; k++) try_move(sender, sql, sizeof sql);
      snprintf(sql, sizeof sql, "INSERT INTO f.wire(payload) SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = %lld", sent ? since : 0);
      must(sender, sql);
    }
    sqlite3_close(sender);
  }
  int payloads = (int)number(db, "SELECT count(*) FROM wire"), deferred = 0;
  for (int n = 0; n < OPERATIONS; n++) {
    char move[200];
    if (n == 9) { deferred = 1; strcpy(sql, "INSERT INTO todo(sql) VALUES ('SELECT cloudsync_set(''tree_catchup'', ''deferred'')')"); }
    else if (n == 13) strcpy(sql, "INSERT INTO todo(sql) VALUES ('SELECT cloudsync_tree_ensure()')");
    else if (n == 14) { deferred = 0; strcpy(sql, "INSERT INTO todo(sql) VALUES ('SELECT cloudsync_set(''tree_catchup'', ''immediate'')')"); }
    else if (n == 20) strcpy(sql, "INSERT INTO todo(sql) VALUES ('SELECT cloudsync_tree_ensure(''items'', ''rebuild'')')");
    else if (n % 3 == 2 && !deferred) {
      try_move(0, move, sizeof move);
      sqlite3_stmt *s = 0;
      sqlite3_prepare_v2(db, "INSERT INTO todo(sql) VALUES (?)", -1, &s, 0);
      sqlite3_bind_text(s, 1, move, -1, SQLITE_TRANSIENT);
      if (sqlite3_step(s) != SQLITE_DONE) die("todo", db);
      sqlite3_finalize(s);
      continue;
    }
    else snprintf(sql, sizeof sql, "INSERT INTO todo(sql) VALUES ('SELECT cloudsync_payload_apply(payload) FROM wire WHERE n = %d')", 1 + below(payloads));
    must(db, sql);
  }
  must(db, "UPDATE todo SET n = n - 1; PRAGMA wal_checkpoint(TRUNCATE)");
  sqlite3_close(db);
  for (int n = 0; n <= OPERATIONS; n++) {
    copy_file(path, snapshot(n));
    db = open_loaded(path, "OFF");
    free(wanted[n]);
    wanted[n] = state(db);
    if (n < OPERATIONS) operate(db, n);
    sqlite3_close(db);
  }
}

static int child(int n, long kill_at) {
  faulty_register();
  sqlite3 *db = open_loaded(path, "OFF");
  faulty_kill(kill_at, 0);
  operate(db, n);
  sqlite3_close(db);
  return 0;
}

static void sound(sqlite3 *db, int n) {
  char *verified = text(db, "SELECT cloudsync_tree_verify('items')");
  if (strcmp(verified, "ok")) printf("FAIL operation %d: %s\n", n, verified), exit(1);
  free(verified);
  if (number(db, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'")) die("integrity", db);
  if (number(db, "SELECT count(*) FROM items_tree_pending AS p WHERE present <> EXISTS (SELECT 1 FROM items_treeops AS o WHERE o.lamport = p.lamport AND o.site = p.site"
      " AND o.node = +p.node AND o.parent = +p.parent AND o.pos = +p.pos)")) die("a frontier without an operation", db);
  if (number(db, "WITH RECURSIVE up(start, at, depth) AS (SELECT id, parent, 1 FROM items WHERE parent IS NOT NULL UNION ALL"
      " SELECT start, parent, depth + 1 FROM up JOIN items ON id = at WHERE parent IS NOT NULL AND depth < 20) SELECT count(*) FROM up WHERE start = at")) die("a cycle", db);
}

/* What was killed goes on. */
static int go_on(int n) {
  sqlite3 *db = open_loaded(path, "OFF");
  char *now = state(db);
  int done = !strcmp(now, wanted[n]) ? n : !strcmp(now, wanted[n + 1]) ? n + 1 : -1;
  if (done < 0) printf("FAIL operation %d: %s\nbefore: %s\nbehind: %s\n", n, now, wanted[n], wanted[n + 1]), exit(1);
  sound(db, n);
  for (int next = done; next < OPERATIONS; next++) operate(db, next);
  free(now);
  now = state(db);
  if (strcmp(now, wanted[OPERATIONS])) printf("FAIL behind operation %d: %s\nwanted: %s\n", n, now, wanted[OPERATIONS]), exit(1);
  sound(db, n);
  free(now);
  sqlite3_close(db);
  return done == n + 1 && strcmp(wanted[n], wanted[n + 1]);
}

int main(int argc, char **argv) {
  killed_program = argv[0];
  if (argc < 5) return 2;
  actors_library = argv[1];
  killed_folder = argv[2];
  snprintf(path, sizeof path, "%s/tree.db", killed_folder);
  if (argc > 5) return child(atoi(argv[4]), atol(argv[5]));
  random_state = (uint64_t)strtoull(argv[3], 0, 10);
  long all = atol(argv[4]);
  for (int wal = 0; wal < 2; wal++) {
    const char *journal = wal ? "WAL" : "DELETE";
    long kills = 0, kept = 0, lists = 0;
    while (kills < all / 2) {
      int writes[OPERATIONS];
      make(journal);
      lists++;
      for (int n = 0; n < OPERATIONS; n++) writes[n] = MAX_WRITES;
      for (int tries = 0; tries < 200 && kills < all / 2; tries++) {
        int n = below(OPERATIONS), k = writes[n] ? 1 + below(writes[n]) : 0;
        if (!k) continue;
        copy_file(snapshot(n), path);
        if (is_killed(n, below(2) ? k : -k)) { kills++; kept += go_on(n); }
        else writes[n] = k - 1;
      }
    }
    printf("ok Killed_process_leaves_the_tree_of_before_or_behind_in_%s_mode\n", journal);
    printf("count kills=%ld kept=%ld lists=%ld\n", kills, kept, lists);
  }
  return 0;
}
