/* A file system that fails on demand: it wraps the default VFS and is the default itself once it is registered. */
#ifndef FAULTY_VFS_H
#define FAULTY_VFS_H

enum fault_operation { FAULT_READ, FAULT_WRITE, FAULT_SYNC, FAULT_TRUNCATE, FAULT_OPEN, FAULT_DELETE, FAULT_OPERATIONS };

int faulty_register(void);

/* The k-th operation of that kind from now on returns `code`, and with `sticky` every one after it as well. */
void faulty_arm(enum fault_operation operation, long k, int code, int sticky);

/* The process is killed at the k-th operation from now on that changes a file (write, truncate, delete or sync): before it, a write half
   done; with -k when it has been done. 0: never. `only_deletes`: deletes alone count, which end the transactions of a rollback journal. */
void faulty_kill(long k, int only_deletes);

/* Ends the fault. Returns whether it was met. */
int faulty_disarm(void);

#endif
