/* Proves the slots of src/ChunkSync/Sqlite/SqliteApi.cs and SqliteRoutines.cs against the system's header: a test makes layout_slots.inc
   of each, one line SLOT(name, number) per routine, and compiles this. */
#include <stddef.h>
#define SQLITE_CORE 1 /* keeps sqlite3ext.h from renaming every function to a member of its own pointer */
#include <sqlite3ext.h>

#define SLOT(name, number) \
  _Static_assert(offsetof(struct sqlite3_api_routines, name) == (number) * sizeof(void *), "slot of " #name);
#include "layout_slots.inc"

int main(void) { return 0; }
