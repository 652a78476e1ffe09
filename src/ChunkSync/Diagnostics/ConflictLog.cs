using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Keys;
using ChunkSync.Merge;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Diagnostics;

/// <summary>Table <c>cloudsync_conflict_log</c>: what lost in merges, a ring of the last rows. Off unless the setting <c>conflict_log</c> says how
/// many are kept; the table is made when it does. Written in the transaction of the merge.</summary>
internal sealed unsafe class ConflictLog : IDisposable
{
    /// <summary>The table in SQL.</summary>
    public const string QualifiedName = "main.cloudsync_conflict_log";

    /// <summary>The longest value that is kept, in bytes.</summary>
    public const int MaxValue = 65_536;

    /// <summary>The most rows that can be kept.</summary>
    public const long MaxRows = 1_000_000;

    private const int Parameters = 16;

    /// <summary>Rows written between two cuts of the ring in one call.</summary>
    private const int CutEvery = 4096;

    private const string Columns = "at, tbl, pk, col_name, kind, certain, lost_value, lost_bytes, lost_version, lost_site, lost_cl, won_version,"
        + " won_site, won_cl, db_version, seq";

    /// <summary>The table. Without types SQLite has nothing to convert or to check in a row.</summary>
    public static MetadataTable Table { get; } = new("cloudsync_conflict_log", $"(id INTEGER PRIMARY KEY, {Columns})", IsOnDemand: true);

    /// <summary>A noted conflict; the bytes of its value follow.</summary>
    private struct Note
    {
        public Conflict Conflict;
        public long Size;
    }

    private readonly SyncSession session;
    private readonly NativeBuffer notes = new();
    private readonly Statement exists;
    private readonly Statement insert;
    private readonly Statement cut;
    private readonly long?[] bound = new long?[Parameters + 1];
    private TrackedTable? boundTable;
    private int unbound;
    private (long Ordinal, byte[]? Id) lastSite = (-1, null);
    private byte[] local = [];
    private long rows;
    private int sinceCut;

    public ConflictLog(SyncSession session)
    {
        this.session = session;
        Connection connection = session.Connection;
        exists = connection.Prepare($"SELECT 1 FROM main.sqlite_master WHERE type = 'table' AND name = '{Table.Name}'");
        insert = connection.Prepare($"INSERT INTO main.{Table.Name}({Columns})"
            + " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)");
        cut = connection.Prepare($"DELETE FROM main.{Table.Name} WHERE id <= (SELECT max(id) FROM main.{Table.Name}) - ?1");
    }

    /// <summary>Whether conflicts are logged in the call under way.</summary>
    public bool IsOn => rows > 0;

    /// <summary>True when the table is there.</summary>
    public bool Exist
    {
        get
        {
            bool found = exists.Step();
            exists.Reset();
            return found;
        }
    }

    /// <summary>Begins a call: the setting says whether anything is logged.</summary>
    public void Begin()
    {
        notes.Clear();
        sinceCut = 0;
        Array.Clear(bound);
        boundTable = null;
        lastSite = (-1, null);
        rows = Math.Clamp(session.Settings.Integer(Settings.ConflictLog) ?? 0, 0, MaxRows);
        if (rows > 0 && !Exist)
        {
            session.Connection.Execute(Table.CreateSql);
            session.NoteSchemaChange();
        }

        local = rows > 0 ? session.Sites.Local.ToArray() : local;
    }

    /// <summary>Ends a call.</summary>
    public void End()
    {
        rows = 0;
        notes.Clear();
    }

    /// <summary>Keeps a conflict until its row is done; the value's bytes are copied.</summary>
    public void Add(in Conflict conflict)
    {
        bool hasBytes = conflict.Lost.Kind is WireKind.Text or WireKind.Blob;
        long kept = hasBytes && conflict.Lost.Length <= MaxValue ? conflict.Lost.Length : 0;
        long size = (sizeof(Note) + kept + 7) & -8L;
        byte* place = notes.Reserve(size);
        *(Note*)place = new Note { Conflict = conflict, Size = size };
        if (kept > 0)
        {
            Buffer.MemoryCopy(conflict.Lost.Data, place + sizeof(Note), kept, kept);
        }

        notes.Commit(size);
    }

    /// <summary>The conflicts of a row that is not written are void.</summary>
    public void Drop() => notes.Clear();

