#include "power_vfs.h"
#include "actors.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_FILES = 8 };

/* A write that is not safe yet; without data it is a truncate to `offset`. */
typedef struct { sqlite3_int64 offset; int length; unsigned char *data; } change;

typedef struct { unsigned char *data; sqlite3_int64 length; } content;

/* What one name stands for. */
typedef struct {
  char name[1000];
  int exists, name_is_safe; /* `exists` on the disk as it is written to; its name may get lost */
  int is_dying; /* the power went while it was being deleted */
  content safe;
  change *pending;
  int count, capacity;
  int has_ghost; /* the file that had this name before, whose delete may be undone */
  content ghost;
} disk_file;

typedef struct { sqlite3_file base; disk_file *disk; sqlite3_file *real; } power_file;

static sqlite3_vfs *real_vfs;
static sqlite3_vfs power_vfs;
static char prefix[1000];
static disk_file files[MAX_FILES];
static int file_count, is_off, counts_syncs;
static long until_cut; /* 0: never */

static disk_file *find(const char *name, int make) {
  if (!name || !*prefix || strncmp(name, prefix, strlen(prefix))) return 0;
  size_t length = strlen(name);
  if (length > 4 && !strcmp(name + length - 4, "-shm")) return 0;
  for (int i = 0; i < file_count; i++) if (!strcmp(files[i].name, name)) return &files[i];
  if (!make) return 0;
  if (file_count == MAX_FILES) die("too many files on the disk", 0);
  disk_file *made = &files[file_count++];
  memset(made, 0, sizeof *made);
  snprintf(made->name, sizeof made->name, "%s", name);
  return made;
}

static void resize(content *c, sqlite3_int64 length) {
  if (length > c->length) {
    c->data = realloc(c->data, (size_t)length + 1);
    memset(c->data + c->length, 0, (size_t)(length - c->length));
  }
  c->length = length;
}

static void put(content *c, sqlite3_int64 offset, const unsigned char *data, sqlite3_int64 length) {
  if (offset + length > c->length) resize(c, offset + length);
  memcpy(c->data + offset, data, (size_t)length);
}

static void forget_pending(disk_file *f) {
  for (int i = 0; i < f->count; i++) free(f->pending[i].data);
  f->count = 0;
}

static void apply(content *c, const change *p) {
  if (p->data) put(c, p->offset, p->data, p->length);
  else if (p->offset < c->length) resize(c, p->offset);
}

static void make_safe(disk_file *f) {
  for (int i = 0; i < f->count; i++) apply(&f->safe, &f->pending[i]);
  forget_pending(f);
  f->name_is_safe = 1;
  f->has_ghost = 0;
}

static void add(disk_file *f, sqlite3_int64 offset, int length, const void *data) {
  if (f->count == f->capacity) f->pending = realloc(f->pending, sizeof *f->pending * (size_t)(f->capacity = f->capacity * 2 + 64));
  change *p = &f->pending[f->count++];
  *p = (change){offset, length, 0};
  if (data) p->data = memcpy(malloc((size_t)length + 1), data, (size_t)length);
}

/* Counts an operation; 1 when the power goes with it. */
static int cut(int is_sync) {
  if (until_cut > 0 && (is_sync || !counts_syncs) && --until_cut == 0) is_off = 1;
  return is_off;
}

#define REAL(file) (((power_file *)(file))->real)
#define DISK(file) (((power_file *)(file))->disk)
#define METHODS(file) (REAL(file)->pMethods)
#define IS_DEAD(file) (is_off && DISK(file))

static int power_close(sqlite3_file *file) { return METHODS(file)->xClose(REAL(file)); }

static int power_read(sqlite3_file *file, void *data, int length, sqlite3_int64 offset) {
  return IS_DEAD(file) ? SQLITE_IOERR_READ : METHODS(file)->xRead(REAL(file), data, length, offset);
}

