using System.Runtime.ExceptionServices;
using ChunkSync.Client;
using SQLitePCL;

namespace ChunkSync.Tool;

/// <summary>A database file, opened, with the engine on it; read-only unless the command writes.</summary>
internal sealed class DatabaseFile : IDisposable
{
    /// <summary>What to do about a file that SQLite cannot open.</summary>
    public const string CannotOpenCure = "see whether the file and its folder can be read, and whether a journal lies beside the file: chunksync doctor says so";

    private readonly CancellationTokenRegistration interruption;
    private Exception? called;
    private bool isWritable;

    private DatabaseFile(string path, sqlite3 handle, ToolContext context)
    {
        (Path, Handle, Context) = (path, handle, context);
        interruption = context.Cancellation.Register(() => raw.sqlite3_interrupt(handle));
    }

    /// <summary>The path as it was given.</summary>
    public string Path { get; }

    /// <summary>The connection.</summary>
    public sqlite3 Handle { get; }

    /// <summary>The API on the connection.</summary>
    public SyncDatabase Sync => Handle.ChunkSync();

    /// <summary>What the command runs with.</summary>
    public ToolContext Context { get; }

    /// <summary>Opens a file in which a table is tracked.</summary>
    /// <param name="path">The file.</param>
    /// <param name="context">What the command runs with.</param>
    /// <param name="isWritable">Whether the command writes.</param>
    /// <exception cref="ToolException">It is no database, cannot be opened, or nothing in it is tracked.</exception>
    public static DatabaseFile Open(string path, ToolContext context, bool isWritable = false)
    {
        DatabaseFile file = OpenAny(path, context, isWritable);
        try
        {
            return file.IsTracked ? file : throw new ToolException(ExitCode.Database, path, "no table is tracked", $"chunksync init {path} TABLE tracks one");
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Opens a file, whether or not a table is tracked.</summary>
    /// <exception cref="ToolException">It is no database, or cannot be opened.</exception>
    public static DatabaseFile OpenAny(string path, ToolContext context, bool isWritable = false)
    {
        if (!File.Exists(path))
        {
            throw new ToolException(ExitCode.Database, path, Directory.Exists(path) ? "is a folder" : "no such file", "give the path of a database file");
        }

        if (NamedPipe.Is(path))
        {
            throw new ToolException(ExitCode.Database, path, "is a pipe, which SQLite would wait for", "give the path of a database file");
        }

        context.Database ??= path;
        Batteries_V2.Init();

        // A full path: SQLite takes ":memory:" and the like for something else.
        int flags = (isWritable ? raw.SQLITE_OPEN_READWRITE : raw.SQLITE_OPEN_READONLY) | raw.SQLITE_OPEN_NOMUTEX;
        int code = raw.sqlite3_open_v2(System.IO.Path.GetFullPath(path), out sqlite3 handle, flags, null);
        DatabaseFile? file = null;
        try
        {
            if (code != raw.SQLITE_OK)
            {
                throw CannotOpen(path, raw.sqlite3_errstr(code).utf8_to_string());
            }

            raw.sqlite3_busy_timeout(handle, context.Options.BusyTimeout);
            file = new DatabaseFile(path, handle, context) { isWritable = isWritable };

            // The first look at the file: whether it is a database.
            _ = file.Number("SELECT count(*) FROM sqlite_master");
            handle.LoadChunkSync();
            return file;
        }
        catch (ChunkSyncException failure) when (failure.SqliteErrorCode is raw.SQLITE_CANTOPEN or raw.SQLITE_READONLY or raw.SQLITE_IOERR or raw.SQLITE_PERM)
        {
            Close(file, handle);
            throw CannotOpen(path, failure.Message);
        }
        catch
        {
            Close(file, handle);
            throw;
        }
    }

    /// <summary>Whether this is, or was, a database of ChunkSync or sqlite-sync.</summary>
    public bool IsTracked => Number("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN ('cloudsync_settings', 'cloudsync_table_settings')") == 2
        && Number("SELECT count(*) FROM cloudsync_table_settings WHERE key = 'algo'") > 0;

    /// <summary>The rows of a query. One statement: nothing else of this connection has to end before the next row.</summary>
    /// <param name="sql">The text.</param>
    /// <param name="values">What is bound to ?1, ?2, and so on: null, long, double, string or byte[].</param>
    /// <exception cref="ToolException">SQLite or the engine refuses it.</exception>
    public IEnumerable<QueryRow> Rows(string sql, params object?[] values)
    {
        using Query query = new(this, sql, values);
        while (query.Step())
        {
            yield return query.Row;
        }
    }

    /// <summary>Runs statements whose rows nobody looks at.</summary>
    public void Run(string sql, params object?[] values)
    {
        using Query query = new(this, sql, values);
        while (query.Step())
        {
        }
    }

    /// <summary>The first value of a query as an integer; 0 where it is NULL or there is none.</summary>
    public long Number(string sql, params object?[] values)
    {
        using Query query = new(this, sql, values);
        return query.Step() ? query.Row.Number(0) : 0;
    }

    /// <summary>The first value of a query as text; null where it is NULL or there is none.</summary>
    public string? Text(string sql, params object?[] values)
    {
        using Query query = new(this, sql, values);
        return query.Step() ? query.Row.Text(0) : null;
    }

    /// <summary>The first value of a query as bytes; empty where it is NULL or there is none.</summary>
    public byte[] Bytes(string sql, params object?[] values)
    {
        using Query query = new(this, sql, values);
        return query.Step() ? query.Row.Blob(0).ToArray() : [];
    }

    /// <summary>A database in memory, with the engine on it.</summary>
    public static DatabaseFile InMemory(ToolContext context)
    {
        Batteries_V2.Init();
        int code = raw.sqlite3_open_v2(":memory:", out sqlite3 handle, raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_CREATE | raw.SQLITE_OPEN_NOMUTEX, null);
        if (code != raw.SQLITE_OK)
        {
            handle?.Dispose();
            throw new ToolException(ExitCode.InputOutput, "memory", raw.sqlite3_errstr(code).utf8_to_string());
        }

        handle.LoadChunkSync();
        return new DatabaseFile("memory", handle, context);
    }

    /// <summary>Gives the connection a function of one argument that is always true.</summary>
    /// <param name="name">Its name in SQL.</param>
    /// <param name="call">Is called each time. What it throws ends the statement, and is thrown there.</param>
    public void Define(string name, Action call) => _ = raw.sqlite3_create_function(Handle, name, 1, raw.SQLITE_UTF8, null, (context, _, _) =>
    {
        // No exception may pass through SQLite.
        try
        {
            call();
            raw.sqlite3_result_int(context, 1);
        }
        catch (Exception failure)
        {
            called = failure;
            raw.sqlite3_result_error(context, failure.Message);
        }
    });

    /// <summary>What SQLite says now about a call that failed.</summary>
    internal ToolException Failure(int code)
    {
        if (called is Exception failure)
        {
            ExceptionDispatchInfo.Throw(failure);
        }

        string message = raw.sqlite3_errmsg(Handle).utf8_to_string() ?? "";
        int extended = raw.sqlite3_extended_errcode(Handle);
        return (code & 0xff) switch
        {
            raw.SQLITE_BUSY or raw.SQLITE_LOCKED => new ToolException(ExitCode.Busy, Path, message, "try again, or wait longer with --busy-timeout"),
            raw.SQLITE_INTERRUPT => new ToolException(ExitCode.Interrupted, Path, "the command was stopped", "run it again"),
            raw.SQLITE_NOTADB => new ToolException(ExitCode.Database, Path, message, "give the path of a database file"),
            raw.SQLITE_CORRUPT => new ToolException(ExitCode.Database, Path, message, "restore a backup, or try the .recover of the sqlite3 shell"),
            raw.SQLITE_CANTOPEN => CannotOpen(Path, message),
            raw.SQLITE_READONLY when extended == raw.SQLITE_READONLY_ROLLBACK => new ToolException(
                ExitCode.Database, Path, "a writer was stopped in the middle, and the journal that it left beside the file can only be rolled back by a writer",
                "run again what was stopped, or open the file once with the sqlite3 shell"),
            raw.SQLITE_READONLY when extended != raw.SQLITE_READONLY => CannotOpen(Path, message),
            raw.SQLITE_READONLY or raw.SQLITE_PERM => new ToolException(ExitCode.InputOutput, Path, message, "make the file and its folder writable"),
            raw.SQLITE_FULL => new ToolException(ExitCode.InputOutput, Path, message, "make room on the disk"),
            raw.SQLITE_IOERR or raw.SQLITE_NOMEM or raw.SQLITE_TOOBIG => new ToolException(ExitCode.InputOutput, Path, message),
            _ => ChunkSyncException.Of(Handle, code) is { Kind: ChunkSyncErrorKind.InvalidCursor } engine
                ? Failures.Of(engine, Context.Cancellation)!
                : new ToolException(ExitCode.Database, Path, message),
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        interruption.Dispose();
        if (isWritable && raw.sqlite3_get_autocommit(Handle) != 0)
        {
            // A disk that got full in the middle of a write leaves the journal to the next one who may write: left behind, it would keep out who only reads.
            _ = raw.sqlite3_exec(Handle, "SELECT 1 FROM sqlite_master LIMIT 1");
        }

        Handle.Dispose();
    }

    private static void Close(DatabaseFile? file, sqlite3 handle)
    {
        if (file != null)
        {
            file.Dispose();
        }
        else
        {
            handle?.Dispose();
        }
    }

    private static ToolException CannotOpen(string path, string message) => new(ExitCode.Database, path, message, CannotOpenCure);
}
