#include "killed.h"
#include "actors.h"
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
const char *killed_program, *killed_folder;

char *text(sqlite3 *db, const char *sql) {
  sqlite3_stmt *s = 0;
  if (sqlite3_prepare_v2(db, sql, -1, &s, 0) != SQLITE_OK || sqlite3_step(s) != SQLITE_ROW) die(sql, db);
  const unsigned char *value = sqlite3_column_text(s, 0);
  char *copy = strdup(value ? (const char *)value : "");
  sqlite3_finalize(s);
  return copy;
}

void copy_file(const char *from_name, const char *to_name) {
  static const char *const suffixes[] = {"-journal", "-wal", "-shm"};
  char name[1100], block[65536];
  size_t length;
  for (int i = 0; i < 3; i++) {
    snprintf(name, sizeof name, "%s%s", to_name, suffixes[i]);
    remove(name);
  }
  FILE *from = fopen(from_name, "rb"), *to = fopen(to_name, "wb");
  if (!from || !to) die(from_name, 0);
  while ((length = fread(block, 1, sizeof block, from)) > 0) fwrite(block, 1, length, to);
  fclose(from);
  fclose(to);
}

char *snapshot(int n) {
  static char name[1100];
  snprintf(name, sizeof name, "%s/before%d.db", killed_folder, n);
  return name;
}

int is_killed(int n, long kill_at) {
  char operation[24], at[24];
  snprintf(operation, sizeof operation, "%d", n);
  snprintf(at, sizeof at, "%ld", kill_at);
  char *arguments[] = {(char *)killed_program, (char *)actors_library, (char *)killed_folder, "--child", operation, at, 0};
  pid_t pid;
  int status;
  if (posix_spawn(&pid, killed_program, 0, 0, arguments, environ)) die("cannot start a process", 0);
  if (waitpid(pid, &status, 0) != pid) die("wait", 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return 0;
  if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) die("a child failed", 0);
  return 1;
}
