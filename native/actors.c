#include "actors.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SENDER_TRANSACTIONS = 70, WRITER_TRANSACTIONS = 120, KEYS = 24 };

static const char *const names[ACTORS] = {"w1", "w2", "s1", "s2"};
enum { FIRST_SENDER = 2, RECEIVER = 3 };

static const char schema[] =
  "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); CREATE INDEX t_a ON t(a);"
  "CREATE TABLE u(x TEXT, y INT, v, PRIMARY KEY(x, y)) WITHOUT ROWID;"
  "SELECT cloudsync_init('t'); SELECT cloudsync_init('u');";

/* Each writer has a table of its own, which it alters. The reader's have all columns that there can be. */
static const char writer_schema[] =
  "CREATE TABLE m_w1(id TEXT PRIMARY KEY NOT NULL, a%s); CREATE TABLE m_w2(id TEXT PRIMARY KEY NOT NULL, a%s);"
  "SELECT cloudsync_init('m_w1'); SELECT cloudsync_init('m_w2');";

const char *actors_library;
static sqlite3 *work; /* payloads and expected states */
static uint64_t work_seed;
static int lengths[ACTORS];
static uint64_t expected[ACTORS][MAX_OPERATIONS + 1];

void die(const char *what, sqlite3 *db) {
  printf("FAIL %s: %s\n", what, db ? sqlite3_errmsg(db) : "");
  exit(1);
}

static sqlite3 *open_any(const char *path) {
  sqlite3 *db = 0;
  if (sqlite3_open(path, &db) != SQLITE_OK) die(path, db);
  sqlite3_busy_timeout(db, 30000);
  return db;
}

sqlite3 *open_plain(const char *path) { return open_any(path); }

sqlite3 *open_loaded(const char *path, const char *synchronous) {
  sqlite3 *db = open_any(path);
  char *message = 0;
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, 0);
  if (synchronous) {
    char sql[80];
    snprintf(sql, sizeof sql, "PRAGMA synchronous = %s", synchronous);
    must(db, sql);
  }
  if (sqlite3_load_extension(db, actors_library, 0, &message) != SQLITE_OK) die(message ? message : "load", db);
  return db;
}

void must(sqlite3 *db, const char *sql) {
  if (sqlite3_exec(db, sql, 0, 0, 0) != SQLITE_OK) die(sql, db);
}

long long number(sqlite3 *db, const char *sql) {
  sqlite3_stmt *s = 0;
  if (sqlite3_prepare_v2(db, sql, -1, &s, 0) != SQLITE_OK || sqlite3_step(s) != SQLITE_ROW) die(sql, db);
  long long value = sqlite3_column_int64(s, 0);
  sqlite3_finalize(s);
  return value;
}

uint32_t next_random(uint64_t *state) { /* splitmix64 */
  uint64_t z = (*state += 0x9E3779B97F4A7C15);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return (uint32_t)((z ^ (z >> 31)) >> 16);
}

/* Statement after statement of one transaction. */
typedef struct { sqlite3 *db; int rc; } batch;

static void run(batch *b, const char *format, ...) {
  if (b->rc != SQLITE_OK) return;
  va_list arguments;
  va_start(arguments, format);
  char *sql = sqlite3_vmprintf(format, arguments);
  va_end(arguments);
  b->rc = sqlite3_exec(b->db, sql, 0, 0, 0);
  sqlite3_free(sql);
}

static void make_schema(sqlite3 *db, int has_all_columns) {
  const char *more = has_all_columns ? ", c0, c1, c2" : "";
  char sql[500];
  must(db, schema);
  snprintf(sql, sizeof sql, writer_schema, more, more);
  must(db, sql);
  /* What a column that is added gets must not depend on whether another actor has received already. */
  must(db, "SELECT cloudsync_set('schema_check', 'hash')");
}

