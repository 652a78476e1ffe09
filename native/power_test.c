/* Power that is cut while the four actors work. Usage: power_test LIBRARY FOLDER SEED MILLISECONDS [SETUP] (library without suffix; each of
   the set-ups below in turn, or one of them).
   After every cut: integrity, rows beside clocks, and exactly the operations that had succeeded, or one more. A reader that is not on
   that disk got pages all the time: in the end it has the same rows, so nothing it was told was forgotten and no db_version that it saw
   was given to something else. Where a set-up promises less, the last operations may be gone, never a part of one. */
#include "actors.h"
#include "power_vfs.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct { const char *name, *journal, *synchronous; int keeps_deletes, may_forget; } setup;

/* The last two promise less: what SQLite says of WAL with NORMAL, and of a file system that may undo the delete of a journal. */
static const setup setups[] = {
  {"wal", "WAL", "FULL", 0, 0},
  {"wal-extra", "WAL", "EXTRA", 0, 0},
  {"delete-extra", "DELETE", "EXTRA", 0, 0},
  {"delete", "DELETE", "FULL", 1, 0},
  {"truncate", "TRUNCATE", "FULL", 0, 0},
  {"persist", "PERSIST", "FULL", 0, 0},
  {"wal-normal", "WAL", "NORMAL", 0, 1000},
  {"delete-unordered", "DELETE", "FULL", 0, 1},
};

static char path[1000], folder[900];
static const setup *how;
static uint64_t state;
static int done[ACTORS];
static long cuts, kept, more, forgotten, runs, pages;

static long long now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static void fresh_file(void) {
  static const char *const suffixes[] = {"", "-journal", "-wal", "-shm"};
  char name[1100], sql[200], block[65536];
  size_t length;
  for (int i = 0; i < 4; i++) {
    snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
    remove(name);
  }
  snprintf(name, sizeof name, "%s/template.db", folder);
  FILE *from = fopen(name, "rb"), *to = fopen(path, "wb");
  if (!from || !to) die(name, 0);
  while ((length = fread(block, 1, sizeof block, from)) > 0) fwrite(block, 1, length, to);
  fclose(from);
  fclose(to);
  sqlite3 *db = open_plain(path);
  snprintf(sql, sizeof sql, "PRAGMA journal_mode = %s", how->journal);
  must(db, sql);
  sqlite3_close(db);
  memset(done, 0, sizeof done);
}

static void fail(sqlite3 *db, int actor, const char *what) {
  char *text = actor_state(db, actor);
  printf("FAIL %s, file %ld, cut %ld, actor %d told %d: %s\n%s\n", how->name, runs, cuts, actor, done[actor], what, text ? text : "");
  exit(1);
}

/* What is there after a cut. Sets the counts to it. */
static void judge(void) {
  sqlite3 *db = open_loaded(path, "OFF");
  const char *wrong = actors_check(db);
  if (wrong) fail(db, 0, wrong);
  int lost = 0, ahead = 0;
  for (int actor = 0; actor < ACTORS; actor++) {
    int k = done[actor] + 1;
    if (actor_is_at(db, actor, done[actor])) k = done[actor];
    else while (k >= 0 && !actor_is_at(db, actor, k)) k--;
    if (k < 0) fail(db, actor, "in no state of an undisturbed run");
    if (k > done[actor]) ahead++;
    else lost += done[actor] - k;
    done[actor] = k;
  }
  if (ahead > 1 || (ahead && lost)) fail(db, 0, "later operations are there, earlier ones are not");
  if (lost > how->may_forget) fail(db, 0, "what had succeeded is forgotten");
  for (int i = 1; i < ACTORS; i++) /* the actors take turns: what is left must be the beginning of what was done */
    if (actor_first_like(i, done[i]) > done[i - 1] && done[i - 1] < actor_length(i - 1)) fail(db, i, "not the beginning of what was done");
  kept += !lost && !ahead;
  more += ahead;
  forgotten += lost;
  sqlite3_close(db);
}

