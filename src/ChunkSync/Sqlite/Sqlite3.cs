using System.Text;

namespace ChunkSync.Sqlite;

/// <summary>Access to the SQLite library that loaded the extension: the pointer to its table of routines, and what needs no
/// connection.</summary>
/// <remarks>One SQLite library per process: the table pointer is set by <see cref="Attach"/> and stays while any connection is
/// registered. It is the only process-wide state besides immutable tables.</remarks>
internal static unsafe class Sqlite3
{
    /// <summary>SQLite 3.35.0, the oldest version whose table has every slot in <see cref="SqliteApi"/>.</summary>
    public const int MinimumVersion = 3_035_000;

    /// <summary>SQLite 3.39.0, the first with <c>sqlite3_db_name</c>.</summary>
    public const int FirstWithDatabaseNames = 3_039_000;

    private static readonly Lock Gate = new();
    private static int connections;

    /// <summary>SQLite's own table of routines; null until the first <see cref="Attach"/>.</summary>
    public static SqliteApi* Api { get; private set; }

    /// <summary>Whether SQLite tells the names of a connection's databases without a statement.</summary>
    public static bool HasDatabaseNames { get; private set; }

    /// <summary>Registers one more connection of the library behind <paramref name="table"/>.</summary>
    /// <exception cref="EngineException">Another SQLite library in this process still has registered connections.</exception>
    public static void Attach(SqliteApi* table)
    {
        lock (Gate)
        {
            if (Api != null && Api != table && connections > 0)
            {
                throw Errors.Refused("chunksync is in use by another SQLite library in this process; close its connections first");
            }

            Api = table;
            HasDatabaseNames = table->libversion_number() >= FirstWithDatabaseNames;
            connections++;
        }
    }

    /// <summary>Takes back one <see cref="Attach"/>.</summary>
    public static void Detach()
    {
        lock (Gate)
        {
            connections--;
        }
    }

    /// <summary>Allocates native memory that SQLite accounts for.</summary>
    /// <exception cref="EngineException">SQLITE_NOMEM: SQLite has no memory left (or its hard heap limit is reached).</exception>
    public static byte* Allocate(long bytes)
    {
        void* memory = bytes < 0 ? null : Api->malloc64((ulong)Math.Max(bytes, 1));
        return memory == null ? throw OutOfMemory() : (byte*)memory;
    }

    /// <summary>Grows or shrinks memory of <see cref="Allocate"/>; the old block is gone unless this throws.</summary>
    /// <exception cref="EngineException">SQLITE_NOMEM: SQLite has no memory left.</exception>
    public static byte* Reallocate(byte* memory, long bytes)
    {
        void* moved = bytes < 0 ? null : Api->realloc64(memory, (ulong)Math.Max(bytes, 1));
        return moved == null ? throw OutOfMemory() : (byte*)moved;
    }

    /// <summary>A copy in memory of <see cref="Allocate"/>.</summary>
    /// <exception cref="EngineException">SQLITE_NOMEM: SQLite has no memory left.</exception>
    public static byte* Copy(ReadOnlySpan<byte> bytes)
    {
        byte* copy = Allocate(bytes.Length);
        bytes.CopyTo(new Span<byte>(copy, bytes.Length));
        return copy;
    }

    /// <summary>The failure of an allocation.</summary>
    public static EngineException OutOfMemory() => new(ResultCode.NoMem, "out of memory");

    /// <summary>Frees memory of <see cref="Allocate"/>; null is ignored.</summary>
    public static void Free(void* memory) => Api->free(memory);

    /// <summary>The address of <c>sqlite3_free</c>, a destructor that SQLite can call without entering managed code.</summary>
    public static nint FreeAddress => (nint)Api->free;

    /// <summary>A zero-terminated UTF-8 copy in memory of <see cref="Allocate"/>; the receiver frees it. Null when there is
    /// no memory: callers use it to report errors and must not fail again.</summary>
    public static byte* CopyUtf8(string text)
    {
        int length = Encoding.UTF8.GetByteCount(text);
        byte* copy = (byte*)Api->malloc64((ulong)length + 1);
        if (copy != null)
        {
            Encoding.UTF8.GetBytes(text, new Span<byte>(copy, length));
            copy[length] = 0;
        }

        return copy;
    }

    /// <summary>The string at a zero-terminated UTF-8 address; empty for null.</summary>
    public static string Utf8String(byte* text) =>
        text == null ? "" : Encoding.UTF8.GetString(System.Runtime.InteropServices.MemoryMarshal.CreateReadOnlySpanFromNullTerminated(text));
}
