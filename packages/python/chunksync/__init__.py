"""ChunkSync, change sync for SQLite, as a loadable extension.

    import sqlite3, chunksync
    connection = sqlite3.connect("items.db")
    chunksync.load(connection)
    connection.execute("SELECT cloudsync_init('items')")

The functions of the extension are SQL: `SELECT name, summary FROM cloudsync_help` lists them.
"""

import os
import platform
import sys

__version__ = "@VERSION@"
__all__ = ["load", "loadable_path"]

_LIBRARIES = {"linux": "chunksync.so", "darwin": "chunksync.dylib", "win32": "chunksync.dll"}


def loadable_path() -> str:
    """Path of the extension without its suffix, as SQLite's load_extension takes it.

    Raises FileNotFoundError where this package was made for another platform.
    """
    folder = os.path.dirname(os.path.abspath(__file__))
    name = _LIBRARIES.get(sys.platform)
    if name is None or not os.path.isfile(os.path.join(folder, name)):
        raise FileNotFoundError(
            f"chunksync: this package was made for @PLATFORM@ and has no library for {sys.platform} {platform.machine()};"
            " install the wheel of that platform, or build the library from source"
        )
    return os.path.join(folder, "chunksync")


def load(connection) -> None:
    """Loads the extension into a sqlite3.Connection; loading it twice does nothing.

    Loading of extensions is allowed for this call alone. Raises RuntimeError where Python's sqlite3 was built without it.
    """
    path = loadable_path()
    if not hasattr(connection, "enable_load_extension"):
        raise RuntimeError(
            "chunksync: the sqlite3 module of this Python was built without loadable extensions (--enable-loadable-sqlite-extensions);"
            " take a Python that has them, or another module for SQLite"
        )
    connection.enable_load_extension(True)
    try:
        connection.load_extension(path)
    finally:
        connection.enable_load_extension(False)