static int power_write(sqlite3_file *file, const void *data, int length, sqlite3_int64 offset) {
  if (IS_DEAD(file)) return SQLITE_IOERR_WRITE;
  if (DISK(file)) {
    int goes = cut(0);
    add(DISK(file), offset, length, data);
    if (goes) return SQLITE_IOERR_WRITE;
  }
  return METHODS(file)->xWrite(REAL(file), data, length, offset);
}

static int power_truncate(sqlite3_file *file, sqlite3_int64 size) {
  if (IS_DEAD(file)) return SQLITE_IOERR_TRUNCATE;
  if (DISK(file)) {
    int goes = cut(0);
    add(DISK(file), size, 0, 0);
    if (goes) return SQLITE_IOERR_TRUNCATE;
  }
  return METHODS(file)->xTruncate(REAL(file), size);
}

static int power_sync(sqlite3_file *file, int flags) {
  if (IS_DEAD(file)) return SQLITE_IOERR_FSYNC;
  if (!DISK(file)) return METHODS(file)->xSync(REAL(file), flags);
  if (cut(1)) return SQLITE_IOERR_FSYNC;
  make_safe(DISK(file));
  return SQLITE_OK;
}

static int power_size(sqlite3_file *file, sqlite3_int64 *size) {
  return IS_DEAD(file) ? SQLITE_IOERR_FSTAT : METHODS(file)->xFileSize(REAL(file), size);
}

static int power_lock(sqlite3_file *file, int lock) { return METHODS(file)->xLock(REAL(file), lock); }
static int power_unlock(sqlite3_file *file, int lock) { return METHODS(file)->xUnlock(REAL(file), lock); }
static int power_reserved(sqlite3_file *file, int *result) { return METHODS(file)->xCheckReservedLock(REAL(file), result); }
static int power_control(sqlite3_file *file, int op, void *data) { return METHODS(file)->xFileControl(REAL(file), op, data); }
static int power_sector(sqlite3_file *file) { return METHODS(file)->xSectorSize(REAL(file)); }
static int power_traits(sqlite3_file *file) { return METHODS(file)->xDeviceCharacteristics(REAL(file)); }
static int power_shm_lock(sqlite3_file *file, int offset, int n, int flags) { return METHODS(file)->xShmLock(REAL(file), offset, n, flags); }
static void power_shm_barrier(sqlite3_file *file) { METHODS(file)->xShmBarrier(REAL(file)); }
static int power_shm_unmap(sqlite3_file *file, int remove) { return METHODS(file)->xShmUnmap(REAL(file), remove); }

static int power_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **data) {
  return METHODS(file)->xShmMap(REAL(file), page, size, extend, data);
}

static const sqlite3_io_methods power_methods = {
  2, power_close, power_read, power_write, power_truncate, power_sync, power_size, power_lock, power_unlock, power_reserved,
  power_control, power_sector, power_traits, power_shm_map, power_shm_lock, power_shm_barrier, power_shm_unmap, 0, 0
};

static int power_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out) {
  (void)vfs;
  power_file *opened = (power_file *)file;
  memset(opened, 0, sizeof *opened);
  opened->disk = find(name, 1);
  if (opened->disk && is_off) return SQLITE_CANTOPEN;
  opened->real = (sqlite3_file *)(opened + 1);
  int rc = real_vfs->xOpen(real_vfs, name, opened->real, flags, out);
  if (opened->real->pMethods) opened->base.pMethods = &power_methods;
  if (rc == SQLITE_OK && opened->disk) opened->disk->exists = 1;
  return rc;
}

