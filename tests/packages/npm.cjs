"use strict";

// Tries the installed npm package: two databases, changes in chunks from one to the other. Prints one line.
const assert = require("node:assert");
const fs = require("node:fs");
const chunksync = require("chunksync");

/** A function that opens a database in memory, and the name of what it uses; null where neither node:sqlite nor better-sqlite3 is there. */
function driver() {
  try {
    const Database = require("better-sqlite3");
    return ["better-sqlite3", () => new Database(":memory:")];
  } catch {}
  try {
    const { DatabaseSync } = require("node:sqlite");
    return ["node:sqlite", () => new DatabaseSync(":memory:", { allowExtension: true })];
  } catch {
    return [null, null];
  }
}

const path = chunksync.getLoadablePath();
assert.ok(fs.existsSync(path), path);
const [name, connect] = driver();
let said = "only getLoadablePath: neither better-sqlite3 nor node:sqlite is there";
if (connect) {
  const open = () => {
    const database = connect();
    chunksync.load(database);
    chunksync.load(database);
    database.exec("CREATE TABLE items(id TEXT PRIMARY KEY NOT NULL, name TEXT)");
    database.prepare("SELECT cloudsync_init('items')").all();
    return database;
  };
  const here = open();
  const there = open();
  const insert = here.prepare("INSERT INTO items VALUES (?, ?)");
  for (let i = 0; i < 1000; i++) insert.run(`k${i}`, "x".repeat(i));
  const chunks = here.prepare("SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = 0 AND max_chunk_size = 262144").all();
  const apply = there.prepare("SELECT cloudsync_payload_apply(?)");
  for (const { payload } of chunks) apply.all(payload);
  const rows = (database) => database.prepare("SELECT * FROM items ORDER BY id").all();
  assert.ok(chunks.length > 1);
  assert.deepStrictEqual(rows(here), rows(there));
  said = `1,000 rows in ${chunks.length} chunks, equal; ${name}`;
}

fs.renameSync(path, path + ".gone");
assert.throws(() => chunksync.getLoadablePath(), /there is no library for .* is not installed/);
console.log(`npm package: ${said}, node ${process.versions.node}`);