/* One change of a writer's table, of its filter or of what is captured of it. */
static int maintain(sqlite3 *db, int actor, int n) {
  uint64_t state = work_seed ^ ((uint64_t)actor << 40) ^ ((uint64_t)n << 8) ^ 1;
  const char *a = names[actor];
  int column = (int)(next_random(&state) % 3), owns = (int)(next_random(&state) % 2), kind = (int)(next_random(&state) % 8);
  batch b = {db, SQLITE_OK};
  if (owns) run(&b, "BEGIN IMMEDIATE");
  if (kind < 4) {
    char exists[200];
    run(&b, "SELECT cloudsync_begin_alter('m_%s')", a);
    snprintf(exists, sizeof exists, "SELECT count(*) FROM pragma_table_info('m_%s') WHERE name = 'c%d'", a, column);
    if (b.rc == SQLITE_OK && number(db, exists)) run(&b, "ALTER TABLE m_%s DROP COLUMN c%d", a, column);
    else run(&b, "ALTER TABLE m_%s ADD COLUMN c%d DEFAULT %d", a, column, n);
    run(&b, "SELECT cloudsync_commit_alter('m_%s')", a);
  } else if (kind == 4) run(&b, "SELECT cloudsync_set_filter('m_%s', 'a %s 500')", a, column ? "<" : ">=");
  else if (kind == 5) run(&b, "SELECT cloudsync_clear_filter('m_%s')", a);
  else if (kind == 6) run(&b, "SELECT cloudsync_recapture('m_%s'%s)", a, column ? ", 'values'" : "");
  else run(&b, "SELECT cloudsync_init('m_%s')", a);
  if (owns) run(&b, "COMMIT");
  if (!sqlite3_get_autocommit(db)) sqlite3_exec(db, "ROLLBACK", 0, 0, 0);
  return b.rc;
}

/* One transaction of a writer: a few statements on a few keys. Which ones depends on the seed, the writer and the number alone. */
static int write_transaction(sqlite3 *db, int actor, int n) {
  uint64_t state = work_seed ^ ((uint64_t)actor << 40) ^ ((uint64_t)n << 8);
  const char *a = names[actor];
  batch b = {db, SQLITE_OK};
  run(&b, "BEGIN IMMEDIATE");
  run(&b, "INSERT INTO t VALUES ('%s:n', %d, NULL) ON CONFLICT(id) DO UPDATE SET a = excluded.a", a, n);
  for (int i = 1 + (int)(next_random(&state) % 4); i > 0; i--) {
    int key = (int)(next_random(&state) % KEYS), value = (int)(next_random(&state) % 1000);
    switch (next_random(&state) % 8) {
      case 0: case 1: run(&b, "INSERT OR REPLACE INTO t VALUES ('%s:%d', %d, 'row %d')", a, key, value, n); break;
      case 2: run(&b, "UPDATE t SET b = hex(zeroblob(%d)) WHERE id = '%s:%d'", value, a, key); break;
      case 3: run(&b, "DELETE FROM t WHERE id = '%s:%d'", a, key); break;
      case 4: run(&b, "UPDATE OR IGNORE t SET id = '%s:%d' WHERE id = '%s:%d'", a, value % KEYS, a, key); break;
      case 5: run(&b, "INSERT INTO u VALUES ('%s', %d, %d) ON CONFLICT(x, y) DO UPDATE SET v = excluded.v", a, key, value); break;
      case 6: run(&b, "DELETE FROM u WHERE x = '%s' AND y < %d", a, key / 4); break;
      default: run(&b, "UPDATE t SET a = a + 1 WHERE id GLOB '%s:*'", a);
    }
    if (actor >= FIRST_SENDER) continue;
    if (value % 5 == 0) run(&b, "DELETE FROM m_%s WHERE id = '%s:%d'", a, a, key);
    else run(&b, "INSERT INTO m_%s(id, a) VALUES ('%s:%d', %d) ON CONFLICT(id) DO UPDATE SET a = excluded.a", a, a, key, value);
  }
  if (n % 40 == 17) /* parts of a long value; it does not compress */
    run(&b, "UPDATE t SET b = (WITH RECURSIVE c(i, x) AS (SELECT 1, %d UNION ALL SELECT i + 1, (x * 1103515245 + 12345) %% 2147483648 FROM c"
      " WHERE i < 36000) SELECT group_concat(printf('%%08x', x), '') FROM c) WHERE id = '%s:n'", 12345 + n, a);
  run(&b, "COMMIT");
  if (!sqlite3_get_autocommit(db)) sqlite3_exec(db, "ROLLBACK", 0, 0, 0);
  return b.rc;
}

