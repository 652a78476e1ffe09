#!/usr/bin/env python3
"""todo.py FILE add TITLE | done TITLE | due TITLE DATE | attach TITLE PATH | list | upgrade | sync FOLDER

A list of tasks in a file of one's own, edited offline, and synced through a folder that devices share. The same as samples/todo/dotnet, and in the same
folder: devices of both kinds understand each other. The package chunksync has the library; without it CHUNKSYNC_LIBRARY names it."""
import hashlib, os, pathlib, sqlite3, struct, sys

FRAME = struct.Struct(">4sI16s3q3qqII8s")  # CSF1, length, site, from, next, 0, flags, rows, the first bytes of a SHA-256
TABLES = """CREATE TABLE IF NOT EXISTS tasks(id TEXT PRIMARY KEY NOT NULL, title TEXT, done INTEGER DEFAULT 0);
    CREATE TABLE IF NOT EXISTS attachments(id TEXT PRIMARY KEY NOT NULL, task TEXT, name TEXT, data BLOB);
    SELECT cloudsync_init('tasks'), cloudsync_init('attachments')"""
STATEMENTS = {
    "add": "INSERT INTO tasks(id, title) VALUES (lower(hex(randomblob(16))), ?1)",
    "done": "UPDATE tasks SET done = 1 WHERE title = ?1",
    "due": "UPDATE tasks SET due = ?2 WHERE title = ?1",
}
PAGE = """SELECT payload, rows, is_final, watermark_db_version, next_db_version, next_seq, next_frag_offset
    FROM cloudsync_payload_chunks(?, NULL, ?, 0, ?, ?, ?, NULL, 0, 1048576) LIMIT 1"""
ATTACH = "INSERT INTO attachments SELECT lower(hex(randomblob(16))), id, ?2, ?3 FROM tasks WHERE title = ?1"


def open_database(path):
    db = sqlite3.connect(path, isolation_level=None)
    if "CHUNKSYNC_LIBRARY" in os.environ:
        db.enable_load_extension(True)
        db.load_extension(os.environ["CHUNKSYNC_LIBRARY"])
    else:
        import chunksync
        chunksync.load(db)
    db.executescript(TABLES)
    return db


def has_due(db):
    return bool(db.execute("SELECT 1 FROM pragma_table_info('tasks') WHERE name = 'due'").fetchall())


def show(db):
    due = "due" if has_due(db) else "NULL"
    files = "(SELECT group_concat(name || ' ' || length(data)) FROM attachments WHERE task = tasks.id)"
    for done, title, date, names in db.execute(f"SELECT done, title, {due}, {files} FROM tasks ORDER BY title, id"):
        print(f"[{'x' if done == 1 else ' '}] {title}{', due ' + date if date else ''}{f' ({names})' if names else ''}")


def text(cursor):
    return ".".join(map(str, cursor))


def cursor_of(name):
    return tuple(map(int, name.split(".")))


