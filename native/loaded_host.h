/* What the C programs that load the library and exit at the first surprise begin with. */
#ifndef LOADED_HOST_H
#define LOADED_HOST_H

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

/* The library's path without suffix: the program's first argument. */
static const char *library;

static void die(const char *what, sqlite3 *db) {
  printf("FAIL %s: %s\n", what, db ? sqlite3_errmsg(db) : "");
  exit(1);
}

static void must(sqlite3 *db, const char *sql) {
  if (sqlite3_exec(db, sql, 0, 0, 0) != SQLITE_OK) die(sql, db);
}

/* A connection with the library loaded. */
static sqlite3 *open_loaded(const char *name) {
  sqlite3 *db = 0;
  if (sqlite3_open(name, &db) != SQLITE_OK) die("open", db);
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, 0);
  if (sqlite3_load_extension(db, library, 0, 0) != SQLITE_OK) die("load", db);
  return db;
}

#endif