/* Binds the inputs of a stored chunk and runs the function that takes it. */
static int take_payload(sqlite3 *db, int actor, int n) {
  sqlite3_stmt *load = 0, *call = 0;
  if (sqlite3_prepare_v2(work, "SELECT payload, site, f1, f2, f3, n1, n2, n3, final FROM op WHERE actor = ?1 AND n = ?2", -1, &load, 0) != SQLITE_OK)
    die("payloads", work);
  sqlite3_bind_int(load, 1, actor);
  sqlite3_bind_int(load, 2, n);
  if (sqlite3_step(load) != SQLITE_ROW) die("no payload", work);
  int rc = sqlite3_prepare_v2(db, actor == RECEIVER ? "SELECT cloudsync_payload_receive(?, ?, ?, ?, ?, ?, ?, ?, ?)"
    : "SELECT cloudsync_payload_apply(?)", -1, &call, 0);
  for (int i = 1; i <= (actor == RECEIVER ? 9 : 1) && rc == SQLITE_OK; i++) rc = sqlite3_bind_value(call, i, sqlite3_column_value(load, i - 1));
  if (rc == SQLITE_OK) sqlite3_step(call);
  int ended = sqlite3_finalize(call);
  sqlite3_finalize(load);
  return rc == SQLITE_OK ? ended : rc;
}

int actor_length(int actor) { return lengths[actor]; }

int actor_run(sqlite3 *db, int actor, int n) {
  if (actor >= FIRST_SENDER) return take_payload(db, actor, n);
  return n % 4 == 3 ? maintain(db, actor, n) : write_transaction(db, actor, n);
}

/* Appends a query's rows, a line each, to text in memory of sqlite3_str. */
static void lines(sqlite3 *db, sqlite3_str *text, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  char *sql = sqlite3_vmprintf(format, arguments);
  va_end(arguments);
  sqlite3_stmt *s = 0;
  if (sqlite3_prepare_v2(db, sql, -1, &s, 0) != SQLITE_OK) die(sql, db);
  int rc;
  while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
    for (int i = 0; i < sqlite3_column_count(s); i++) {
      if (sqlite3_column_type(s, i) == SQLITE_NULL) { sqlite3_str_appendall(text, "NULL "); continue; }
      const char *value = (const char *)sqlite3_column_text(s, i);
      int length = sqlite3_column_bytes(s, i);
      if (length <= 60) { sqlite3_str_append(text, value, length); sqlite3_str_appendchar(text, 1, ' '); continue; }
      uint64_t hash = 14695981039346656037ull;
      for (int k = 0; k < length; k++) hash = (hash ^ (unsigned char)value[k]) * 1099511628211ull;
      sqlite3_str_appendf(text, "<%d bytes %llx> ", length, hash);
    }
    sqlite3_str_appendchar(text, 1, '\n');
  }
  if (rc != SQLITE_DONE) die(sql, db);
  sqlite3_finalize(s);
  sqlite3_free(sql);
}

