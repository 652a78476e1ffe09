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

    /// <summary>Columns of a row that is written.</summary>
    private const int ColumnCount = 16;

    /// <summary>Rows that one statement writes: the start of a statement is what a row costs most after itself.</summary>
    private const int BatchRows = 32;

    /// <summary>Bytes of noted conflicts that are not written yet, from which on they are.</summary>
    private const long MaxHeld = 262_144;

    /// <summary>Rows written between two cuts of the ring in one call.</summary>
    private const int CutEvery = 4096;

    private const string Columns = "at, tbl, pk, col_name, kind, certain, lost_value, lost_bytes, lost_version, lost_site, lost_cl, won_version,"
        + " won_site, won_cl, db_version, seq";

    /// <summary>The table. Without types SQLite has nothing to convert or to check in a row.</summary>
    public static MetadataTable Table { get; } = new("cloudsync_conflict_log", $"(id INTEGER PRIMARY KEY, {Columns})", IsOnDemand: true);

    /// <summary>A noted conflict; the bytes of its value follow, and behind the last one of a row the row's pk blob.</summary>
    private struct Note
    {
        public Conflict Conflict;
        public long Size;

        /// <summary>Where the key is, and which table it is of: known when the row is done.</summary>
        public long Key;
        public int KeyLength;
        public int Table;
    }

    private readonly SyncSession session;
    private readonly NativeBuffer notes = new();
    private readonly List<TrackedTable> tables = [];
    private readonly Statement exists;
    private readonly Statement insert;
    private readonly Statement insertBatch;
    private readonly Statement cut;
    private (long Ordinal, byte[]? Id) lastSite = (-1, null);
    private byte[] local = [];
    private long rows;
    private long at;
    private int sinceCut;
    private bool hasBatches;

    /// <summary>Notes of rows that are done, and their bytes; the rest is of the row in progress.</summary>
    private int doneNotes;
    private long doneBytes;

    public ConflictLog(SyncSession session)
    {
        this.session = session;
        Connection connection = session.Connection;
        exists = connection.Prepare($"SELECT 1 FROM main.sqlite_master WHERE type = 'table' AND name = '{Table.Name}'");
        insert = connection.Prepare(InsertSql(1));
        insertBatch = connection.Prepare(InsertSql(BatchRows));
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
    /// <param name="time">The time, in Unix seconds.</param>
    public void Begin(long time)
    {
        at = time;
        sinceCut = 0;
        Forget();
        ForgetBound();
        tables.Clear();
        lastSite = (-1, null);
        rows = Math.Clamp(session.Settings.Integer(Settings.ConflictLog) ?? 0, 0, MaxRows);
        if (rows > 0 && !Exist)
        {
            session.Connection.Execute(Table.CreateSql);
            session.NoteSchemaChange();
        }

        hasBatches = session.Connection.MaxVariables >= BatchRows * ColumnCount;
        local = rows > 0 ? session.Sites.Local.ToArray() : local;
    }

    /// <summary>Ends a call.</summary>
    public void End()
    {
        rows = 0;
        Forget();
    }

    /// <summary>Keeps a conflict until its row is done; the value's bytes are copied.</summary>
    public void Add(in Conflict conflict)
    {
        bool hasBytes = conflict.Lost.Kind is WireKind.Text or WireKind.Blob;
        long kept = hasBytes && conflict.Lost.Length <= MaxValue ? conflict.Lost.Length : 0;
        long size = (sizeof(Note) + kept + 7) & -8L;
        byte* place = Reserve(size);
        *(Note*)place = new Note { Conflict = conflict, Size = size };
        if (kept > 0)
        {
            Buffer.MemoryCopy(conflict.Lost.Data, place + sizeof(Note), kept, kept);
        }

        notes.Commit(size);
    }

    /// <summary>The conflicts of a row that is not written are void.</summary>
    public void Drop() => notes.Truncate(doneBytes);

    /// <summary>The conflicts of a row count: they are written with those of the rows that follow.</summary>
    /// <param name="table">Its table.</param>
    /// <param name="key">Its pk blob, which is copied.</param>
    public void Done(TrackedTable table, NativeBytes key)
    {
        if (notes.Length == doneBytes)
        {
            return;
        }

        long size = (key.Length + 7L) & -8L;
        long keyAt = notes.Length;
        key.Span.CopyTo(new Span<byte>(Reserve(size), key.Length));
        notes.Commit(size);
        int number = NumberOf(table);
        for (long offset = doneBytes; offset < keyAt;)
        {
            Note* note = (Note*)(notes.Data + offset);
            (note->Key, note->KeyLength, note->Table) = (keyAt, key.Length, number);
            offset += note->Size;
            note->Size += offset == keyAt ? size : 0;
            doneNotes++;
        }

        doneBytes = notes.Length;
        if (doneNotes >= BatchRows || doneBytes > MaxHeld)
        {
            Write();
        }
    }

    /// <summary>Writes what counts. Whoever may undo what comes next calls this first.</summary>
    public void Write()
    {
        if (doneNotes == 0)
        {
            return;
        }

        try
        {
            for (long offset = 0; doneNotes > 0;)
            {
                offset = WriteBatch(offset);
            }
        }
        finally
        {
            // What is noted of a row in progress stays.
            long rest = notes.Length - doneBytes;
            Buffer.MemoryCopy(notes.Data + doneBytes, notes.Data, rest, rest);
            notes.Truncate(rest);
            doneNotes = 0;
            doneBytes = 0;
        }

        if (sinceCut >= CutEvery)
        {
            Cut();
        }
    }

    /// <summary>Forgets what is not written: it is undone.</summary>
    public void Forget()
    {
        notes.Clear();
        doneNotes = 0;
        doneBytes = 0;
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

    /// <summary>Writes the next notes.</summary>
    /// <param name="offset">Where they are.</param>
    /// <returns>The place behind them.</returns>
    private long WriteBatch(long offset)
    {
        int count = hasBatches && doneNotes >= BatchRows ? BatchRows : 1;
        Statement statement = count == 1 ? insert : insertBatch;
        for (int row = 0; row < count; row++)
        {
            Note* note = (Note*)(notes.Data + offset);
            note->Conflict.Lost.Data = (byte*)(note + 1);
            Bind(statement, row * ColumnCount, note);
            offset += note->Size;
        }

        statement.Run();
        doneNotes -= count;
        sinceCut += count;
        return offset;
    }

    /// <summary>Binds a row's columns. What is the same as in the row before at its place stays bound.</summary>
    /// <param name="statement">The statement.</param>
    /// <param name="before">The parameters of the rows before.</param>
    /// <param name="note">The row.</param>
    private void Bind(Statement statement, int before, Note* note)
    {
        ref readonly Conflict conflict = ref note->Conflict;
        TrackedTable table = tables[note->Table];
        HeldNumbers held = statement.Held;
        held.Bind(before + 1, at);
        if (!held.Has(before + 2, note->Table))
        {
            statement.BindText(before + 2, table.NameUtf8);
        }

        if (!held.Has(before + 4, ((long)note->Table << 32) + conflict.Column))
        {
            statement.BindText(before + 4, conflict.Column < 0 ? SentinelColumn.Utf8 : table.ValueColumns[conflict.Column].ClockNameUtf8);
        }

        if (!held.Has(before + 5, (long)conflict.Kind))
        {
            statement.BindText(before + 5, NameOf(conflict.Kind));
        }

        statement.BindStaticBlob(before + 3, notes.Data + note->Key, note->KeyLength);
        bool hasBytes = conflict.Lost.Kind is WireKind.Text or WireKind.Blob;
        if (conflict.Column < 0 || (hasBytes && conflict.Lost.Length > MaxValue))
        {
            statement.BindNull(before + 7);
        }
        else
        {
            StoredValue.Bind(statement, before + 7, conflict.Lost);
        }

        held.Bind(before + 6, conflict.IsCertain ? 1 : 0);
        Number(statement, before + 8, hasBytes ? conflict.Lost.Length : -1);
        Number(statement, before + 9, conflict.LostVersion);
        Site(statement, before + 10, conflict.LostSite);
        Number(statement, before + 11, conflict.LostCausalLength);
        Number(statement, before + 12, conflict.WonVersion);
        Site(statement, before + 13, conflict.WonSite);
        Number(statement, before + 14, conflict.WonCausalLength);
        Number(statement, before + 15, conflict.DbVersion);
        Number(statement, before + 16, conflict.Seq);
    }

    /// <summary>Binds a number; below 0 there is none.</summary>
    private static void Number(Statement statement, int parameter, long value)
    {
        if (!statement.Held.Has(parameter, value))
        {
            _ = value < 0 ? statement.BindNull(parameter) : statement.Bind(parameter, value);
        }
    }

    private void Site(Statement statement, int parameter, long ordinal)
    {
        if (!statement.Held.Has(parameter, ordinal))
        {
            byte[]? id = ordinal < 0 ? null : ordinal == SiteDirectory.LocalOrdinal ? local : Other(ordinal);
            _ = id == null ? statement.BindNull(parameter) : statement.BindBlob(parameter, id);
        }
    }

    /// <summary>Makes room. Nothing stays bound where the notes were.</summary>
    private byte* Reserve(long size)
    {
        if (notes.Length + size > notes.Capacity)
        {
            ForgetBound();
        }

        return notes.Reserve(size);
    }

    private void ForgetBound()
    {
        insert.ClearBindings();
        insertBatch.ClearBindings();
    }

    private int NumberOf(TrackedTable table)
    {
        int number = tables.Count - 1;
        if (number < 0 || !ReferenceEquals(tables[number], table))
        {
            number = tables.IndexOf(table);
        }

        if (number < 0)
        {
            number = tables.Count;
            tables.Add(table);
        }

        return number;
    }

    /// <summary>Parameters without numbers: SQLite looks through those that have some, for each.</summary>
    private static string InsertSql(int count) => $"INSERT INTO main.{Table.Name}({Columns}) VALUES "
        + string.Join(", ", Enumerable.Repeat("(" + string.Join(", ", Enumerable.Repeat("?", ColumnCount)) + ")", count));

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
