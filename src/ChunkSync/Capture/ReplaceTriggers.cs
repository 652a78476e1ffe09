using ChunkSync.Catalog;
using ChunkSync.Clock;
using ChunkSync.Keys;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Capture;

/// <summary>Keeps the TEMP triggers of <see cref="ReplaceGuard"/> and <see cref="FilterTriggers"/> in place: made at load, at init, and when a transaction that captures
/// something is committed under another schema; never by a read. And decides what becomes of a statement that began without them.</summary>
internal sealed class ReplaceTriggers(SyncSession session, TableCatalog catalog, VersionClock clock, LocalClocks clocks)
{
    private readonly TablePart<ReplaceGuard> guards = MakeGuards(session);

    /// <summary>What the names of TEMP triggers begin with that are the engine's own.</summary>
    public const string Prefix = "chunksync_";

    private const int Nothing = -1;

    /// <summary>Places in the stream in front of a statement's own, for the rows that it may turn out to have removed. sqlite-sync reads a chunk again
    /// for ever whose rows share a place and do not fit into it.</summary>
    private const int Places = 1 << 16;

    /// <summary>The rows of a table that may have been removed by statements without triggers, to be looked for before the commit.</summary>
    private sealed record Search(string Table, long DbVersion, long Seq);

    private readonly Connection connection = session.Connection;
    private readonly List<Search> searches = [];
    private readonly List<nint> writers = [];
    private int installed = Nothing;
    private bool hasAny;

    /// <summary>Moves when a transaction ends or a part of one is undone: only then can triggers be lost.</summary>
    public long Epoch { get; private set; }

    /// <summary>A row is captured whose triggers should have fired. The first statement that writes after the schema moved, or after TEMP
    /// triggers were lost (PRAGMA temp_store drops them), was compiled without them.</summary>
    /// <exception cref="EngineException">SQLITE_SCHEMA: the triggers are there now, and SQLite compiles and runs the statement again.
    /// SQLITE_ERROR: the statement cannot be captured.</exception>
    public void Require(TrackedTable table, ReplaceGuard guard)
    {
        if (guard.Seen == (connection.TotalChanges, Epoch) || guard.DecidedIn == session.StatementNumber)
        {
            return;
        }

        guard.DecidedIn = session.StatementNumber;
        if (IsInstalled(guard))
        {
            return;
        }

        installed = Nothing;
        if (!MayReplace(table))
        {
            return;
        }

        if (!connection.IsAutocommit && !LocalCapture.IsOld && TryInstall())
        {
            throw new EngineException(ResultCode.Schema, $"the triggers of table {table.Name} have changed: run the statement again");
        }

        // The first search finds what later statements removed, too: numbers of places have an end.
        if (!IsSearched(table))
        {
            searches.Add(new Search(table.Name, clock.Next(), clock.TakeSeqs(Places)));
        }
    }

    /// <summary>Apart, so that the closure is made only here, and not for every row.</summary>
    private bool IsSearched(TrackedTable table) => searches.Exists(search => search.Table == table.Name);

    /// <summary>The transaction is about to be committed.</summary>
    public void Committing()
    {
        foreach (Search search in searches)
        {
            if (catalog.Find(search.Table) is TrackedTable table && Guard(table) is ReplaceGuard guard)
            {
                WriteTombstones(table, guard, search);
            }
        }

        searches.Clear();
        if (installed != session.Generation)
        {
            _ = TryInstall();
        }
    }

    /// <summary>What looks for rows that REPLACE would remove; null where it can remove none of another key.</summary>
    public ReplaceGuard? Guard(TrackedTable table) => guards.Of(table);

    private static TablePart<ReplaceGuard> MakeGuards(SyncSession session)
    {
        CascadeCycles cycles = new(session);
        return new(table => ReplaceGuard.Create(session, table, cycles));
    }

    /// <summary>The transaction has ended.</summary>
    public void Committed() => Epoch++;

    /// <summary>Something was undone, perhaps the triggers.</summary>
    public void Undone()
    {
        Epoch++;
        searches.Clear();
        installed = Nothing;
    }

    /// <summary>Makes the triggers as the schema is now. Where they cannot be made (read-only, <c>query_only</c>, an authorizer, a busy
    /// database), <see cref="Require"/> finds that out when it matters.</summary>
    /// <returns>Whether all are there.</returns>
    public bool TryInstall()
    {
        bool wasWriting = connection.IsWriting;
        try
        {
            session.Refresh();
            installed = session.Generation;
            if (!connection.IsReadOnly)
            {
                Install();
            }

            return true;
        }
        catch (EngineException failure) when (ResultCode.Primary(failure.Code) != ResultCode.NoMem)
        {
            if (wasWriting && !connection.IsWriting)
            {
                // SQLite has rolled the transaction back for this failure, and would go on to say that it was committed.
                throw;
            }

            return false;
        }
    }