char *actor_state(sqlite3 *db, int actor) {
  const char *a = names[actor];
  sqlite3_str *text = sqlite3_str_new(db);
  lines(db, text, "SELECT id, a, b FROM t WHERE id GLOB '%s:*' ORDER BY id", a);
  lines(db, text, "SELECT x, y, v FROM u WHERE x = '%s' ORDER BY y", a);
  lines(db, text, "SELECT cloudsync_pk_decode(pk, 1) AS k, col_name, col_version, site_id = 0 FROM t_cloudsync WHERE k GLOB '%s:*' ORDER BY k, col_name", a);
  lines(db, text, "SELECT cloudsync_pk_decode(pk, 2) AS y, col_name, col_version FROM u_cloudsync WHERE cloudsync_pk_decode(pk, 1) = '%s' ORDER BY y, col_name", a);
  lines(db, text, "SELECT 'part', part_index, length(fragment) FROM cloudsync_payload_fragments WHERE cloudsync_pk_decode(pk, 1) GLOB '%s:*' ORDER BY 2", a);
  if (actor < FIRST_SENDER) {
    lines(db, text, "SELECT * FROM m_%s ORDER BY id", a);
    lines(db, text, "SELECT name, dflt_value FROM pragma_table_info('m_%s') ORDER BY cid", a);
    lines(db, text, "SELECT cloudsync_pk_decode(pk, 1) AS k, col_name, col_version FROM m_%s_cloudsync ORDER BY k, col_name", a);
    lines(db, text, "SELECT col_name, key, value FROM cloudsync_table_settings WHERE tbl_name = 'm_%s' ORDER BY 1, 2", a);
    lines(db, text, "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'm_%s' ORDER BY 1", a);
  }
  if (actor == RECEIVER && number(db, "SELECT count(*) FROM sqlite_master WHERE name = 'cloudsync_receive_ranges'"))
    lines(db, text, "SELECT 'range', * FROM cloudsync_receive_ranges ORDER BY 2, 3, 4, 5");
  return sqlite3_str_finish(text);
}

static uint64_t state_hash(sqlite3 *db, int actor) {
  char *text = actor_state(db, actor);
  uint64_t hash = 14695981039346656037ull;
  for (const char *p = text; p && *p; p++) hash = (hash ^ (unsigned char)*p) * 1099511628211ull;
  sqlite3_free(text);
  return hash;
}

int actor_is_at(sqlite3 *db, int actor, int n) { return n >= 0 && n <= lengths[actor] && state_hash(db, actor) == expected[actor][n]; }

int actor_first_like(int actor, int n) {
  while (n > 0 && expected[actor][n - 1] == expected[actor][n]) n--;
  return n;
}

static const char mismatches[] =
  "SELECT (SELECT count(*) FROM %s AS r WHERE NOT EXISTS (SELECT 1 FROM %s_cloudsync AS c WHERE c.pk = cloudsync_pk_encode(%s)) OR EXISTS (SELECT 1"
  " FROM %s_cloudsync AS c WHERE c.pk = cloudsync_pk_encode(%s) AND col_name = '__[RIP]__' AND col_version %% 2 = 0))"
  " + (SELECT count(*) FROM %s_cloudsync AS c WHERE NOT EXISTS (SELECT 1 FROM %s WHERE cloudsync_pk_encode(%s) = c.pk) AND NOT EXISTS"
  " (SELECT 1 FROM %s_cloudsync AS s WHERE s.pk = c.pk AND s.col_name = '__[RIP]__' AND s.col_version %% 2 = 0))";

