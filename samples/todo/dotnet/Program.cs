using ChunkSync.Client;
using Microsoft.Data.Sqlite;

// todo FILE add TITLE | done TITLE | due TITLE DATE | attach TITLE PATH | list | upgrade | sync FOLDER
// A list of tasks in a file of one's own, edited offline, and synced through a folder that devices share. Nothing here depends on what was sent before: who
// misses something says so in the folder, and who has it sends it again.
const string Tables = """
    CREATE TABLE IF NOT EXISTS tasks(id TEXT PRIMARY KEY NOT NULL, title TEXT, done INTEGER DEFAULT 0);
    CREATE TABLE IF NOT EXISTS attachments(id TEXT PRIMARY KEY NOT NULL, task TEXT, name TEXT, data BLOB);
    """;

if (args.Length < 2)
{
    Console.Error.WriteLine("todo FILE add TITLE | done TITLE | due TITLE DATE | attach TITLE PATH | list | upgrade | sync FOLDER");
    return 2;
}

SQLitePCL.Batteries_V2.Init();
using SqliteConnection connection = new($"Data Source={args[0]}");
connection.LoadChunkSync();
connection.Open();
Run(Tables);
SyncDatabase sync = connection.ChunkSync();
sync.Track("tasks");
sync.Track("attachments");

switch (args[1..])
{
    case ["add", string title]:
        Run("INSERT INTO tasks(id, title) VALUES ($1, $2)", Guid.NewGuid().ToString(), title);
        break;
    case ["done", string title]:
        Run("UPDATE tasks SET done = 1 WHERE title = $1", title);
        break;
    case ["due", string title, string date]:
        Run("UPDATE tasks SET due = $2 WHERE title = $1", title, date);
        break;
    case ["attach", string title, string path]:
        Run("INSERT INTO attachments SELECT $1, id, $3, $4 FROM tasks WHERE title = $2", Guid.NewGuid().ToString(), title, Path.GetFileName(path), File.ReadAllBytes(path));
        break;
    case ["upgrade"] when !HasDue():
        // The next version of the program. Others may go on with the old one: what they cannot store yet waits with them.
        Run("SELECT cloudsync_begin_alter('tasks'); ALTER TABLE tasks ADD COLUMN due TEXT; SELECT cloudsync_commit_alter('tasks')");
        break;
    case ["sync", string folder]:
        await new FolderSync(sync, folder).RunAsync();
        break;
    case ["list"]:
        List();
        break;
}

return 0;

bool HasDue() => Rows("SELECT 1 FROM pragma_table_info('tasks') WHERE name = 'due'").Any();

void List()
{
    string due = HasDue() ? "due" : "NULL";
    foreach (object[] row in Rows($"SELECT done, title, {due}, (SELECT group_concat(name || ' ' || length(data)) FROM attachments WHERE task = tasks.id) FROM tasks ORDER BY title, id"))
    {
        Console.WriteLine($"[{(row[0] is 1L ? 'x' : ' ')}] {row[1]}{(row[2] is string date ? ", due " + date : "")}{(row[3] is string files ? $" ({files})" : "")}");
    }
}

void Run(string sql, params object[] values)
{
    foreach (object[] _ in Rows(sql, values))
    {
    }
}

IEnumerable<object[]> Rows(string sql, params object[] values)
{
    using SqliteCommand command = connection.CreateCommand();
    command.CommandText = sql;
    for (int i = 0; i < values.Length; i++)
    {
        command.Parameters.AddWithValue($"${i + 1}", values[i]);
    }

    using SqliteDataReader reader = command.ExecuteReader();
    while (reader.Read())
    {
        object[] row = new object[reader.FieldCount];
        reader.GetValues(row);
        yield return row;
    }
}

/// <summary>Exchanges chunks through a folder. Each device has a folder of its own in it, named after its site id, with its chunks, how far it has sent (<c>sent</c>), and what it
/// misses of others (<c>wants</c>: site, first position, last version).</summary>
internal sealed class FolderSync(SyncDatabase sync, string folder)
{
    private static readonly ReadOptions Chunks = new() { MaxChunkSize = 1 << 20 };

    private readonly string own = Path.Combine(folder, $"{sync.Site}");
    private int sent;
    private int received;

