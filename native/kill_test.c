/* Processes that are killed while they work on one database file. Usage: kill_test LIBRARY FOLDER SEED MILLISECONDS (library without
   suffix). In both journal modes: first one process does what all four actors do, then five processes share the file: the
   four actors, and a reader that pages into a database of its own. Each is killed again and again, at a random time or in the middle of
   a random write, and started again; at times all of them at once. Whoever was killed had ended k operations: then the file holds
   exactly k or k + 1 of its, whole, and what must always hold holds. In the end the reader has the same rows as the file.
   A child is the same program: kill_test LIBRARY FOLDER --child ROLE KILL_AT ONLY_DELETES SYNCHRONOUS. */
#include "actors.h"
#include "faulty_vfs.h"
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { READER = ACTORS, ALL, PROCESSES = ACTORS + 1 };

/* Survives the children: how many operations each actor has ended, as it saw them. */
typedef struct { volatile int done[ACTORS]; volatile int pages; } progress;

extern char **environ;
static const char *self, *folder, *journal;
static char path[1000], replica_path[1000];
static progress *told;
static uint64_t state;
static long kills, done_more, rounds;

static long long now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static void share(const char *name) {
  char file[1000];
  snprintf(file, sizeof file, "%s/%s", folder, name);
  int fd = open(file, O_RDWR | O_CREAT, 0600);
  if (fd < 0 || ftruncate(fd, sizeof *told)) die(file, 0);
  told = mmap(0, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (told == MAP_FAILED) die("mmap", 0);
  close(fd);
}

static int is_finished(int role) {
  if (role == READER) return 0;
  for (int actor = 0; actor < ACTORS; actor++)
    if ((role == ALL || role == actor) && told->done[actor] < actor_length(actor)) return 0;
  return 1;
}

/* The child: goes on where the parent says, until it is killed or has done all. */
static int child(int role, long kill_at, int only_deletes, const char *synchronous) {
  if (kill_at) faulty_register();
  sqlite3 *db = open_loaded(path, synchronous), *replica = role == READER ? open_loaded(replica_path, "OFF") : 0;
  faulty_kill(kill_at, only_deletes);
  for (int turn = 0; !is_finished(role); turn++) {
    int rc;
    if (role == READER) {
      rc = reader_page(db, replica);
      if (rc == SQLITE_ROW) told->pages++; else usleep(1000);
    } else {
      int actor = role == ALL ? turn % ACTORS : role;
      if (told->done[actor] >= actor_length(actor)) continue;
      rc = actor_run(db, actor, told->done[actor]);
      if (rc == SQLITE_OK) told->done[actor]++;
    }
    if (rc != SQLITE_OK && rc != SQLITE_ROW && rc != SQLITE_DONE && (rc & 0xff) != SQLITE_BUSY) die("an operation", db);
  }
  return 0;
}

/* How long a child that was started last may live. */
static int most_ms;

/* Two of three children die at a write of their own: one of the first, which recover and begin, or any. */
static pid_t start(int role) {
  char number[20], after[20];
  int at = next_random(&state) % 3 == 0 ? 0 : 1 + (int)(next_random(&state) % (next_random(&state) % 2 ? 100 : 1000));
  int only_deletes = next_random(&state) % 3 == 0 && !strcmp(journal, "DELETE");
  if (only_deletes) at %= 20;
  snprintf(number, sizeof number, "%d", role);
  snprintf(after, sizeof after, "%d", next_random(&state) % 2 ? at : -at);
  most_ms = at ? 300 : 40;
  char *synchronous = next_random(&state) % 4 ? "OFF" : "NORMAL";
  char *arguments[] = {(char *)self, (char *)actors_library, (char *)folder, "--child", number, after, only_deletes ? "1" : "0", synchronous, 0};
  pid_t pid;
  if (posix_spawn(&pid, self, 0, 0, arguments, environ)) die("cannot start a process", 0);
  return pid;
}

static void copy_template(void) {
  static const char *const suffixes[] = {"", "-journal", "-wal", "-shm"};
  char name[1100], sql[200];
  for (int i = 0; i < 4; i++) {
    snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
    remove(name);
    snprintf(name, sizeof name, "%s%s", replica_path, suffixes[i]);
    remove(name);
  }
  snprintf(name, sizeof name, "%s/template.db", folder);
  FILE *from = fopen(name, "rb"), *to = fopen(path, "wb");
  char block[65536];
  size_t length;
  if (!from || !to) die(name, 0);
  while ((length = fread(block, 1, sizeof block, from)) > 0) fwrite(block, 1, length, to);
  fclose(from);
  fclose(to);
  sqlite3 *db = open_plain(path);
  snprintf(sql, sizeof sql, "PRAGMA journal_mode = %s", journal);
  must(db, sql);
  sqlite3_close(db);
  reader_make(replica_path);
  for (int actor = 0; actor < ACTORS; actor++) told->done[actor] = 0;
}

static void fail(sqlite3 *db, int actor, const char *what) {
  char *text = actor_state(db, actor);
  printf("FAIL %s, round %ld, kill %ld, actor %d told %d: %s\n%s\n", journal, rounds, kills, actor, told->done[actor], what, text ? text : "");
  exit(1);
}

/* What the dead have left. Sets their counts to what is there. */
static void judge(int role) {
  sqlite3 *db = open_loaded(path, "OFF");
  int more = 0;
  must(db, "BEGIN"); /* one state, whatever the others do meanwhile */
  for (int actor = 0; actor < ACTORS; actor++) {
    if (role != ALL && role != actor) continue;
    int k = told->done[actor];
    if (actor_is_at(db, actor, k)) continue;
    if (actor_is_at(db, actor, k + 1)) { told->done[actor] = k + 1; more++; }
    else fail(db, actor, "neither k nor k + 1 operations");
  }
  if (more > 1) fail(db, 0, "more than one operation was not told");
  done_more += more;
  const char *wrong = actors_check(db);
  if (wrong) fail(db, role < ACTORS ? role : 0, wrong);
  must(db, "COMMIT");
  sqlite3_close(db);
}

/* Kills a child, unless it has ended; 0 when it has done all it had to. */
static int end(pid_t pid) {
  int status;
  kill(pid, SIGKILL);
  if (waitpid(pid, &status, 0) != pid) die("waitpid", 0);
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) { kills++; return 1; }
  if (!WIFEXITED(status) || WEXITSTATUS(status)) die("a child failed", 0);
  return 0;
}