const char *actors_check(sqlite3 *db) {
  char sql[2000];
  sqlite3_stmt *s = 0;
  if (sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &s, 0) != SQLITE_OK || sqlite3_step(s) != SQLITE_ROW) die("integrity_check", db);
  int ok = !strcmp((const char *)sqlite3_column_text(s, 0), "ok");
  sqlite3_finalize(s);
  if (!ok) return "integrity_check";
  snprintf(sql, sizeof sql, mismatches, "t", "t", "id", "t", "id", "t", "t", "id", "t");
  if (number(db, sql)) return "rows and clocks of t";
  snprintf(sql, sizeof sql, mismatches, "u", "u", "x, y", "u", "x, y", "u", "u", "x, y", "u");
  if (number(db, sql)) return "rows and clocks of u";
  /* Every transaction is one actor's alone: a db_version that two of them share was given out twice. 0 is no version: clocks outside a filter have it. */
  if (number(db, "SELECT count(*) FROM (SELECT 1 FROM (SELECT db_version, substr(cloudsync_pk_decode(pk, 1), 1, 2) AS a FROM t_cloudsync"
    " UNION SELECT db_version, 'w1' FROM m_w1_cloudsync UNION SELECT db_version, 'w2' FROM m_w2_cloudsync"
    " UNION SELECT db_version, cloudsync_pk_decode(pk, 1) FROM u_cloudsync) WHERE db_version > 0 GROUP BY db_version HAVING count(*) > 1)"))
    return "a db_version of two transactions";
  if (number(db, "SELECT (SELECT max(db_version) FROM (SELECT db_version FROM t_cloudsync UNION ALL SELECT db_version FROM m_w1_cloudsync"
    " UNION ALL SELECT db_version FROM m_w2_cloudsync)) > cloudsync_db_version()")) return "the clock stands behind what was written";
  return 0;
}

static void file_name(char *name, size_t size, const char *folder, const char *file) { snprintf(name, size, "%s/%s", folder, file); }

/* Stores the chunks of a sender's last transaction, in order. */
static void store_chunks(sqlite3 *sender, int actor, int since) {
  static long long f[3];
  sqlite3_stmt *pages = 0, *store = 0;
  char sql[300];
  snprintf(sql, sizeof sql, "SELECT payload, cloudsync_siteid(), next_db_version, next_seq, next_frag_offset, is_final FROM cloudsync_payload_chunks"
    " WHERE since_db_version = %d AND max_chunk_size = 262144", since);
  if (sqlite3_prepare_v2(sender, sql, -1, &pages, 0) != SQLITE_OK) die(sql, sender);
  if (sqlite3_prepare_v2(work, "INSERT INTO chunk VALUES (?, NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)", -1, &store, 0) != SQLITE_OK) die("store", work);
  f[0] = since + 1, f[1] = f[2] = 0;
  while (sqlite3_step(pages) == SQLITE_ROW) {
    sqlite3_bind_int(store, 1, actor);
    sqlite3_bind_value(store, 2, sqlite3_column_value(pages, 0));
    sqlite3_bind_value(store, 3, sqlite3_column_value(pages, 1));
    for (int i = 0; i < 3; i++) sqlite3_bind_int64(store, 4 + i, f[i]);
    for (int i = 0; i < 4; i++) sqlite3_bind_value(store, 7 + i, sqlite3_column_value(pages, 2 + i));
    for (int i = 0; i < 3; i++) f[i] = sqlite3_column_int64(pages, 2 + i);
    sqlite3_step(store);
    if (sqlite3_reset(store) != SQLITE_OK) die("store", work);
  }
  sqlite3_finalize(pages);
  sqlite3_finalize(store);
}

/* The operations of a sender's actor: its chunks; for the receiver some come late, and some twice. */
static void make_operations(int actor, uint64_t *state) {
  int count = (int)number(work, "SELECT max(rowid) - min(rowid) + 1 FROM chunk WHERE actor = (SELECT max(actor) FROM chunk)");
  long long first = number(work, "SELECT min(rowid) FROM chunk WHERE actor = (SELECT max(actor) FROM chunk)");
  int order[MAX_OPERATIONS], length = 0;
  for (int i = 0; i < count && length < MAX_OPERATIONS - 2; i++) {
    order[length++] = i;
    if (actor != RECEIVER) continue;
    if (next_random(state) % 6 == 0 && i + 1 < count) { order[length - 1] = i + 1; order[length++] = i++; }
    if (next_random(state) % 9 == 0) { order[length] = order[length - 1]; length++; }
  }
  for (int n = 0; n < length; n++) {
    char sql[200];
    snprintf(sql, sizeof sql, "INSERT INTO op SELECT actor, %d, payload, site, f1, f2, f3, n1, n2, n3, final FROM chunk WHERE rowid = %lld", n, first + order[n]);
    must(work, sql);
  }
}

