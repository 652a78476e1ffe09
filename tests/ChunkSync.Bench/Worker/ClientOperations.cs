using System.Diagnostics.Metrics;
using ChunkSync.Bench.Shapes;
using ChunkSync.Client;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace ChunkSync.Bench.Worker;

/// <summary>Reads, plans and applies through ChunkSync.Client, and the same work in bare SQL through the provider on which it stands. All of it
/// runs on one thread, with the engine in process on the provider's SQLite. Times are processor times.</summary>
internal static class ClientOperations
{
    /// <summary>What a worker gets in place of an extension.</summary>
    public const string Worker = "client";

    private const string PageSql = "SELECT payload, rows, next_db_version, next_seq, next_frag_offset, is_final, watermark_db_version"
        + " FROM cloudsync_payload_chunks WHERE max_chunk_size = ?1 AND until_db_version = ?2 AND ";

    /// <summary>What is measured, each beside the one before it that is "bare".</summary>
    public static IReadOnlyList<string> Variants { get; } = ["bare read", "read", "metered read", "bare scan", "plan", "bare apply", "apply"];

    /// <summary>Whether a variant applies chunks.</summary>
    public static bool IsApply(string variant) => variant is "bare apply" or "apply";

    /// <summary>Runs one of <see cref="Variants"/>; rows are changes, chunks are chunks, and managed bytes are those of the thread.</summary>
    public static Measurement Run(Request request)
    {
        using SqliteConnection connection = Connect(request.Path);
        switch (request.Variant)
        {
            case "bare read":
                return Measured(connection, () => BareRead(connection.Handle!, request.ChunkSize));
            case "read":
                return Measured(connection, () => ReadAsync(connection.ChunkSync(), request.ChunkSize).GetAwaiter().GetResult());
            case "metered read":
                using (MeterListener listener = Listen())
                {
                    return Measured(connection, () => ReadAsync(connection.ChunkSync(), request.ChunkSize).GetAwaiter().GetResult());
                }

            case "bare scan":
                return Measured(connection, () => BareScan(connection.Handle!, request.ChunkSize, null));
            case "plan":
                return Measured(connection, () => Plan(connection.ChunkSync(), request.ChunkSize));
            default:
                return Apply(connection, request);
        }
    }

    private static SqliteConnection Connect(string path)
    {
        SqliteConnection connection = new($"Data Source={path};Pooling=False");
        connection.LoadChunkSync();
        connection.Open();
        Execute(connection, "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF");
        return connection;
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        _ = command.ExecuteNonQuery();
    }

    private static Measurement Measured(SqliteConnection connection, Func<(long Rows, long Chunks, long Bytes)> work)
    {
        _ = raw.sqlite3_db_status(connection.Handle!, raw.SQLITE_DBSTATUS_CACHE_MISS, out _, out _, 1);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Meter meter = new();
        long made = GC.GetAllocatedBytesForCurrentThread() - before;
        (long rows, long chunks, long bytes) = work();
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before - made;
        Measurement taken = meter.Stop();
        _ = raw.sqlite3_db_status(connection.Handle!, raw.SQLITE_DBSTATUS_CACHE_MISS, out int pages, out _, 1);
        return taken with
        {
            Milliseconds = taken.ProcessorMilliseconds,
            ManagedBytes = allocated,
            PagesRead = pages,
            Rows = rows,
            Chunks = chunks,
            Bytes = bytes,
        };
    }

    private static async Task<(long Rows, long Chunks, long Bytes)> ReadAsync(SyncDatabase sync, long chunkSize)
    {
        (long rows, long chunks, long bytes) = (0, 0, 0);
        await foreach (Chunk chunk in sync.ReadAsync(new ChunkWindow(since: 0), new ReadOptions { MaxChunkSize = (int)chunkSize }))
        {
            await Stream.Null.WriteAsync(chunk.Payload);
            rows += chunk.Rows;
            chunks++;
            bytes += chunk.Payload.Length;
        }

        return (rows, chunks, bytes);
    }

    /// <summary>Page by page with one statement for the first page and one for the others.</summary>
    private static (long Rows, long Chunks, long Bytes) BareRead(sqlite3 handle, long chunkSize)
    {
        (long rows, long chunks, long bytes) = (0, 0, 0);
        using sqlite3_stmt first = Prepare(handle, PageSql + "since_db_version = 0 LIMIT 1");
        using sqlite3_stmt next = Prepare(handle, PageSql + "resume_db_version = ?3 AND resume_seq = ?4 AND resume_frag_offset = ?5 LIMIT 1");
        sqlite3_stmt page = first;
        raw.sqlite3_bind_int64(first, 1, chunkSize);
        raw.sqlite3_bind_int64(next, 1, chunkSize);
        while (Step(handle, page))
        {
            ReadOnlySpan<byte> payload = raw.sqlite3_column_blob(page, 0);
            Stream.Null.Write(payload);
            rows += raw.sqlite3_column_int64(page, 1);
            chunks++;
            bytes += payload.Length;
            bool isFinal = raw.sqlite3_column_int64(page, 5) != 0;
            (long version, long seq, long offset) =
                (raw.sqlite3_column_int64(page, 2), raw.sqlite3_column_int64(page, 3), raw.sqlite3_column_int64(page, 4));
            long until = raw.sqlite3_column_int64(page, 6);
            raw.sqlite3_reset(page);
            if (isFinal)
            {
                break;
            }

            page = next;
            raw.sqlite3_bind_int64(page, 2, until);
            raw.sqlite3_bind_int64(page, 3, version);
            raw.sqlite3_bind_int64(page, 4, seq);
            raw.sqlite3_bind_int64(page, 5, offset);
        }

        return (rows, chunks, bytes);
    }