/* Waits for a random time, or until the child has killed itself. */
static void wait_for(pid_t pid) {
  long long until = now_ms() + next_random(&state) % most_ms;
  siginfo_t info;
  do {
    memset(&info, 0, sizeof info);
    waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT);
    if (!info.si_pid) usleep(next_random(&state) % 2000);
  } while (!info.si_pid && now_ms() < until);
}

static void single(long long deadline) {
  while (now_ms() < deadline) {
    rounds++;
    copy_template();
    while (!is_finished(ALL) && now_ms() < deadline) {
      pid_t pid = start(ALL);
      wait_for(pid);
      end(pid);
      judge(ALL);
    }
  }
}

static void drain(void) {
  sqlite3 *db = open_loaded(path, "OFF"), *replica = open_loaded(replica_path, "OFF");
  int rc;
  while ((rc = reader_page(db, replica)) == SQLITE_ROW) told->pages++;
  if (rc != SQLITE_DONE) die("the last pages", db);
  const char *wrong = actors_check(replica);
  if (wrong) die(wrong, replica);
  if (!same_rows(db, replica)) die("the reader has other rows", 0);
  sqlite3_close(replica);
  sqlite3_close(db);
}

static void five(long long deadline) {
  while (now_ms() < deadline) {
    pid_t pids[PROCESSES];
    int finished = 0;
    rounds++;
    copy_template();
    for (int role = 0; role < PROCESSES; role++) pids[role] = start(role);
    for (int i = 0; finished < ACTORS && now_ms() < deadline; i++) {
      int role = (int)(next_random(&state) % PROCESSES), all = next_random(&state) % 8 == 0;
      if (!pids[role]) continue;
      wait_for(pids[role]);
      for (int r = 0; r < PROCESSES; r++) if ((all || r == role) && pids[r]) { kill(pids[r], SIGKILL); }
      for (int r = 0; r < PROCESSES; r++) {
        if ((!all && r != role) || !pids[r]) continue;
        end(pids[r]);
        judge(r);
        finished += r != READER && is_finished(r);
        pids[r] = r != READER && is_finished(r) ? 0 : start(r);
      }
    }
    for (int r = 0; r < PROCESSES; r++) if (pids[r]) { end(pids[r]); judge(r); }
    drain();
  }
}

int main(int argc, char **argv) {
  self = argv[0];
  if (argc < 5) return 2;
  actors_library = argv[1];
  folder = argv[2];
  snprintf(path, sizeof path, "%s/kill.db", folder);
  snprintf(replica_path, sizeof replica_path, "%s/reader.db", folder);
  if (!strcmp(argv[3], "--child")) {
    share("told");
    actors_open(folder);
    return child(atoi(argv[4]), atol(argv[5]), atoi(argv[6]), argv[7]);
  }
  state = (uint64_t)strtoull(argv[3], 0, 10);
  long part = atol(argv[4]) / 4;
  share("told");
  actors_make(folder, state);
  actors_open(folder);
  for (int wal = 0; wal < 2; wal++) {
    journal = wal ? "WAL" : "DELETE";
    kills = done_more = rounds = told->pages = 0;
    single(now_ms() + part);
    long alone = kills;
    printf("ok Killed_process_leaves_k_or_one_more_operation_in_%s_mode\n", journal);
    five(now_ms() + part);
    printf("ok Killed_processes_leave_k_or_one_more_operation_when_five_share_a_file_in_%s_mode\n", journal);
    printf("count kills=%ld kills_beside_others=%ld not_told=%ld files=%ld pages=%d\n", alone, kills - alone, done_more, rounds, told->pages);
  }
  return 0;
}
