using System.Text;
using ChunkSync.Format;
using ChunkSync.Hosting;
using ChunkSync.Tests.Consistency;

namespace ChunkSync.Tests.Host;

/// <summary>A connection of a test with the engine registered in process. Values come and go as null, long, double, string
/// (when it is valid UTF-8) and byte[]; a TEXT that is not valid UTF-8 comes as <see cref="RawText"/>. Behind every statement that wrote, clocks
/// are compared with rows (<see cref="ConsistencyWatch"/>).</summary>
public sealed unsafe class Database : IDisposable
{
    private const nint Transient = -1;
    private bool closed;
    private bool isPeer;
    private ConsistencyWatch? watch;

    private Database(nint handle) => Handle = handle;

    /// <summary>The <c>sqlite3*</c>.</summary>
    public nint Handle { get; }

    public bool InTransaction => NativeSqlite.GetAutocommit(Handle) == 0;

    public long LastInsertRowId => NativeSqlite.LastInsertRowId(Handle);

    /// <summary>Opens a database, by default a new one in memory, with the engine registered.</summary>
    public static Database Open(string path = ":memory:", bool readOnly = false, bool register = true)
    {
        _ = NativeSqlite.Library;
        int flags = readOnly ? NativeSqlite.OpenReadOnly : NativeSqlite.OpenReadWrite | NativeSqlite.OpenCreate;
        int code = NativeSqlite.Open(path, out nint handle, flags | NativeSqlite.OpenUri, 0);
        Database database = new(handle);
        if (code != 0)
        {
            SqlException failure = database.Failure(code);
            database.Dispose();
            throw failure;
        }

        // Libraries of packages come with foreign keys switched on.
        database.Exec("PRAGMA foreign_keys = OFF");
        if (register)
        {
            database.Register();
        }

        return database;
    }

    /// <summary>A copy of a database, without the engine.</summary>
    public static Database OpenCopy(Database source, string path = ":memory:")
    {
        Database copy = Open(path, register: false);
        nint backup = NativeSqlite.BackupInit(copy.Handle, "main", source.Handle, "main");
        Assert.True(backup != 0, "the copy cannot be made");
        int copied = NativeSqlite.BackupStep(backup, -1);
        Assert.Equal((101, 0), (copied, NativeSqlite.BackupFinish(backup)));
        return copy;
    }

    /// <summary>Loads the engine on a connection that was opened without it.</summary>
    public void Register()
    {
        ManagedHost.Register(Handle, NativeSqlite.Library);
        watch = new ConsistencyWatch(this);
    }

    /// <summary>Opens a database with another implementation of the same SQL surface loaded.</summary>
    /// <param name="library">Its loadable extension.</param>
    /// <param name="path">The database.</param>
    public static Database OpenPeer(string library, string path = ":memory:")
    {
        Database database = Open(path, register: false);
        Assert.Equal(0, NativeSqlite.EnableLoadExtension(database.Handle, 1));
        database.Scalar("SELECT load_extension(?)", library);
        database.isPeer = true;
        return database;
    }

    /// <summary>Opens a database with a fixed local site id: makes it, sets the id, and opens it again.</summary>
    public static Database OpenWithSite(string path, string siteHex, params string[] setup)
    {
        using (Database first = Open(path))
        {
            foreach (string sql in setup)
            {
                first.Exec(sql);
            }

            first.Exec($"UPDATE cloudsync_site_id SET site_id = x'{siteHex}' WHERE rowid = 0");
        }

        return Open(path);
    }

    /// <summary>Runs statements without parameters.</summary>
    public void Exec(string sql)
    {
        int code = NativeSqlite.Exec(Handle, sql, 0, 0, 0);
        SqlException? failure = code == 0 ? null : Failure(code);
        watch?.Ran(sql, failure != null);
        if (failure != null)
        {
            throw failure;
        }
    }

    /// <summary>Runs one statement and returns its rows. Parameters are bound by position.</summary>
    public List<object?[]> Query(string sql, params object?[] parameters)
    {
        List<object?[]> rows;
        try
        {
            rows = Step(sql, parameters);
        }
        catch (SqlException)
        {
            watch?.Ran(sql, failed: true);
            throw;
        }

        watch?.Ran(sql, failed: false);
        return rows;
    }

    /// <summary>Runs one statement with parameters, ignoring rows.</summary>
    public void Run(string sql, params object?[] parameters) => Query(sql, parameters);

    /// <summary>The first column of the first row; null when there is none.</summary>
    public object? Scalar(string sql, params object?[] parameters)
    {
        List<object?[]> rows = Query(sql, parameters);
        return rows.Count == 0 ? null : rows[0][0];
    }

    /// <summary>Prepares one statement; the caller steps it with <see cref="NativeSqlite"/> and finalizes it.</summary>
    public nint Prepare(string sql)
    {
        byte[] text = Encoding.UTF8.GetBytes(sql);
        fixed (byte* bytes = text)
        {
            int code = NativeSqlite.Prepare(Handle, bytes, text.Length, out nint statement, out _);
            return code == 0 ? statement : throw Failure(code);
        }
    }

