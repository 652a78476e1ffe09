using ChunkSync.Catalog;
using ChunkSync.Clock;
using ChunkSync.Keys;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Capture;

/// <summary>Captures rows that are in a table but not in its clocks (behaviour E.2): rows of the time before init, of a time when capture
/// was off, and columns that were added. All of it takes one db_version.</summary>
internal sealed unsafe class ExistingRows(SyncSession session, TableCatalog catalog, VersionClock clock, LocalClocks clocks, FilterWatch filters)
{
    /// <summary>Keys read at once from a clock table that is written meanwhile.</summary>
    private const int KeysAtOnce = 256;

    /// <summary>Whether the value of a column that was added loses against every write of it.</summary>
    private bool fillsLose;

    /// <summary>Captures what is missing: first whole rows, then columns.</summary>
    public void Capture(TrackedTable table) => Run(() =>
    {
        int[] plain = PlainColumns(table);
        bool columnsMissing = false;
        ForEachRow(table, (key, known, writer) =>
        {
            if (!known.IsAlive)
            {
                writer.Insert(key);
            }

            columnsMissing |= known.HasHidden;
            foreach (int column in plain)
            {
                columnsMissing |= known.IsAlive && known.VersionOf(column) == null;
            }
        });
        if (columnsMissing)
        {
            ForEachRow(table, (key, known, writer) =>
            {
                if (known.HasHidden)
                {
                    filters.Rows(table).Show(key, writer);
                }

                foreach (int column in plain)
                {
                    if (known.VersionOf(column) == null)
                    {
                        Fill(writer, key, column);
                    }
                }
            });
        }
    });

    /// <summary>Captures what is missing of the rows that a walk comes to.</summary>
    /// <param name="table">The table.</param>
    /// <param name="walk">The rows.</param>
    /// <param name="addsColumns">Whether a column without a clock, in a row that has some, was added; otherwise it is one that has not been
    /// received, and there is nothing to capture.</param>
    public void Capture(TrackedTable table, IKeyWalk walk, bool addsColumns) => Run(() =>
    {
        int[] plain = addsColumns ? PlainColumns(table) : [];
        using ClockRows known = new(session.Connection, table);
        using KeyBuffer key = new(session.Connection);
        LocalClockWriter writer = clocks.Writer(table);
        while (walk.MoveNext())
        {
            ReadKey(table, walk.Row, key);
            known.Read(key);
            if (!known.IsAlive)
            {
                writer.Insert(key);
                continue;
            }

            if (known.HasHidden)
            {
                filters.Rows(table).Show(key, writer);
            }

            foreach (int column in plain)
            {
                if (known.VersionOf(column) == null)
                {
                    Fill(writer, key, column);
                }
            }
        }
    });

    /// <summary>Gives every value of every row a new version; rows without clocks are captured as inserted.</summary>
    public void CaptureValues(TrackedTable table) => Run(() =>
    {
        int[] plain = PlainColumns(table);
        ForEachRow(table, (key, known, writer) =>
        {
            if (!known.IsAlive)
            {
                writer.Insert(key);
                return;
            }

            foreach (int column in plain)
            {
                writer.UpsertColumn(key, column, clock.Next());
            }
        });
    });

    /// <summary>Makes tombstones of clocks whose row is gone.</summary>
    public void CaptureDeletions(TrackedTable table) => Run(() =>
    {
        using Statement keys = session.Connection.Prepare(
            $"SELECT DISTINCT pk FROM {table.QuotedClock} WHERE pk > ?1 ORDER BY pk LIMIT {KeysAtOnce}");
        using BaseRows rows = new(session.Connection, table);
        using ClockRows rowClocks = new(session.Connection, table);
        using KeyBuffer key = new(session.Connection);
        List<byte[]> some = [];
        do
        {
            keys.BindBlob(1, some.Count == 0 ? [] : some[^1]);
            some.Clear();
            while (keys.Step())
            {
                some.Add(keys.Blob(0).ToArray());
            }

            keys.Reset();
            foreach (byte[] pk in some)
            {
                key.Assign(pk);
                // What was done to a row outside the filter does not concern other replicas.
                if (!rows.Has(key) && rowClocks.Read(key) && rowClocks.IsAlive && !(rowClocks.HasHidden && table.Filter != null))
                {
                    clocks.Writer(table).Delete(key);
                }
            }
        }
        while (some.Count == KeysAtOnce);
    });