/* Who is next: the actors take turns. */
static int next_actor(void) {
  int next = -1;
  for (int actor = ACTORS - 1; actor >= 0; actor--)
    if (done[actor] < actor_length(actor) && (next < 0 || done[actor] <= done[next])) next = actor;
  return next;
}

/* From power on to power off, or to the end of the work. */
static void live(sqlite3 *replica) {
  power_on(path);
  sqlite3 *db = open_loaded(path, how->synchronous);
  char sql[100];
  snprintf(sql, sizeof sql, "PRAGMA journal_mode = %s; PRAGMA cache_size = %d; PRAGMA wal_autocheckpoint = 40", how->journal, next_random(&state) % 2 ? 6 : 300);
  must(db, sql);
  if (next_random(&state) % 2) power_cut_at(1 + next_random(&state) % 25, 1);
  else power_cut_at(1 + next_random(&state) % (next_random(&state) % 3 ? 150 : 1500), 0);
  int actor;
  while ((actor = next_actor()) >= 0 && !power_is_off()) {
    int rc = actor_run(db, actor, done[actor]);
    if (rc == SQLITE_OK) done[actor]++;
    else if (!power_is_off()) die("an operation", db);
    if (replica && !power_is_off() && next_random(&state) % 3 == 0) pages += reader_page(db, replica) == SQLITE_ROW;
  }
  if (sqlite3_close(db) != SQLITE_OK) die("close", db);
  cuts += power_is_off();
  power_restore(&state, next_random(&state) % 2 ? 512 : 4096, how->keeps_deletes);
}

static void run(long long deadline) {
  sqlite3 *replica = 0;
  char sql[1200];
  runs++;
  fresh_file();
  if (!how->may_forget) {
    snprintf(sql, sizeof sql, "%s/power-reader.db", folder);
    remove(sql);
    reader_make(sql);
    replica = open_loaded(sql, "OFF");
    must(replica, "PRAGMA journal_mode = MEMORY");
  }
  while (next_actor() >= 0 && now_ms() < deadline) {
    live(replica);
    judge();
  }
  if (!replica) return;
  sqlite3 *db = open_loaded(path, "OFF");
  int rc;
  while ((rc = reader_page(db, replica)) == SQLITE_ROW) pages++;
  const char *wrong = rc == SQLITE_DONE ? actors_check(replica) : "the last pages";
  if (wrong) die(wrong, replica);
  if (!same_rows(db, replica)) die("the reader has other rows", 0);
  sqlite3_close(db);
  sqlite3_close(replica);
}

static void run_setup(const setup *chosen, long milliseconds) {
  how = chosen;
  cuts = kept = more = forgotten = runs = pages = 0;
  long long deadline = now_ms() + milliseconds;
  do run(deadline); while (now_ms() < deadline);
  printf("ok %s_when_the_power_is_cut_%s\n", how->may_forget ? "Beginning_is_whole" : "Nothing_told_is_forgotten", how->name);
  printf("count power_cuts=%ld not_told=%ld forgotten=%ld files=%ld pages=%ld\n", cuts, more, forgotten, runs, pages);
}

int main(int argc, char **argv) {
  const int count = sizeof setups / sizeof *setups;
  if (argc < 5) return 2;
  actors_library = argv[1];
  snprintf(folder, sizeof folder, "%s", argv[2]);
  snprintf(path, sizeof path, "%s/power.db", folder);
  state = (uint64_t)strtoull(argv[3], 0, 10);
  if (power_register() != SQLITE_OK) return 2;
  actors_make(folder, state);
  actors_open(folder);
  for (int i = 0; i < count; i++)
    if (argc < 6 || !strcmp(setups[i].name, argv[5])) run_setup(&setups[i], argc < 6 ? atol(argv[4]) / count : atol(argv[4]));
  return 0;
}