    /// <summary>Binds one parameter.</summary>
    public static void Bind(nint statement, int index, object? value)
    {
        byte none = 0;
        switch (value)
        {
            case null:
                _ = NativeSqlite.BindNull(statement, index);
                break;
            case bool truth:
                _ = NativeSqlite.BindInt64(statement, index, truth ? 1 : 0);
                break;
            case int number:
                _ = NativeSqlite.BindInt64(statement, index, number);
                break;
            case long number:
                _ = NativeSqlite.BindInt64(statement, index, number);
                break;
            case double real:
                _ = NativeSqlite.BindDouble(statement, index, real);
                break;
            case string or RawText:
                byte[] utf8 = value is RawText raw ? raw.Bytes : Encoding.UTF8.GetBytes((string)value);
                fixed (byte* bytes = utf8)
                {
                    _ = NativeSqlite.BindText(statement, index, utf8.Length == 0 ? &none : bytes, utf8.Length, Transient);
                }

                break;
            case byte[] blob:
                fixed (byte* bytes = blob)
                {
                    _ = NativeSqlite.BindBlob(statement, index, blob.Length == 0 ? &none : bytes, blob.Length, Transient);
                }

                break;
            default:
                throw new ArgumentException("cannot bind a " + value.GetType());
        }
    }

    /// <summary>The current row of a stepped statement.</summary>
    public static object?[] Row(nint statement)
    {
        object?[] row = new object?[NativeSqlite.ColumnCount(statement)];
        for (int i = 0; i < row.Length; i++)
        {
            row[i] = NativeSqlite.ColumnType(statement, i) switch
            {
                1 => NativeSqlite.ColumnInt64(statement, i),
                2 => NativeSqlite.ColumnDouble(statement, i),
                3 => Text(new Span<byte>(NativeSqlite.ColumnText(statement, i), NativeSqlite.ColumnBytes(statement, i)).ToArray()),
                4 => new Span<byte>(NativeSqlite.ColumnBlob(statement, i), NativeSqlite.ColumnBytes(statement, i)).ToArray(),
                _ => null,
            };
        }

        return row;
    }

    /// <summary>The failure that the connection reports.</summary>
    public SqlException Failure(int code) =>
        new(code & 0xff, ChunkSync.Sqlite.Sqlite3.Utf8String(NativeSqlite.ErrorMessage(Handle)));

    /// <summary>Says what may deviate from here on, on top of what was said before.</summary>
    /// <param name="deviation">What.</param>
    /// <param name="reason">Why: for the reader of the test.</param>
    public Database Deviates(Deviation deviation, string reason)
    {
        Assert.NotEmpty(reason);
        if (watch != null)
        {
            watch.Allowed |= deviation;
        }

        return this;
    }

    /// <summary>Ends what <see cref="Deviates"/> began: from here on everything must fit again.</summary>
    public void Conforms()
    {
        if (watch != null)
        {
            watch.Allowed = Deviation.None;
        }
    }

    /// <summary>Leaves the consistency check out until the result is disposed: nothing of the test's runs in between.</summary>
    public IDisposable PauseChecks()
    {
        ConsistencyPause pause = new(watch);
        return pause;
    }

    /// <summary>Closes with <c>sqlite3_close</c>, which must succeed without any goodbye call.</summary>
    public void Dispose()
    {
        if (closed)
        {
            return;
        }

        closed = true;
        try
        {
            watch?.End();
        }
        finally
        {
            Close();
        }
    }

    private void Close()
    {
        if (isPeer)
        {
            // sqlite-sync keeps statements open until it is told to let go.
            Scalar("SELECT cloudsync_terminate()");
        }

        int code = NativeSqlite.Close(Handle);
        if (code != 0)
        {
            // Only now: after a successful close the handle is gone.
            Assert.Fail("sqlite3_close returned " + code + "; open statements: " + OpenStatements());
        }

        // An entry point makes an error of it, which a test may expect for another reason.
        string? failedCheck = Check.TakeFailure();
        Assert.True(failedCheck == null, "a check did not hold: " + failedCheck);
    }

    private List<object?[]> Step(string sql, object?[] parameters)
    {
        nint statement = Prepare(sql);
        try
        {
            for (int i = 0; i < parameters.Length; i++)
            {
                Bind(statement, i + 1, parameters[i]);
            }

            List<object?[]> rows = [];
            int code;
            while ((code = NativeSqlite.Step(statement)) == 100)
            {
                rows.Add(Row(statement));
            }

            return code == 101 ? rows : throw Failure(code);
        }
        finally
        {
            _ = NativeSqlite.Finalize(statement);
        }
    }

    /// <summary>The text of a statement that was stepped and not reset; null when there is none, as after every finished call.</summary>
    public string? BusyStatement()
    {
        for (nint statement = NativeSqlite.NextStatement(Handle, 0); statement != 0; statement = NativeSqlite.NextStatement(Handle, statement))
        {
            if (NativeSqlite.StatementBusy(statement) != 0)
            {
                return ChunkSync.Sqlite.Sqlite3.Utf8String(NativeSqlite.Sql(statement));
            }
        }

        return null;
    }

    private string OpenStatements()
    {
        List<string> texts = [];
        for (nint statement = NativeSqlite.NextStatement(Handle, 0); statement != 0; statement = NativeSqlite.NextStatement(Handle, statement))
        {
            texts.Add(ChunkSync.Sqlite.Sqlite3.Utf8String(NativeSqlite.Sql(statement)));
        }

        return string.Join(" | ", texts);
    }

    private static object Text(byte[] utf8)
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(utf8);
        }
        catch (DecoderFallbackException)
        {
            return new RawText(utf8);
        }
    }
}