    private void Install()
    {
        Dictionary<string, string> wanted = new(StringComparer.Ordinal);
        List<TrackedTable> tables = [];
        foreach (TrackedTable table in catalog.All)
        {
            int count = wanted.Count;
            foreach ((string name, string text) in TriggersOf(table))
            {
                wanted.Add(name, text);
            }

            if (wanted.Count > count)
            {
                tables.Add(table);
            }
        }

        if (wanted.Count == 0 && !hasAny)
        {
            return;
        }

        hasAny = true;
        bool changed = false;
        foreach ((string name, string text) in ReadInstalled())
        {
            if (!wanted.Remove(name, out string? expected) || text != "CREATE TRIGGER " + expected)
            {
                connection.Execute("DROP TRIGGER IF EXISTS temp." + Connection.Quote(name));
                changed = true;
                if (expected != null)
                {
                    wanted.Add(name, expected);
                }
            }
        }

        foreach (string text in wanted.Values)
        {
            connection.Execute("CREATE TEMP TRIGGER " + text);
            changed = true;
        }

        if (changed)
        {
            tables.ForEach(Check);
        }
    }

    /// <summary>A trigger that cannot be compiled, for a limit or an authorizer of the host's, would make every statement fail.</summary>
    private void Check(TrackedTable table)
    {
        string key = table.KeyColumns[0].Quoted;
        using Statement insert = connection.Prepare($"INSERT INTO {table.Quoted} DEFAULT VALUES");
        using Statement update = connection.Prepare(
            $"UPDATE {table.Quoted} SET {string.Join(", ", table.Columns.Select(column => $"{column.Quoted} = {key}"))}");
        using Statement delete = connection.Prepare($"DELETE FROM {table.Quoted}");
        try
        {
            _ = insert.Handle;
            _ = update.Handle;
            _ = delete.Handle;
        }
        catch (EngineException)
        {
            foreach ((string name, _) in TriggersOf(table))
            {
                connection.Execute("DROP TRIGGER IF EXISTS temp." + Connection.Quote(name));
            }

            throw;
        }
    }

    private IEnumerable<(string Name, string Text)> TriggersOf(TrackedTable table) =>
        (Guard(table)?.Triggers ?? []).Concat(FilterTriggers.Of(table));

    private bool IsInstalled(ReplaceGuard guard)
    {
        List<(string Name, string Text)> present = ReadInstalled();
        return guard.Triggers.All(wanted => present.Contains((wanted.Name, "CREATE TRIGGER " + wanted.Text)));
    }

    private List<(string Name, string Text)> ReadInstalled()
    {
        using Statement triggers = connection.Prepare(
            $"SELECT name, sql FROM temp.sqlite_master WHERE type = 'trigger' AND substr(name, 1, {Prefix.Length}) = '{Prefix}'");
        List<(string Name, string Text)> found = [];
        while (triggers.Step())
        {
            found.Add((triggers.String(0), triggers.String(1)));
        }

        return found;
    }

    /// <summary>Whether the word REPLACE stands anywhere that matters: in a running statement, in a trigger, in the table's own
    /// constraints. Without it no row is replaced.</summary>
    private bool MayReplace(TrackedTable table)
    {
        RunningStatements.FindWriters(connection, writers);
        foreach (nint writer in writers)
        {
            ReadOnlySpan<byte> text = RunningStatements.Text(writer);
            if (text.IsEmpty || System.Text.Encoding.UTF8.GetString(text).Contains("replace", StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        using Statement schema = connection.Prepare(
            "SELECT 1 FROM (SELECT type, name, sql FROM main.sqlite_master UNION ALL SELECT type, name, sql FROM temp.sqlite_master)"
            + " WHERE (type = 'trigger' OR (type = 'table' AND name = ?1 COLLATE NOCASE)) AND instr(lower(sql), 'replace') > 0 LIMIT 1");
        schema.Bind(1, table.Name);
        return schema.Step();
    }

    /// <summary>Tombstones for all keys that live in the clocks and have no row. Where there may be such keys for another reason, because
    /// rows were left out on purpose, nothing is guessed.</summary>
    private void WriteTombstones(TrackedTable table, ReplaceGuard guard, Search search)
    {
        LocalClockWriter writer = clocks.Writer(table);
        using KeyBuffer key = new(connection);
        List<byte[]> gone = [];
        using (Statement keys = connection.Prepare($"SELECT DISTINCT pk FROM {table.QuotedClock}"))
        {
            while (keys.Step())
            {
                key.Assign(keys.Blob(0));
                if (writer.IsAlive(key) && !guard.Exists(key))
                {
                    gone.Add(key.Bytes.ToArray());
                }
            }
        }

        if (gone.Count > 0 && (!table.IsWhole || table.Filter != null))
        {
            throw Errors.Refused($"which rows of table {table.Name} a statement with REPLACE removed cannot be told: when"
                + " it began, this connection did not know the table's unique indexes yet; nothing was changed. Call SELECT"
                + $" cloudsync_init('{table.Name}') and run it again");
        }

        for (int i = 0; i < gone.Count; i++)
        {
            key.Assign(gone[i]);
            writer.DeleteReplaced(key, search.DbVersion, search.Seq + (gone.Count <= Places ? i : (long)i * Places / gone.Count));
        }
    }
}
