using ChunkSync.Capture;
using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary>The first clock rows of the last few rows that a merge has made, not written yet: one statement writes those of several rows. SQLite then
/// goes down its B-trees once, where keys and positions follow each other, and starts one statement.</summary>
/// <remarks>Only where nothing can look at clocks before they are written: rows of tables without triggers but those of capture, without foreign
/// keys with actions, filters, blocks or pending rows. <see cref="MergeEngine.BeginRow(in ChangeRow)"/> writes them before a row that needs them, and
/// whoever ends a run of rows does. What is written is undone with the transaction or the savepoint that the rows are undone with.</remarks>
internal sealed unsafe class ClockBatch(Connection connection)
{
    /// <summary>Rows that are kept.</summary>
    public const int MaxRows = 8;

    /// <summary>Clock rows that are kept.</summary>
    private const int MaxClocks = 32;

    private readonly NativeBytes[] keys = new NativeBytes[MaxRows];
    private readonly long[] dbVersions = new long[MaxRows];
    private readonly ClockEntry[] clocks = new ClockEntry[MaxClocks];
    private readonly Statement tableTriggers = connection.Prepare(
        $"SELECT 1 FROM main.sqlite_master WHERE type = 'trigger' AND tbl_name COLLATE NOCASE IN (?1, ?1 || '{TrackedTable.ClockSuffix}')"
        + " AND name COLLATE NOCASE NOT IN ("
        + string.Join(", ", TriggerSet.Names("").Select(prefix => $"'{prefix}' || ?1")) + ") LIMIT 1");

    private readonly Statement tempTriggers = connection.Prepare(
        $"SELECT 1 FROM temp.sqlite_master WHERE type = 'trigger' AND substr(name, 1, {ReplaceTriggers.Prefix.Length}) <> '{ReplaceTriggers.Prefix}' LIMIT 1");

    private NewClockWriter? writer;
    private int count;
    private bool? mayHold;

    /// <summary>Whether clock rows may be kept: between two rows nothing else than a row is looked at.</summary>
    public bool IsOn { get; private set; }

    /// <summary>Whether clock rows were to be written and could not: their rows have to be undone.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>Whether something is not written yet.</summary>
    public bool IsEmpty => count == 0;

    /// <summary>How many rows' clocks one statement writes.</summary>
    /// <param name="connection">The connection, whose host may have lowered SQLite's limits.</param>
    /// <param name="columns">Columns of a row; not none.</param>
    /// <param name="parameters">Parameters of a row.</param>
    public static int RowsOf(Connection connection, int columns, int parameters) =>
        Math.Clamp(Math.Min(MaxClocks / columns, connection.MaxVariables / parameters), 1, MaxRows);

    /// <summary>A batch of the merge begins; nothing is kept unless somebody says so.</summary>
    public void Begin()
    {
        IsOn = false;
        HasFailed = false;
        mayHold = null;
        Forget();
    }

    /// <summary>Clock rows may be kept from here on, where the connection has no TEMP triggers but its own: those may be on any table, and look at
    /// anything.</summary>
    public void Hold() => IsOn = mayHold ??= !Has(tempTriggers);

    /// <summary>Nothing is kept any more; what is must have been written.</summary>
    public void Release() => IsOn = false;

    /// <summary>Whether a table, or its clock table, has triggers that are not those of capture: they may look at anything.</summary>
    public bool HasForeignTriggers(TrackedTable table)
    {
        tableTriggers.BindText(1, table.NameUtf8);
        return Has(tableTriggers);
    }

    /// <summary>Whether clock rows of a key are not written yet.</summary>
    public bool Has(NativeBytes key)
    {
        for (int i = count - 1; i >= 0; i--)
        {
            if (keys[i].Span.SequenceEqual(key.Span))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Keeps the first clock rows of a key.</summary>
    /// <param name="of">What writes them.</param>
    /// <param name="key">The pk blob: it stays in place until it is written.</param>
    /// <param name="dbVersion">Their db_version.</param>
    /// <param name="entries">The clock rows, of one site.</param>
    public void Add(NewClockWriter of, NativeBytes key, long dbVersion, ReadOnlySpan<ClockEntry> entries)
    {
        if (!ReferenceEquals(of, writer))
        {
            Flush();
            writer = of;
        }

        keys[count] = key;
        dbVersions[count] = dbVersion;
        entries.CopyTo(clocks.AsSpan(count * entries.Length));
        if (++count == of.BatchRows)
        {
            Flush();
        }
    }

    /// <summary>Writes what is kept.</summary>
    public void Flush()
    {
        if (count == 0)
        {
            return;
        }

        int rows = count;
        NewClockWriter of = writer!;

        Forget();
        HasFailed = true;
        of.Write(keys.AsSpan(0, rows), dbVersions, clocks);
        HasFailed = false;
    }

    /// <summary>Forgets what is kept: its rows are undone.</summary>
    public void Forget()
    {
        count = 0;
        writer = null;
    }

    private static bool Has(Statement query)
    {
        bool found = query.Step();
        query.Reset();
        return found;
    }
}