    /// <summary>Hides the clocks of rows that the table's filter leaves out. Tombstones have no row and stay. Of a filter that cannot be
    /// evaluated any more, because a column is gone, all rows are outside.</summary>
    public void HideFiltered(TrackedTable table) => Run(() =>
    {
        string keys = $"SELECT {KeyList(table)} FROM {table.Quoted}";
        using Statement outside = session.Connection.Prepare($"{keys} WHERE ({table.Filter}\n) IS NOT TRUE");
        using Statement all = session.Connection.Prepare(keys);
        Statement rows = outside;
        try
        {
            _ = outside.Handle;
        }
        catch (EngineException failure) when (ResultCode.Primary(failure.Code) == ResultCode.Error)
        {
            rows = all;
        }

        using KeyBuffer key = new(session.Connection);
        while (rows.Step())
        {
            if (key.TryRead(rows, table.KeyColumns.Length))
            {
                filters.Rows(table).Hide(key);
            }
        }
    });

    /// <summary>A query of the rows that the table's filter lets through: key columns, then others.</summary>
    public static string Select(TrackedTable table, IEnumerable<TableColumn> others)
    {
        string columns = string.Join(", ", table.KeyColumns.Concat(others).Select(column => column.Quoted));
        string filter = table.Filter == null ? "" : $" WHERE ({table.Filter}\n)";
        return $"SELECT {columns} FROM {table.Quoted}{filter}";
    }

    /// <summary>Captures the value of a column that a known row has without anybody having written it: the column was added. Where schemas
    /// meet by names every write beats it: with version 1, as sqlite-sync has it, the DEFAULT of the slowest device would overwrite what
    /// people typed on the fast ones.</summary>
    private void Fill(LocalClockWriter writer, KeyBuffer key, int column)
    {
        if (fillsLose)
        {
            writer.FillColumn(key, column, clock.Next());
        }
        else
        {
            writer.UpsertColumn(key, column, clock.Next());
        }
    }

    private void Run(Action body)
    {
        fillsLose = session.Settings.MatchesNamesByReceipt();
        using CaptureScope scope = session.Capturing();
        body();
    }

    private void ForEachRow(TrackedTable table, Action<KeyBuffer, ClockRows, LocalClockWriter> body)
    {
        using Statement rows = session.Connection.Prepare($"{Select(table, [])} ORDER BY {KeyList(table)}");
        using ClockRows rowClocks = new(session.Connection, table);
        using KeyBuffer key = new(session.Connection);
        LocalClockWriter writer = clocks.Writer(table);
        while (rows.Step())
        {
            ReadKey(table, rows, key);
            rowClocks.Read(key);
            body(key, rowClocks, writer);
        }
    }

    private static void ReadKey(TrackedTable table, Statement row, KeyBuffer key)
    {
        if (!key.TryRead(row, table.KeyColumns.Length))
        {
            throw Errors.Refused($"Insert aborted because primary key in table {table.Name} contains NULL values.");
        }
    }

    /// <summary>Columns whose clocks have the column's name, as indexes of <see cref="TrackedTable.ValueColumns"/>; those of block
    /// columns are named by their blocks.</summary>
    private int[] PlainColumns(TrackedTable table) =>
    [
        .. Enumerable.Range(0, table.ValueColumns.Length).Where(column =>
            !table.ValueColumns[column].IsPlace && (!table.HasBlocks || !catalog.Settings.IsBlockColumn(table.Name, table.ValueColumns[column].Name))),
    ];

    private static string KeyList(TrackedTable table) => string.Join(", ", table.KeyColumns.Select(column => column.Quoted));
}
