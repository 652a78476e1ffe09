"""Tries the installed wheel: two databases, changes in chunks from one to the other. Prints one line."""

import os
import sqlite3
import sys
import tempfile

import chunksync


def open_database(path):
    connection = sqlite3.connect(path, isolation_level=None)
    chunksync.load(connection)
    chunksync.load(connection)
    connection.execute("CREATE TABLE IF NOT EXISTS items(id TEXT PRIMARY KEY NOT NULL, name TEXT)")
    connection.execute("SELECT cloudsync_init('items')").fetchall()
    return connection


def main():
    assert os.path.isfile(chunksync.loadable_path() + {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so"))
    with tempfile.TemporaryDirectory() as folder:
        here = open_database(os.path.join(folder, "here.db"))
        there = open_database(os.path.join(folder, "there.db"))
        here.executemany("INSERT INTO items VALUES (?, ?)", [(f"k{i}", "x" * i) for i in range(1000)])
        chunks = 0
        for (payload,) in here.execute("SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = 0 AND max_chunk_size = 262144"):
            there.execute("SELECT cloudsync_payload_apply(?)", (payload,)).fetchall()
            chunks += 1
        rows = "SELECT * FROM items ORDER BY id"
        assert chunks > 1 and here.execute(rows).fetchall() == there.execute(rows).fetchall()
        try:
            here.execute("SELECT load_extension(?)", (chunksync.loadable_path(),))
            raise AssertionError("extensions can be loaded after load()")
        except sqlite3.OperationalError:
            pass
        here.close()
        there.close()
    os.rename(chunksync.loadable_path() + ".so", chunksync.loadable_path() + ".gone")
    try:
        chunksync.loadable_path()
        raise AssertionError("a library that is not there has a path")
    except FileNotFoundError as error:
        assert "was made for" in str(error), error
    print(f"wheel {chunksync.__version__}: 1,000 rows in {chunks} chunks, equal; Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}")


main()