void actors_make(const char *folder, uint64_t seed) {
  char name[1000], sql[300];
  uint64_t state = seed;
  file_name(name, sizeof name, folder, "work.db");
  remove(name);
  work = open_plain(name);
  work_seed = seed;
  must(work, "PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY; BEGIN; CREATE TABLE seed(seed); CREATE TABLE state(actor, n, hash);"
    "CREATE TABLE chunk(actor, n, payload, site, f1, f2, f3, n1, n2, n3, final); CREATE TABLE op(actor, n, payload, site, f1, f2, f3, n1, n2, n3, final,"
    " PRIMARY KEY(actor, n))");
  snprintf(sql, sizeof sql, "INSERT INTO seed VALUES (%lld)", (long long)seed);
  must(work, sql);
  for (int actor = FIRST_SENDER; actor < ACTORS; actor++) {
    sqlite3 *sender = open_loaded(":memory:", 0);
    make_schema(sender, 0);
    for (int n = 0; n < SENDER_TRANSACTIONS; n++) {
      if (write_transaction(sender, actor, n) != SQLITE_OK) die("sender", sender);
      store_chunks(sender, actor, n);
    }
    sqlite3_close(sender);
    make_operations(actor, &state);
  }
  for (int actor = 0; actor < ACTORS; actor++) {
    sqlite3 *db = open_loaded(":memory:", 0);
    make_schema(db, 0);
    snprintf(sql, sizeof sql, "SELECT count(*) FROM op WHERE actor = %d", actor);
    int length = actor < FIRST_SENDER ? WRITER_TRANSACTIONS : (int)number(work, sql);
    for (int n = 0; n <= length; n++) {
      snprintf(sql, sizeof sql, "INSERT INTO state VALUES (%d, %d, %lld)", actor, n, (long long)state_hash(db, actor));
      must(work, sql);
      if (n < length && actor_run(db, actor, n) != SQLITE_OK) die("an undisturbed run", db);
    }
    sqlite3_close(db);
  }
  must(work, "DROP TABLE chunk; COMMIT");
  sqlite3_close(work);
  work = 0;
  file_name(name, sizeof name, folder, "template.db");
  remove(name);
  sqlite3 *db = open_loaded(name, "OFF");
  make_schema(db, 0);
  sqlite3_close(db);
}

void actors_open(const char *folder) {
  char name[1000];
  file_name(name, sizeof name, folder, "work.db");
  work = open_plain(name);
  work_seed = (uint64_t)number(work, "SELECT seed FROM seed");
  sqlite3_stmt *s = 0;
  if (sqlite3_prepare_v2(work, "SELECT actor, n, hash FROM state", -1, &s, 0) != SQLITE_OK) die("states", work);
  while (sqlite3_step(s) == SQLITE_ROW) {
    int actor = sqlite3_column_int(s, 0), n = sqlite3_column_int(s, 1);
    expected[actor][n] = (uint64_t)sqlite3_column_int64(s, 2);
    if (n > lengths[actor]) lengths[actor] = n;
  }
  sqlite3_finalize(s);
}

void reader_make(const char *path) {
  sqlite3 *db = open_loaded(path, "OFF");
  make_schema(db, 1);
  must(db, "SELECT cloudsync_set('skip_schema_hash_check', '1')");
  must(db, "CREATE TABLE reader(watermark, next_db_version, next_seq, next_frag_offset); INSERT INTO reader VALUES (0, NULL, NULL, NULL)");
  sqlite3_close(db);
}