class FolderSync:
    """Each device has a folder named after its site id: its chunks, how far it has sent, and what it wants of others (site, first position, last version)."""

    def __init__(self, db, folder):
        self.db, self.folder = db, folder
        self.site = db.execute("SELECT cloudsync_siteid()").fetchone()[0]
        self.own = os.path.join(folder, self.site.hex())
        self.sent = self.received = 0

    def run(self):
        os.makedirs(self.own, exist_ok=True)
        for want in [line.split(" ") for other in self.others() for line in self.lines(other, "wants")]:
            if want[0] == self.site.hex():
                self.send(cursor_of(want[1]), int(want[2]))
        self.write("sent", str(self.send((self.sent_by(self.own) + 1, 0, 0), None)).encode())
        wants = []
        for other in self.others():
            site = bytes.fromhex(os.path.basename(other))
            for path in pathlib.Path(other).glob("*.chunk"):
                self.receive(site, path)
            # What is not here of what that device has sent.
            ranges = [(gap[:3], self.sent_by(other) if gap[3] is None else gap[3]) for gap in self.gaps(site) or [(1, 0, 0, None)]]
            wants += [f"{site.hex()} {text(start)} {until}" for start, until in ranges if start <= (until, sys.maxsize, 0)]
        self.write("wants", "\n".join(wants).encode())
        print(f"sent {self.sent} chunks, received {self.received}, missing {f'{len(wants)} ranges' if wants else 'nothing'}")

    def send(self, start, until):
        """Writes the chunks of a window; gives the last version of it."""
        last, final, end = start[0] - 1, False, until
        while not final:
            since, resume = (start[0] - 1, (None,) * 3) if start[1:] == (0, 0) else (None, start)
            if not (page := self.db.execute(PAGE, (since, end, *resume)).fetchone()):
                break
            payload, rows, final, last = page[:4]
            self.write_chunk(start, page[4:], final, payload, rows)
            start, end = page[4:], last  # the window of the first page
        if not final and until is not None:  # what was there has been written again, and comes later in the stream
            self.write_chunk(start, (until, 0, 0), 1, b"", 0)
        return last

    def write_chunk(self, start, following, final, payload, rows):
        head = FRAME.pack(b"CSF1", len(payload), self.site, *start, *following, 0, final, rows, b"")[:88]
        self.write(f"{text(start)}-{text((following[0] + 1, 0, 0) if final else following)}.chunk", head + hashlib.sha256(head + payload).digest()[:8] + payload)
        self.sent += 1

    def receive(self, site, path):
        """Receives a chunk, unless its name says that it is here already. Names only save the reading: what counts stands in the chunk."""
        try:
            start, end = (cursor_of(part) for part in path.stem.split("-"))
            gaps = self.gaps(site)
            if gaps and not any(gap[:3] < end and (gap[3] is None or start < gap[3:]) for gap in gaps):
                return
        except ValueError:
            pass
        data = path.read_bytes()
        (mark, length, sender, *cursors, _, flags, _, check), payload = FRAME.unpack(data[:FRAME.size]), data[FRAME.size:]
        if mark != b"CSF1" or len(payload) != length or hashlib.sha256(data[:88] + payload).digest()[:8] != check:
            raise SystemExit(f"{path} is no chunk, or was changed")
        self.db.execute("SELECT cloudsync_payload_receive(?, ?, ?, ?, ?, ?, ?, ?, ?)", (payload or None, sender, *cursors, flags & 1)).fetchall()
        self.received += 1

    def gaps(self, site):
        columns = ", ".join(f"{end}_{part}" for end in ("from", "to") for part in ("db_version", "seq", "frag_offset"))
        return self.db.execute(f"SELECT {columns} FROM cloudsync_receive_gaps(?)", (site,)).fetchall()

    def others(self):
        return sorted(entry.path for entry in os.scandir(self.folder) if len(entry.name) == 32 and entry.path != self.own)

    def sent_by(self, device):
        return int((self.lines(device, "sent") or ["0"])[0])

    def lines(self, device, name):
        path = pathlib.Path(device, name)
        return path.read_text("utf-8").splitlines() if path.exists() else []

    def write(self, name, data):
        part = pathlib.Path(self.own, name + ".part")  # another name first: others never see half a file
        part.write_bytes(data)
        part.replace(part.with_suffix(""))


def main(path, command, *rest):
    db = open_database(path)
    if command in STATEMENTS:
        db.execute(STATEMENTS[command], rest)
    elif command == "attach":
        db.execute(ATTACH, (rest[0], os.path.basename(rest[1]), pathlib.Path(rest[1]).read_bytes()))
    elif command == "upgrade" and not has_due(db):
        # The next version of the program. Others may go on with the old one: what they cannot store yet waits with them.
        db.executescript("SELECT cloudsync_begin_alter('tasks'); ALTER TABLE tasks ADD COLUMN due TEXT; SELECT cloudsync_commit_alter('tasks')")
    elif command == "sync":
        FolderSync(db, *rest).run()
    elif command == "list":
        show(db)


if __name__ == "__main__":
    main(*sys.argv[1:]) if len(sys.argv) > 2 else sys.exit(__doc__)