    /// <summary>All chunks in one scan.</summary>
    /// <param name="handle">The connection.</param>
    /// <param name="chunkSize">The size of chunks.</param>
    /// <param name="payloads">Gets copies of the payloads; null where nobody wants them.</param>
    private static (long Rows, long Chunks, long Bytes) BareScan(sqlite3 handle, long chunkSize, List<byte[]>? payloads)
    {
        (long rows, long chunks, long bytes) = (0, 0, 0);
        using sqlite3_stmt scan = Prepare(handle, PageSql + "since_db_version = 0");
        raw.sqlite3_bind_int64(scan, 1, chunkSize);
        while (Step(handle, scan))
        {
            ReadOnlySpan<byte> payload = raw.sqlite3_column_blob(scan, 0);
            payloads?.Add(payload.ToArray());
            rows += raw.sqlite3_column_int64(scan, 1);
            chunks++;
            bytes += payload.Length;
        }

        return (rows, chunks, bytes);
    }

    private static (long Rows, long Chunks, long Bytes) Plan(SyncDatabase sync, long chunkSize)
    {
        SendPlan plan = sync.PlanAsync(new ChunkWindow(since: 0), new ReadOptions { MaxChunkSize = (int)chunkSize }).GetAwaiter().GetResult();
        return (plan.Rows, plan.Chunks.Count, plan.Bytes);
    }

    /// <summary>Applies all chunks of the request's database to a new one.</summary>
    private static Measurement Apply(SqliteConnection source, Request request)
    {
        List<byte[]> payloads = [];
        _ = BareScan(source.Handle!, request.ChunkSize, payloads);
        string path = request.Path + ".target";
        File.Delete(path);
        using SqliteConnection target = Connect(path);
        foreach (TableShape table in ShapeCatalog.Find(request.Shape).Tables)
        {
            Execute(target, table.CreateSql);
            _ = target.ChunkSync().Track(table.Name);
        }

        return Measured(target, request.Variant == "apply"
            ? () => ApplyAll(target.ChunkSync(), payloads)
            : () => BareApply(target.Handle!, payloads));
    }

    private static (long Rows, long Chunks, long Bytes) ApplyAll(SyncDatabase sync, List<byte[]> payloads)
    {
        ApplyAllResult done = sync.ApplyAllAsync(Sequence(payloads)).GetAwaiter().GetResult();
        return (done.Changes, done.Payloads, done.Bytes);
    }

    private static (long Rows, long Chunks, long Bytes) BareApply(sqlite3 handle, List<byte[]> payloads)
    {
        (long rows, long bytes) = (0, 0);
        using sqlite3_stmt apply = Prepare(handle, "SELECT cloudsync_payload_apply(?1)");
        foreach (byte[] payload in payloads)
        {
            raw.sqlite3_bind_blob(apply, 1, payload);
            _ = Step(handle, apply);
            rows += raw.sqlite3_column_int64(apply, 0);
            bytes += payload.Length;
            raw.sqlite3_reset(apply);
        }

        return (rows, payloads.Count, bytes);
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Sequence(List<byte[]> payloads)
    {
        await Task.CompletedTask;
        foreach (byte[] payload in payloads)
        {
            yield return payload;
        }
    }

    /// <summary>Listens to every instrument of the client, as an exporter does, and adds up what it hears.</summary>
    private static MeterListener Listen()
    {
        MeterListener listener = new()
        {
            InstrumentPublished = static (instrument, self) =>
            {
                if (instrument.Meter.Name == "ChunkSync")
                {
                    self.EnableMeasurementEvents(instrument, new double[1]);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>(static (_, value, _, sum) => ((double[])sum!)[0] += value);
        listener.SetMeasurementEventCallback<double>(static (_, value, _, sum) => ((double[])sum!)[0] += value);
        listener.Start();
        return listener;
    }

    private static sqlite3_stmt Prepare(sqlite3 handle, string sql) =>
        raw.sqlite3_prepare_v2(handle, sql, out sqlite3_stmt statement) == raw.SQLITE_OK ? statement : throw Failure(handle);

    private static bool Step(sqlite3 handle, sqlite3_stmt statement) => raw.sqlite3_step(statement) switch
    {
        raw.SQLITE_ROW => true,
        raw.SQLITE_DONE => false,
        _ => throw Failure(handle),
    };

    private static InvalidOperationException Failure(sqlite3 handle) => new("SQLite: " + raw.sqlite3_errmsg(handle).utf8_to_string());
}