static int power_delete(sqlite3_vfs *vfs, const char *name, int sync_folder) {
  (void)vfs;
  disk_file *f = find(name, 0);
  if (f && is_off) return SQLITE_IOERR_DELETE;
  if (f && f->exists) {
    f->is_dying = cut(1);
    if (f->is_dying) return SQLITE_IOERR_DELETE;
    if (f->name_is_safe) {
      free(f->ghost.data);
      f->ghost = f->safe;
      f->has_ghost = 1;
    } else free(f->safe.data);
    if (sync_folder) f->has_ghost = 0;
    f->safe = (content){0, 0};
    f->exists = f->name_is_safe = 0;
    forget_pending(f);
  }
  return real_vfs->xDelete(real_vfs, name, sync_folder);
}

int power_register(void) {
  real_vfs = sqlite3_vfs_find(0);
  power_vfs = *real_vfs;
  power_vfs.pNext = 0;
  power_vfs.zName = "power";
  power_vfs.szOsFile = (int)sizeof(power_file) + real_vfs->szOsFile;
  power_vfs.xOpen = power_open;
  power_vfs.xDelete = power_delete;
  return sqlite3_vfs_register(&power_vfs, 1);
}

static void read_file(disk_file *f) {
  FILE *file = fopen(f->name, "rb");
  if (!file) return;
  f->exists = f->name_is_safe = 1;
  fseek(file, 0, SEEK_END);
  resize(&f->safe, ftell(file));
  rewind(file);
  if (f->safe.length && fread(f->safe.data, 1, (size_t)f->safe.length, file) != (size_t)f->safe.length) die(f->name, 0);
  fclose(file);
}

void power_on(const char *name_prefix) {
  static const char *const suffixes[] = {"", "-journal", "-wal"};
  char name[1100];
  snprintf(prefix, sizeof prefix, "%s", name_prefix);
  file_count = is_off = 0;
  until_cut = 0;
  for (int i = 0; i < 3; i++) {
    snprintf(name, sizeof name, "%s%s", prefix, suffixes[i]);
    read_file(find(name, 1));
  }
}

void power_cut_at(long n, int only_syncs) {
  until_cut = n;
  counts_syncs = only_syncs;
}

int power_is_off(void) { return is_off; }

/* What is left of a file: any sectors of what was not safe, all, none, or those of the first writes. */
static void tear(disk_file *f, uint64_t *random, int sector) {
  int kind = (int)(next_random(random) % 4), until = f->count ? (int)(next_random(random) % (uint32_t)(f->count + 1)) : 0;
  for (int i = 0; i < f->count; i++) {
    const change *p = &f->pending[i];
    if (kind == 0 || (kind == 2 && i > until)) continue;
    if (kind == 1 || (kind == 2 && i < until)) { apply(&f->safe, p); continue; }
    if (!p->data) { if (next_random(random) % 2) apply(&f->safe, p); continue; }
    for (sqlite3_int64 at = p->offset; at < p->offset + p->length; ) {
      sqlite3_int64 end = (at / sector + 1) * sector;
      if (end > p->offset + p->length) end = p->offset + p->length;
      if (next_random(random) % 2) put(&f->safe, at, p->data + (at - p->offset), end - at);
      at = end;
    }
  }
  forget_pending(f);
}

void power_restore(uint64_t *random, int sector, int keeps_deletes) {
  char name[1100];
  for (int i = 0; i < file_count; i++) {
    disk_file *f = &files[i];
    tear(f, random, sector);
    int stays = f->exists && ((f->name_is_safe && !f->is_dying) || next_random(random) % 2);
    const content *left = stays ? &f->safe : f->has_ghost && !keeps_deletes && next_random(random) % 2 ? &f->ghost : 0;
    unlink(f->name);
    if (left) {
      FILE *file = fopen(f->name, "wb");
      if (!file || (left->length && fwrite(left->data, 1, (size_t)left->length, file) != (size_t)left->length)) die(f->name, 0);
      fclose(file);
    }
    free(f->safe.data);
    free(f->ghost.data);
    free(f->pending);
  }
  snprintf(name, sizeof name, "%s-shm", prefix);
  unlink(name);
  file_count = is_off = 0;
  *prefix = 0;
}
