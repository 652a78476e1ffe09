/* A disk whose power can be cut: it wraps the default VFS and is the default itself once it is registered. What a file holds is safe when
   it has been synced; of what was written since, the power cut keeps any part, sector by sector. A file's name is safe when the file was
   synced, its absence when the delete asked for the folder to be synced. Shared memory (-shm) does not survive. */
#ifndef POWER_VFS_H
#define POWER_VFS_H
#include <stdint.h>

int power_register(void);

/* From now on files whose names begin with the prefix are on that disk, as they are now, safely. */
void power_on(const char *prefix);

/* At the n-th write, truncate, sync or delete from now on the power goes, and every access fails until power_restore. `only_syncs`: only
   syncs and deletes count, at which transactions end. */
void power_cut_at(long n, int only_syncs);

int power_is_off(void);

/* After all files were closed: leaves them as the cut may have left them, and takes them off the disk again.
   `keeps_deletes`: a delete is never undone, as where the file system keeps the order of such things. */
void power_restore(uint64_t *random, int sector, int keeps_deletes);
#endif
