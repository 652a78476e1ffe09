using System.Globalization;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Waiting;

/// <summary>Counts what each sender has waiting, in table <c>cloudsync_waiting_sites</c>, and holds it to its limits: a sender whose changes
/// never fit fills its own share and nobody else's.</summary>
internal sealed class WaitingQuota
{
    /// <summary>Changes of one sender where nothing is set.</summary>
    public const long DefaultChanges = 1_000_000;

    /// <summary>Their bytes.</summary>
    public const long DefaultBytes = 268_435_456;

    /// <summary>All senders together may have so many times what one may.</summary>
    private const long Senders = 4;

    private readonly SyncSession session;
    private readonly Statement add;
    private readonly Statement drop;
    private readonly Statement read;
    private readonly Statement total;
    private byte[]? collecting;
    private long collectedChanges;
    private long collectedBytes;
    private bool isCollecting;

    public WaitingQuota(SyncSession session)
    {
        this.session = session;
        string table = "main." + WaitingTables.SitesName;
        add = session.Connection.Prepare($"INSERT INTO {table}(origin, changes, bytes) VALUES (?1, ?2, ?3)"
            + " ON CONFLICT(origin) DO UPDATE SET changes = changes + excluded.changes, bytes = bytes + excluded.bytes");
        drop = session.Connection.Prepare($"DELETE FROM {table} WHERE changes <= 0");
        read = session.Connection.Prepare($"SELECT changes, bytes FROM {table} WHERE origin = ?1");
        total = session.Connection.Prepare($"SELECT sum(changes), sum(bytes) FROM {table}");
    }

    /// <summary>Changes of a sender wait from now on, or do not any more.</summary>
    public void Add(byte[] origin, long changes, long bytes)
    {
        if (!isCollecting)
        {
            Write(origin, changes, bytes);
            return;
        }

        if (collecting == null || !collecting.AsSpan().SequenceEqual(origin))
        {
            WriteCollected();
            collecting = origin;
        }

        collectedChanges += changes;
        collectedBytes += bytes;
    }

    /// <summary>Many rows follow: what is added is written once for each run of a sender. Who undoes a part of the transaction calls
    /// <see cref="WriteCollected"/> before that begins, and <see cref="DropCollected"/> behind it.</summary>
    public void Collect() => isCollecting = true;

    /// <summary>Ends collecting; what is not written is forgotten.</summary>
    public void EndCollecting()
    {
        isCollecting = false;
        DropCollected();
    }

    /// <summary>Writes what was collected.</summary>
    public void WriteCollected()
    {
        if (collecting != null)
        {
            Write(collecting, collectedChanges, collectedBytes);
        }

        DropCollected();
    }

    /// <summary>Forgets what was collected and is not written: it is undone.</summary>
    public void DropCollected()
    {
        collecting = null;
        collectedChanges = 0;
        collectedBytes = 0;
    }

    /// <summary>Forgets senders that have nothing waiting.</summary>
    public void Tidy() => drop.Run();

    /// <summary>Holds a sender to what it may have waiting.</summary>
    /// <param name="operation">The function, for the message.</param>
    /// <param name="origin">The sender.</param>
    /// <exception cref="EngineException">It has more.</exception>
    public void Check(string operation, byte[] origin)
    {
        read.BindBlob(1, origin);
        Check(operation, read, $"of origin X'{Convert.ToHexString(origin)}'", 1);
        Check(operation, total, "of all origins", Senders);
    }

    private void Write(byte[] origin, long changes, long bytes)
    {
        if (changes != 0 || bytes != 0)
        {
            add.BindBlob(1, origin).Bind(2, changes).Bind(3, bytes);
            add.Run();
        }
    }

    private void Check(string operation, Statement count, string whose, long times)
    {
        bool found = count.Step();
        (long changes, long bytes) = found ? (count.Int64(0), count.Int64(1)) : (0, 0);
        count.Reset();
        Check(operation, changes, "changes", whose, Limit(Settings.WaitingMax, DefaultChanges, times), Settings.WaitingMax);
        Check(operation, bytes, "bytes", whose, Limit(Settings.WaitingMaxBytes, DefaultBytes, times), Settings.WaitingMaxBytes);
    }

    private static void Check(string operation, long count, string unit, string whose, long limit, string setting)
    {
        if (count > limit)
        {
            throw Errors.Refused(string.Create(CultureInfo.InvariantCulture,
                $"{operation}: {count} {unit} {whose} would be waiting, {setting} allows {limit}; nothing was applied (see cloudsync_waiting)"));
        }
    }

    private long Limit(string setting, long byDefault, long times)
    {
        long limit = Math.Max(0, session.Settings.Integer(setting) ?? byDefault);
        return limit > long.MaxValue / times ? long.MaxValue : limit * times;
    }
}