int reader_page(sqlite3 *source, sqlite3 *replica) {
  sqlite3_stmt *at = 0, *page = 0, *apply = 0, *keep = 0;
  int rc = sqlite3_prepare_v2(replica, "SELECT watermark, next_db_version, next_seq, next_frag_offset, cloudsync_siteid() FROM reader", -1, &at, 0);
  if (rc != SQLITE_OK || sqlite3_step(at) != SQLITE_ROW) die("the reader's cursor", replica);
  int resumes = sqlite3_column_type(at, 1) != SQLITE_NULL;
  rc = sqlite3_prepare_v2(source, resumes
    ? "SELECT payload, watermark_db_version, next_db_version, next_seq, next_frag_offset, is_final FROM cloudsync_payload_chunks WHERE until_db_version = ?1"
      " AND resume_db_version = ?2 AND resume_seq = ?3 AND resume_frag_offset = ?4 AND site_id = ?5 AND exclude_filter_site_id = 1 AND max_chunk_size = 262144 LIMIT 1"
    : "SELECT payload, watermark_db_version, next_db_version, next_seq, next_frag_offset, is_final FROM cloudsync_payload_chunks WHERE since_db_version = ?1"
      " AND site_id = ?5 AND exclude_filter_site_id = 1 AND max_chunk_size = 262144 LIMIT 1", -1, &page, 0);
  for (int i = 1; i <= 5 && rc == SQLITE_OK; i++) if (resumes || i == 1 || i == 5) rc = sqlite3_bind_value(page, i, sqlite3_column_value(at, i - 1));
  if (rc == SQLITE_OK) rc = sqlite3_step(page);
  if (rc == SQLITE_ROW) {
    int final = sqlite3_column_int(page, 5);
    must(replica, "BEGIN IMMEDIATE");
    if (sqlite3_prepare_v2(replica, "SELECT cloudsync_payload_apply(?)", -1, &apply, 0) != SQLITE_OK) die("apply", replica);
    sqlite3_bind_value(apply, 1, sqlite3_column_value(page, 0));
    if (sqlite3_step(apply) != SQLITE_ROW) die("the reader cannot apply a page", replica);
    sqlite3_prepare_v2(replica, "UPDATE reader SET watermark = ?, next_db_version = ?, next_seq = ?, next_frag_offset = ?", -1, &keep, 0);
    sqlite3_bind_value(keep, 1, sqlite3_column_value(page, 1));
    for (int i = 2; i <= 4 && !final; i++) sqlite3_bind_value(keep, i, sqlite3_column_value(page, i));
    if (sqlite3_step(keep) != SQLITE_DONE) die("the reader's cursor", replica);
    sqlite3_finalize(keep);
    sqlite3_finalize(apply);
    must(replica, "COMMIT");
  }
  sqlite3_finalize(page);
  sqlite3_finalize(at);
  if (rc == SQLITE_DONE && resumes) { /* the window has ended: its last rows were written again and come in the next one */
    must(replica, "UPDATE reader SET next_db_version = NULL, next_seq = NULL, next_frag_offset = NULL");
    return SQLITE_ROW;
  }
  return rc;
}

int same_rows(sqlite3 *left, sqlite3 *right) {
  char *texts[2];
  sqlite3 *both[2] = {left, right};
  for (int i = 0; i < 2; i++) {
    sqlite3_str *text = sqlite3_str_new(both[i]);
    lines(both[i], text, "SELECT id, a, b FROM t ORDER BY id");
    lines(both[i], text, "SELECT x, y, v FROM u ORDER BY x, y");
    texts[i] = sqlite3_str_finish(text);
  }
  const char *shown[2] = {texts[0] ? texts[0] : "", texts[1] ? texts[1] : ""}; /* no text is none at all */
  int same = !strcmp(shown[0], shown[1]);
  if (!same) printf("rows\n%s\nand those of the reader\n%s\n", shown[0], shown[1]);
  sqlite3_free(texts[0]);
  sqlite3_free(texts[1]);
  return same;
}