    /// <summary>Writes the conflicts of a row.</summary>
    /// <param name="table">Its table.</param>
    /// <param name="key">Its pk blob.</param>
    /// <param name="at">The time, in Unix seconds.</param>
    public void Write(TrackedTable table, NativeBytes key, long at)
    {
        for (long offset = 0; offset < notes.Length;)
        {
            Note* note = (Note*)(notes.Data + offset);
            note->Conflict.Lost.Data = (byte*)(note + 1);
            Write(table, key, at, note->Conflict);
            offset += note->Size;
            if (++sinceCut == CutEvery)
            {
                Cut();
            }
        }

        notes.Clear();
    }

    /// <summary>Drops the oldest rows beyond those that are kept.</summary>
    public void Cut()
    {
        if (sinceCut > 0 && rows > 0)
        {
            sinceCut = 0;
            cut.Bind(1, rows);
            cut.Run();
        }
    }

    public void Dispose() => notes.Dispose();

    private void Write(TrackedTable table, NativeBytes key, long at, in Conflict conflict)
    {
        // What is the same as in the row before stays bound, unless it was cleared meanwhile: a buffer of keys that moves does that to whatever
        // has borrowed memory.
        _ = insert.Handle;
        if (unbound != insert.Unbound)
        {
            unbound = insert.Unbound;
            boundTable = null;
            Array.Clear(bound);
        }

        if (!ReferenceEquals(table, boundTable))
        {
            boundTable = table;
            bound[4] = null;
            insert.BindText(2, table.NameUtf8);
        }

        if (IsOther(4, conflict.Column))
        {
            insert.BindText(4, conflict.Column < 0 ? SentinelColumn.Utf8 : table.ValueColumns[conflict.Column].ClockNameUtf8);
        }

        if (IsOther(5, (long)conflict.Kind))
        {
            insert.BindText(5, NameOf(conflict.Kind));
        }

        insert.BindStaticBlob(3, key);
        bool hasBytes = conflict.Lost.Kind is WireKind.Text or WireKind.Blob;
        if (conflict.Column < 0 || (hasBytes && conflict.Lost.Length > MaxValue))
        {
            insert.BindNull(7);
        }
        else
        {
            StoredValue.Bind(insert, 7, conflict.Lost);
        }

        Number(1, at);
        Number(6, conflict.IsCertain ? 1 : 0);
        Number(8, hasBytes ? conflict.Lost.Length : -1);
        Number(9, conflict.LostVersion);
        Site(10, conflict.LostSite);
        Number(11, conflict.LostCausalLength);
        Number(12, conflict.WonVersion);
        Site(13, conflict.WonSite);
        Number(14, conflict.WonCausalLength);
        Number(15, conflict.DbVersion);
        Number(16, conflict.Seq);
        insert.Run();
    }

    private bool IsOther(int parameter, long value)
    {
        bool isOther = bound[parameter] != value;
        bound[parameter] = value;
        return isOther;
    }

    /// <summary>Binds a number; below 0 there is none.</summary>
    private void Number(int parameter, long value)
    {
        if (IsOther(parameter, value))
        {
            _ = value < 0 ? insert.BindNull(parameter) : insert.Bind(parameter, value);
        }
    }

    private void Site(int parameter, long ordinal)
    {
        if (!IsOther(parameter, ordinal))
        {
            return;
        }

        byte[]? id = ordinal < 0 ? null : ordinal == SiteDirectory.LocalOrdinal ? local : Other(ordinal);
        _ = id == null ? insert.BindNull(parameter) : insert.BindBlob(parameter, id);
    }

    /// <summary>Not asked for every row: the directory remembers the site that it was asked for last, and the merge asks for it.</summary>
    private byte[]? Other(long ordinal)
    {
        if (lastSite.Ordinal != ordinal)
        {
            lastSite = (ordinal, session.Sites.Id(ordinal));
        }

        return lastSite.Id;
    }

    private static ReadOnlySpan<byte> NameOf(ConflictKind kind) => kind switch
    {
        ConflictKind.Overwritten => "overwritten"u8,
        ConflictKind.Ignored => "ignored"u8,
        ConflictKind.Deleted => "deleted"u8,
        ConflictKind.Converted => "converted"u8,
        _ => "trigger"u8,
    };
}