    public async Task RunAsync()
    {
        Directory.CreateDirectory(own);
        foreach (string[] want in Others().SelectMany(other => Lines(other, "wants")).Select(line => line.Split(' ')).Where(want => want[0] == $"{sync.Site}"))
        {
            await SendAsync(new ChunkWindow(ChunkCursor.Parse(want[1])) { Until = long.Parse(want[2]) });
        }

        long until = await SendAsync(new ChunkWindow(since: Sent(own)));
        Write("sent", $"{until}");
        List<string> wants = [];
        foreach (string other in Others())
        {
            SiteId site = SiteId.Parse(Path.GetFileName(other));
            foreach (string file in Directory.EnumerateFiles(other, "*.chunk"))
            {
                await ReceiveAsync(site, file);
            }

            wants.AddRange(Missing(site, Sent(other)).Select(gap => $"{site} {gap.From} {gap.Until}"));
        }

        Write("wants", string.Join('\n', wants));
        Console.WriteLine($"sent {sent} chunks, received {received}, missing {(wants.Count == 0 ? "nothing" : $"{wants.Count} ranges")}");
    }

    private IEnumerable<string> Others() => Directory.EnumerateDirectories(folder)
        .Where(other => other != own && SiteId.TryParse(Path.GetFileName(other), null, out _)).Order(StringComparer.Ordinal);

    /// <summary>Writes the chunks of a window; gives the last version of it.</summary>
    private async Task<long> SendAsync(ChunkWindow window)
    {
        (ChunkCursor next, long until, bool isFinal) = (window.From, window.From.DbVersion - 1, false);
        await foreach (Chunk chunk in sync.ReadAsync(window, Chunks))
        {
            WriteChunk(chunk.ToEnvelope(sync.Site));
            (next, until, isFinal) = (chunk.Next, chunk.Watermark, chunk.IsFinal);
        }

        if (!isFinal && window.Until is long asked)
        {
            // What was there has been written again, and comes later in the stream.
            WriteChunk(ChunkEnvelope.Nothing(sync.Site, next, asked));
        }

        return until;
    }

    private void WriteChunk(ChunkEnvelope chunk)
    {
        ChunkCursor end = chunk.IsFinal ? ChunkCursor.Behind(chunk.Next.DbVersion) : chunk.Next;
        using MemoryStream bytes = new();
        chunk.WriteToAsync(bytes).Wait();
        Write($"{chunk.From}-{end}.chunk", bytes.ToArray());
        sent++;
    }

    /// <summary>Receives a chunk, unless its name says that it is here already. Names only save the reading: what counts stands in the chunk.</summary>
    private async Task ReceiveAsync(SiteId site, string file)
    {
        string[] ends = Path.GetFileNameWithoutExtension(file).Split('-');
        IReadOnlyList<StreamGap> gaps = sync.Gaps(site);
        if (ends.Length == 2 && ChunkCursor.TryParse(ends[0], null, out ChunkCursor from) && ChunkCursor.TryParse(ends[1], null, out ChunkCursor end)
            && gaps.Count > 0 && !gaps.Any(gap => gap.From < end && (gap.To == null || from < gap.To)))
        {
            return;
        }

        await using FileStream stream = File.OpenRead(file);
        if (await ChunkEnvelope.ReadFromAsync(stream) is ChunkEnvelope chunk)
        {
            await sync.ReceiveAsync(chunk);
            received++;
        }
    }

    /// <summary>What is not here of what a device has sent.</summary>
    private IEnumerable<(ChunkCursor From, long Until)> Missing(SiteId site, long until)
    {
        IReadOnlyList<StreamGap> gaps = sync.Gaps(site);
        return (gaps.Count == 0 ? [new StreamGap(site, ChunkCursor.Start, null)] : gaps)
            .Select(gap => (gap.From, Until: gap.To?.DbVersion ?? until)).Where(gap => gap.From < ChunkCursor.Behind(gap.Until));
    }

    private static long Sent(string device) => Lines(device, "sent") is [string until] ? long.Parse(until) : 0;

    private static string[] Lines(string device, string name) =>
        File.Exists(Path.Combine(device, name)) ? [.. File.ReadAllLines(Path.Combine(device, name)).Where(line => line.Length > 0)] : [];

    private void Write(string name, string text) => Write(name, System.Text.Encoding.UTF8.GetBytes(text));

    /// <summary>Another name first: others never see half a file.</summary>
    private void Write(string name, byte[] bytes)
    {
        string path = Path.Combine(own, name);
        File.WriteAllBytes(path + ".part", bytes);
        File.Move(path + ".part", path, overwrite: true);
    }
}
