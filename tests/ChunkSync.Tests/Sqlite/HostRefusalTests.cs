using System.Runtime.InteropServices;
using ChunkSync.Hosting;
using ChunkSync.Sqlite;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Sqlite;

/// <summary>What a host gets that hands over something else than a connection of a SQLite library.</summary>
public unsafe class HostRefusalTests
{
    [Fact]
    public void Registration_names_the_missing_routine_when_the_library_is_not_sqlite()
    {
        using Database database = Database.Open(register: false);
        nint library = NativeLibrary.Load(OperatingSystem.IsWindows() ? "kernel32" : OperatingSystem.IsMacOS() ? "libSystem.dylib" : "libc.so.6");
        for (int i = 0; i < 2; i++)
        {
            InvalidOperationException failure = Assert.Throws<InvalidOperationException>(() => ManagedHost.Register(database.Handle, library));
            Assert.Equal(
                "chunksync needs sqlite3_aggregate_context, which this library does not have: it is not SQLite, or one that was built without it",
                failure.Message);
        }

        ManagedHost.Register(database.Handle, NativeSqlite.Library);
        Assert.Equal("1.1.4", database.Scalar("SELECT cloudsync_version()"));
    }

    [Fact]
    public void Registration_is_refused_when_the_connection_or_the_library_is_null()
    {
        using Database database = Database.Open(register: false);
        Assert.Equal("connection", Assert.Throws<ArgumentException>(() => ManagedHost.Register(0, NativeSqlite.Library)).ParamName);
        Assert.Equal("sqliteLibrary", Assert.Throws<ArgumentException>(() => ManagedHost.Register(database.Handle, 0)).ParamName);
    }

    [Fact]
    public void Load_returns_misuse_when_there_is_nothing_to_load_into()
    {
        _ = NativeSqlite.Library;
        byte* message = null;
        Assert.Equal(ResultCode.Misuse, Bootstrap.Load(1, &message, null));
        Assert.True(message == null);
        SqliteApi empty = default;
        Assert.Equal(ResultCode.Misuse, Bootstrap.Load(1, &message, &empty));
        Assert.True(message == null);

        using Database database = Database.Open();
        Assert.Equal(ResultCode.Misuse, Bootstrap.Load(0, &message, Sqlite3.Api));
        Assert.Equal("chunksync cannot be loaded: the connection is null", Sqlite3.Utf8String(message));
        NativeSqlite.Free(message);
        Assert.Equal(ResultCode.Misuse, Bootstrap.Load(0, null, Sqlite3.Api));
    }

    [Fact]
    public void Load_names_the_routine_when_sqlite_was_built_without_it()
    {
        using Database database = Database.Open();
        using Database other = Database.Open(register: false);
        SqliteApi partial = *Sqlite3.Api;
        partial.blob_open = null;
        byte* message = null;
        Assert.Equal(ResultCode.Error, Bootstrap.Load(other.Handle, &message, &partial));
        Assert.StartsWith("chunksync needs sqlite3_blob_open,", Sqlite3.Utf8String(message), StringComparison.Ordinal);
        NativeSqlite.Free(message);

        partial.malloc64 = null;
        message = null;
        Assert.Equal(ResultCode.Error, Bootstrap.Load(other.Handle, &message, &partial));
        Assert.True(message == null);
    }

    [Fact]
    public void All_slots_are_listed_when_the_table_of_routines_has_them()
    {
        Dictionary<string, int> fields = typeof(SqliteApi).GetFields()
            .ToDictionary(field => field.Name, field => (int)Marshal.OffsetOf<SqliteApi>(field.Name) / sizeof(nint));
        Assert.Equal(fields.OrderBy(field => field.Value), SqliteRoutines.All.ToDictionary(routine => routine.Name, routine => routine.Slot).OrderBy(r => r.Value));
    }
}
