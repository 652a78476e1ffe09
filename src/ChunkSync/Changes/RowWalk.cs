using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Keys;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Changes;

/// <summary>A second cursor on a base table, in the order of its rowids: rows that were written one after the other stand one after the other in
/// the stream too, and where the next row is the wanted one its look-up is saved. A row counts as the wanted one by the bytes of its key.
/// Where rows come in another order the walk stops, and is tried again after a while, each time after a longer one.</summary>
internal sealed unsafe class RowWalk : IDisposable
{
    /// <summary>Rows passed over to find the wanted one: those between two that the stream has elsewhere, because they were written again.</summary>
    private const int MaxPassed = 3;

    private const int FirstWait = 2;
    private const int LongestWait = 128;

    /// <summary>Hits in a row after which the order counts as good again.</summary>
    private const int GoodRun = 16;

    private readonly TrackedTable table;
    private readonly Statement place;
    private readonly KeyBuffer found = new(null);
    private bool isOpen;
    private int wait = FirstWait;
    private int nextWait = 2 * FirstWait;
    private int run;

    /// <param name="session">The connection.</param>
    /// <param name="keys">How the table's keys are compared.</param>
    /// <param name="table">A table with a rowid that can be named.</param>
    public RowWalk(SyncSession session, TableKeys keys, TrackedTable table)
    {
        this.table = table;
        Connection connection = session.Connection;
        string columns = string.Join(", ", table.KeyColumns.Concat(table.ValueColumns).Select(column => column.Quoted));
        Row = connection.Prepare($"SELECT {columns} FROM {table.Quoted} NOT INDEXED WHERE {table.RowIdName} >= ?1 ORDER BY {table.RowIdName}").Walks();
        place = connection.Prepare(
            $"SELECT {table.RowIdName} FROM {table.Quoted} WHERE {string.Join(" AND ", keys.Rules(table).Conditions)}", lastingBindings: true);
    }

    /// <summary>The row that was found: key columns, then value columns.</summary>
    public Statement Row { get; }

    /// <summary>Whether the walk has come to the row with a key; <see cref="Row"/> stands on it then.</summary>
    /// <param name="key">The pk blob, in memory that lasts.</param>
    /// <param name="step">Steps a statement of base rows, with SQLite's limit for what is loaded.</param>
    public bool TryFind(NativeBytes key, RowStep step)
    {
        if (!isOpen && (wait-- > 0 || !Open(key)))
        {
            return false;
        }

        for (int passed = 0; passed <= MaxPassed; passed++)
        {
            if (step(Row) != ResultCode.Row)
            {
                break;
            }

            if (found.TryRead(Row, table.KeyColumns.Length) && found.Bytes.SequenceEqual(key.Span))
            {
                nextWait = ++run >= GoodRun ? FirstWait : nextWait;
                return true;
            }
        }

        Stop();
        Postpone();
        return false;
    }

    /// <summary>Ends the walk; the next scan begins anew.</summary>
    public void End()
    {
        Stop();
        wait = FirstWait;
        nextWait = 2 * FirstWait;
    }

    public void Dispose()
    {
        End();
        Row.Dispose();
        place.Dispose();
        found.Dispose();
    }

    private bool Open(NativeBytes key)
    {
        KeyBinder.Bind(place, table, key);
        bool exists = place.Step();
        long first = exists ? place.Int64(0) : 0;

        // Before anything else can fail: a statement that runs keeps the connection open.
        place.Reset();
        if (exists)
        {
            Row.Bind(1, first);
            isOpen = true;
            run = 0;
        }
        else
        {
            Postpone();
        }

        return exists;
    }

    private void Postpone()
    {
        wait = nextWait;
        nextWait = Math.Min(2 * nextWait, LongestWait);
    }

    private void Stop()
    {
        if (isOpen)
        {
            Row.Reset();
            isOpen = false;
        }
    }
}
