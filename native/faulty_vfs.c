/* The failing file system of faulty_vfs.h. Only the calls that fail on demand are looked at, all others go straight through. */
#include "faulty_vfs.h"
#include <signal.h>
#include <sqlite3.h>
#include <string.h>

typedef struct {
  sqlite3_file base;
  sqlite3_file *real; /* behind this struct, in the same allocation */
} faulty_file;

static sqlite3_vfs *real_vfs;
static sqlite3_vfs faulty_vfs;
static enum fault_operation armed_operation;
static long countdown; /* 0: disarmed or met */
static int armed_code, armed_sticky, met;

void faulty_arm(enum fault_operation operation, long k, int code, int sticky) {
  armed_operation = operation;
  countdown = k;
  armed_code = code;
  armed_sticky = sticky;
  met = 0;
}

int faulty_disarm(void) {
  countdown = 0;
  armed_sticky = 0;
  return met;
}

static long until_kill, until_kill_behind;
static int kill_at_deletes;

void faulty_kill(long k, int only_deletes) {
  kill_at_deletes = only_deletes;
  until_kill = k > 0 ? k : 0;
  until_kill_behind = k < 0 ? -k : 0;
}

/* Whether the process ends at this operation before it is done. */
static int ends_here(int is_delete) { return until_kill > 0 && (is_delete || !kill_at_deletes) && --until_kill == 0; }

/* Ends the process if it ends behind this operation. */
static int done(int code, int is_delete) {
  if (until_kill_behind > 0 && (is_delete || !kill_at_deletes) && --until_kill_behind == 0) raise(SIGKILL);
  return code;
}

static int fails(enum fault_operation operation) {
  if (operation != armed_operation) return 0;
  if (met) return armed_sticky;
  if (countdown > 0 && --countdown == 0) met = 1;
  return met;
}

#define REAL(file) (((faulty_file *)(file))->real)
#define METHODS(file) (REAL(file)->pMethods)

static int faulty_close(sqlite3_file *file) { return METHODS(file)->xClose(REAL(file)); }

static int faulty_read(sqlite3_file *file, void *data, int length, sqlite3_int64 offset) {
  return fails(FAULT_READ) ? armed_code : METHODS(file)->xRead(REAL(file), data, length, offset);
}

/* A failed write has written its first half: what a full or a broken disk does. */
static int faulty_write(sqlite3_file *file, const void *data, int length, sqlite3_int64 offset) {
  if (ends_here(0)) {
    METHODS(file)->xWrite(REAL(file), data, length / 2, offset);
    raise(SIGKILL);
  }
  if (!fails(FAULT_WRITE)) return done(METHODS(file)->xWrite(REAL(file), data, length, offset), 0);
  METHODS(file)->xWrite(REAL(file), data, length / 2, offset);
  return armed_code;
}

static int faulty_truncate(sqlite3_file *file, sqlite3_int64 size) {
  if (ends_here(0)) raise(SIGKILL);
  return fails(FAULT_TRUNCATE) ? armed_code : done(METHODS(file)->xTruncate(REAL(file), size), 0);
}

/* Nobody pulls the plug here: a sync that works need not be waited for. */
static int faulty_sync(sqlite3_file *file, int flags) {
  (void)file, (void)flags;
  if (ends_here(0)) raise(SIGKILL);
  return fails(FAULT_SYNC) ? armed_code : done(SQLITE_OK, 0);
}

static int faulty_size(sqlite3_file *file, sqlite3_int64 *size) { return METHODS(file)->xFileSize(REAL(file), size); }
static int faulty_lock(sqlite3_file *file, int lock) { return METHODS(file)->xLock(REAL(file), lock); }
static int faulty_unlock(sqlite3_file *file, int lock) { return METHODS(file)->xUnlock(REAL(file), lock); }
static int faulty_reserved(sqlite3_file *file, int *result) { return METHODS(file)->xCheckReservedLock(REAL(file), result); }
static int faulty_control(sqlite3_file *file, int op, void *data) { return METHODS(file)->xFileControl(REAL(file), op, data); }
static int faulty_sector(sqlite3_file *file) { return METHODS(file)->xSectorSize(REAL(file)); }
static int faulty_traits(sqlite3_file *file) { return METHODS(file)->xDeviceCharacteristics(REAL(file)); }
static int faulty_shm_lock(sqlite3_file *file, int offset, int n, int flags) { return METHODS(file)->xShmLock(REAL(file), offset, n, flags); }
static void faulty_shm_barrier(sqlite3_file *file) { METHODS(file)->xShmBarrier(REAL(file)); }
static int faulty_shm_unmap(sqlite3_file *file, int remove) { return METHODS(file)->xShmUnmap(REAL(file), remove); }

static int faulty_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **data) {
  return METHODS(file)->xShmMap(REAL(file), page, size, extend, data);
}

/* Version 2: without memory mapping of the database every access is a read or a write. */
static const sqlite3_io_methods faulty_methods = {
  2, faulty_close, faulty_read, faulty_write, faulty_truncate, faulty_sync, faulty_size, faulty_lock, faulty_unlock, faulty_reserved,
  faulty_control, faulty_sector, faulty_traits, faulty_shm_map, faulty_shm_lock, faulty_shm_barrier, faulty_shm_unmap, 0, 0
};

static int faulty_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out) {
  (void)vfs;
  faulty_file *faulty = (faulty_file *)file;
  memset(faulty, 0, sizeof(*faulty));
  if (fails(FAULT_OPEN)) return armed_code;
  faulty->real = (sqlite3_file *)(faulty + 1);
  int rc = real_vfs->xOpen(real_vfs, name, faulty->real, flags, out);
  if (faulty->real->pMethods) faulty->base.pMethods = &faulty_methods;
  return rc;
}

static int faulty_delete(sqlite3_vfs *vfs, const char *name, int sync) {
  (void)vfs;
  if (ends_here(1)) raise(SIGKILL);
  return fails(FAULT_DELETE) ? armed_code : done(real_vfs->xDelete(real_vfs, name, sync), 1);
}

int faulty_register(void) {
  real_vfs = sqlite3_vfs_find(0);
  faulty_vfs = *real_vfs; /* all the other calls take no notice of which VFS they are called with */
  faulty_vfs.pNext = 0;
  faulty_vfs.zName = "faulty";
  faulty_vfs.szOsFile = (int)sizeof(faulty_file) + real_vfs->szOsFile;
  faulty_vfs.xOpen = faulty_open;
  faulty_vfs.xDelete = faulty_delete;
  return sqlite3_vfs_register(&faulty_vfs, 1);
}
