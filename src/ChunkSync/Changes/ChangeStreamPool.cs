using ChunkSync.Capture;
using ChunkSync.Catalog;
using ChunkSync.Keys;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Changes;

/// <summary>What a connection keeps for reading changes: idle streams for the next scan, and the newest db_version per site
/// filter.</summary>
internal sealed class ChangeStreamPool(SyncSession session, TableCatalog catalog, TableKeys keys, CaptureWatch watch, LargeValueCache large) : IDisposable
{
    /// <summary>Idle streams kept; scans that are open side by side beyond this get new ones.</summary>
    private const int MaxIdle = 2;

    private const int MaxRemembered = 16;

    private readonly List<ChangeStream> idle = [];
    private readonly Dictionary<(string Clock, SiteFilter Filter), Statement> newest = [];
    private int newestGeneration = -1;

    /// <summary>What <see cref="NewestVersion"/> found, while nothing has been written since.</summary>
    private readonly Dictionary<(SiteFilter Filter, long Site), long> remembered = [];
    private (long DataVersion, int Changes) rememberedAt;

    /// <summary>A stream over the current tables. Give it back with <see cref="Return"/>.</summary>
    /// <param name="onlyTable">The one table that will be read; empty for all.</param>
    /// <exception cref="EngineException">Changes of a table are not all there: its capture was interrupted.</exception>
    public ChangeStream Rent(ReadOnlySpan<byte> onlyTable = default)
    {
        watch.RequireComplete(onlyTable);
        while (idle.Count > 0)
        {
            ChangeStream stream = idle[^1];
            idle.RemoveAt(idle.Count - 1);
            if (stream.Generation == session.Generation)
            {
                return stream;
            }

            stream.Dispose();
        }

        return new ChangeStream(session, catalog, keys, large);
    }

    /// <summary>Takes a stream back at the end of its scan.</summary>
    public void Return(ChangeStream stream)
    {
        stream.End();
        if (stream.Generation == session.Generation && idle.Count < MaxIdle)
        {
            idle.Add(stream);
        }
        else
        {
            stream.Dispose();
        }
    }

    /// <summary>The highest db_version among the changes of a site filter; 0 when there are none.</summary>
    public long NewestVersion(SiteFilter filter, long siteOrdinal)
    {
        if (filter == SiteFilter.None)
        {
            return 0;
        }

        if (newestGeneration != session.Generation)
        {
            ForgetStatements();
            newestGeneration = session.Generation;
        }

        // What a transaction has not committed can be undone without our being told.
        if (session.Connection.IsWriting)
        {
            return FindNewest(filter, siteOrdinal);
        }

        (long, int) now = (session.DataVersion, session.Connection.TotalChanges);
        if (rememberedAt != now)
        {
            remembered.Clear();
            rememberedAt = now;
        }

        if (!remembered.TryGetValue((filter, siteOrdinal), out long known))
        {
            known = FindNewest(filter, siteOrdinal);
            if (remembered.Count >= MaxRemembered)
            {
                remembered.Clear();
            }

            remembered.Add((filter, siteOrdinal), known);
        }

        return known;
    }

    /// <summary>Something was rolled back.</summary>
    public void ForgetNewest() => remembered.Clear();

    /// <summary>Whether it is certain that a scan of the changes of some sites finds nothing: a poll behind many changes of others costs what it
    /// costs behind few, as long as nothing is written.</summary>
    public bool IsBehindAll(ScanRange scan) =>
        scan.Filter is SiteFilter.Only or SiteFilter.Except && scan.FromDbVersion > 1 && !session.Connection.IsWriting
        && NewestOrEnd(scan) < scan.FromDbVersion;

    /// <summary>A version that cannot be told is one behind all: the scan shows what is wrong.</summary>
    private long NewestOrEnd(ScanRange scan)
    {
        try
        {
            return NewestVersion(scan.Filter, scan.SiteOrdinal);
        }
        catch (EngineException failure) when (ResultCode.Primary(failure.Code) == ResultCode.Corrupt)
        {
            return long.MaxValue;
        }
    }

    private long FindNewest(SiteFilter filter, long siteOrdinal)
    {
        long maximum = 0;
        foreach (TrackedTable table in catalog.All)
        {
            Statement statement = NewestStatement(table, filter);
            if (filter != SiteFilter.All)
            {
                statement.Bind(1, siteOrdinal);
            }

            if (statement.Step() && !statement.IsNull(0))
            {
                maximum = Math.Max(maximum, Version(statement, table));
            }

            statement.Reset();
        }

        return maximum;
    }

    public void Dispose()
    {
        foreach (ChangeStream stream in idle)
        {
            stream.Dispose();
        }

        idle.Clear();
        ForgetStatements();
    }

    /// <summary>A version that is no integer comes behind all others: a window that ended before it would hide everything.</summary>
    private static long Version(Statement newest, TrackedTable table)
    {
        if (newest.Type(0) == StorageClass.Integer)
        {
            return newest.Int64(0);
        }

        string value = newest.String(0);
        newest.Reset();
        throw Errors.CorruptClock(table.ClockName, $": db_version is '{value}'");
    }

    private Statement NewestStatement(TrackedTable table, SiteFilter filter)
    {
        if (newest.TryGetValue((table.ClockName, filter), out Statement? known))
        {
            return known;
        }

        string site = filter switch
        {
            SiteFilter.Only => " WHERE site_id = ?1",
            SiteFilter.Except => " WHERE site_id IS NOT ?1",
            _ => "",
        };

        // Walks the position index backwards from the newest row and stops at the first of the filter.
        string index = table.PositionIndex == null ? "" : " INDEXED BY " + Connection.Quote(table.PositionIndex);
        Statement statement = session.Connection.Prepare(
            $"SELECT db_version FROM {table.QuotedClock}{index}{site} ORDER BY db_version DESC LIMIT 1");
        newest.Add((table.ClockName, filter), statement);
        return statement;
    }

    private void ForgetStatements()
    {
        foreach (Statement statement in newest.Values)
        {
            statement.Dispose();
        }

        newest.Clear();
        remembered.Clear();
    }
}
