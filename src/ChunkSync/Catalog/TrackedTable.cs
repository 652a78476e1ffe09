using System.Text;
using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Catalog;

/// <summary>What is known of one tracked table, read once per schema change. Immutable, but for the statements that it owns
/// and what is known of its capture.</summary>
internal sealed class TrackedTable : IDisposable
{
    private readonly Statement newest;
    private readonly List<IDisposable> parts = [];
    private readonly Func<string?> findRowId;
    private string? rowIdName;
    private bool knowsRowId;

    /// <summary>The suffix of a clock table's name.</summary>
    public const string ClockSuffix = "_cloudsync";

    /// <summary>What is behind a clock table's name in the name of the table of its blocks.</summary>
    public const string BlocksSuffix = "_blocks";

    /// <summary>What separates column and position key in a block's name (behaviour E.9).</summary>
    public const byte BlockSeparator = 0x1F;

    public TrackedTable(
        Connection connection, string name, int creationOrder, IReadOnlyList<TableColumn> columns,
        TableSettings settings, Func<string?> findRowId, string? positionIndex, bool hasBlocks, bool hasPlainKey,
        TreeRegistration? tree = null, string? treeOfLog = null)
    {
        Tree = tree;
        TreeOfLog = treeOfLog;
        Name = name;
        NameUtf8 = Encoding.UTF8.GetBytes(name);
        CreationOrder = creationOrder;
        Columns = [.. columns];
        KeyColumns = [.. columns.Where(column => column.IsKey)];
        ValueColumns = [.. columns.Where(column => !column.IsKey)];
        Algorithm = settings.Algorithm;
        Filter = settings.Filter;
        IsConfigured = settings.IsTracked;
        Examined = settings.Examined;
        Uncaptured = settings.Uncaptured;
        IsWhole = settings.IsWhole;
        HasPendingRows = settings.HasPendingRows;
        HasPendingColumns = settings.HasPendingColumns;
        this.findRowId = findRowId;
        HasPlainKeyOnly = hasPlainKey;
        PositionIndex = positionIndex;
        HasBlocks = hasBlocks;
        Quoted = "main." + Connection.Quote(name);
        ClockName = name + ClockSuffix;
        QuotedClock = "main." + Connection.Quote(ClockName);
        newest = connection.Prepare($"SELECT max(db_version) FROM {QuotedClock} WHERE db_version < {VersionLimits.DbVersionEnd}");
    }

    /// <summary>The same table with other settings.</summary>
    public TrackedTable(Connection connection, TrackedTable other, TableSettings settings)
        : this(connection, other.Name, other.CreationOrder, other.Columns, settings, other.findRowId, other.PositionIndex, other.HasBlocks,
            other.HasPlainKeyOnly, other.Tree, other.TreeOfLog)
    {
        (rowIdName, knowsRowId) = (other.rowIdName, other.knowsRowId);
        Description = other.Description;
    }

    /// <summary>The name as the first <c>cloudsync_init</c> spelled it: metadata, triggers and payloads carry it.</summary>
    public string Name { get; }

    public byte[] NameUtf8 { get; }

    /// <summary>The schema-qualified, quoted name for SQL text.</summary>
    public string Quoted { get; }

    /// <summary>The clock table's name.</summary>
    public string ClockName { get; }

    /// <summary>The schema-qualified, quoted name of the clock table.</summary>
    public string QuotedClock { get; }

    /// <summary>The name of the table of blocks, which is there where <see cref="HasBlocks"/>.</summary>
    public string BlocksName => ClockName + BlocksSuffix;

    /// <summary>The schema-qualified, quoted name of the table of blocks.</summary>
    public string QuotedBlocks => "main." + Connection.Quote(BlocksName);

    /// <summary>The table's place among clock tables by creation: the third part of the stream's order.</summary>
    public int CreationOrder { get; }

    /// <summary>All columns in declaration order, generated ones left out. Empty when the base table is gone.</summary>
    public TableColumn[] Columns { get; }

    /// <summary>Key columns in declaration order, which is the order of the pk blob (format H).</summary>
    public TableColumn[] KeyColumns { get; }

    /// <summary>Columns outside the key, in declaration order.</summary>
    public TableColumn[] ValueColumns { get; }

    /// <summary>The columns that have clocks: those of <see cref="ValueColumns"/> but for a tree's parent and position.</summary>
    public IEnumerable<TableColumn> ClockColumns => Tree == null ? ValueColumns : ValueColumns.Where(column => !column.IsPlace);

    /// <summary>What makes the table a tree; null where it is none.</summary>
    public TreeRegistration? Tree { get; }

    /// <summary>The tree table whose log of operations this one is; null where it is none.</summary>
    public string? TreeOfLog { get; }

    public CrdtAlgorithm Algorithm { get; }

    /// <summary>Whether the algorithm is stored; it is the default's otherwise.</summary>
    public bool IsConfigured { get; }

    /// <summary>The row filter of <c>cloudsync_set_filter</c>; null for none.</summary>
    public string? Filter { get; }

    /// <summary>The mark <see cref="TableMarks.Examined"/>; null when there is none.</summary>
    public string? Examined { get; }

    /// <summary>The mark <see cref="TableMarks.Uncaptured"/>; null when there is none. Whoever writes it keeps this in step.</summary>
    public string? Uncaptured { get; set; }

    /// <summary>Whether there is the mark <see cref="TableMarks.Whole"/>. Whoever removes it keeps this in step.</summary>
    public bool IsWhole { get; set; }

    /// <summary>Whether there is the mark <see cref="TableMarks.Pending"/>.</summary>
    public bool HasPendingRows { get; }

    /// <summary>Whether columns that were added may have no clocks yet, in rows that have some.</summary>
    public bool HasPendingColumns { get; }

    /// <summary>Its part of the text that the schema hash is of; null until <see cref="SchemaVersions"/> has made it.</summary>
    public string? Description { get; set; }

    /// <summary>What the triggers capture; null until capture has looked. They cannot change without the schema,
    /// and this object does not outlive it.</summary>
    public CaptureState? CaptureState { get; set; }

    /// <summary>Whether the triggers have the text that this version gives them; set with <see cref="CaptureState"/>.</summary>
    public bool HasOwnTriggers { get; set; }

    /// <summary>Whether AFTER triggers of the user's fire before the engine's; set with <see cref="CaptureState"/>.</summary>
    public bool HasLateTriggers { get; set; }

    /// <summary>A name under which the rowid can be read (<c>rowid</c>, <c>_rowid_</c> or <c>oid</c>); null for WITHOUT ROWID
    /// tables and where columns hide all three. Looked up at its first use.</summary>
    public string? RowIdName
    {
        get
        {
            if (!knowsRowId)
            {
                rowIdName = findRowId();
                knowsRowId = true;
            }

            return rowIdName;
        }
    }

    /// <summary>True when it is certain, without reading its indexes, that the table has no other uniqueness than that of a key that is compared by
    /// bytes: no text of its schema says UNIQUE or COLLATE.</summary>
    public bool HasPlainKeyOnly { get; }

    /// <summary>The name of an index of the clock table that starts with (db_version, seq, pk, col_name); null when there is none,
    /// as in a database that sqlite-sync made.</summary>
    public string? PositionIndex { get; }

    /// <summary>True when table <c>&lt;tbl&gt;_cloudsync_blocks</c> exists: a column is stored as blocks.</summary>
    public bool HasBlocks { get; }

    /// <summary>The highest db_version of the clock table that a clock may go on from; 0 when it is empty. What a file has beyond it,
    /// made by hand or taken by another library, does not move the clock.</summary>
    public long NewestVersion()
    {
        long version = newest.Step() ? newest.Type(0) switch
        {
            StorageClass.Integer => newest.Int64(0),
            StorageClass.Real => (long)Math.Ceiling(newest.Double(0)),
            _ => 0,
        } : 0;
        newest.Reset();
        return version;
    }

    /// <summary>A column that says where the rows of a tree are and that the table does not have; null when there is none.</summary>
    public string? FindMissingPlace() => new[] { Tree?.ParentColumn, Tree?.PositionColumn }.OfType<string>()
        .FirstOrDefault(name => !ValueColumns.Any(column => AsciiNames.Same(column.Name, name)));

    /// <summary>Makes something that another folder keeps about the table live as long as this object.</summary>
    public void Own(IDisposable part) => parts.Add(part);

    public void Dispose()
    {
        newest.Dispose();
        parts.ForEach(part => part.Dispose());
        parts.Clear();
    }

    /// <summary>Like <see cref="FindValueColumn(ReadOnlySpan{byte})"/>. The changes of a row mostly come in the order of its columns: the
    /// one behind <paramref name="last"/> is tried first.</summary>
    /// <param name="clockName">The clock name.</param>
    /// <param name="last">The column found before, or -1; becomes the one found now.</param>
    public int FindValueColumn(ReadOnlySpan<byte> clockName, ref int last)
    {
        TableColumn[] columns = ValueColumns;
        int next = last + 1 < columns.Length ? last + 1 : 0;
        bool isNext = columns.Length > 0 && columns[next].ClockNameUtf8.AsSpan().SequenceEqual(clockName);
        return last = isNext ? next : FindValueColumn(clockName);
    }

    /// <summary>The index in <see cref="ValueColumns"/> of the column with that clock name, compared without ASCII case; -1 when
    /// there is none.</summary>
    public int FindValueColumn(ReadOnlySpan<byte> clockName)
    {
        TableColumn[] columns = ValueColumns;
        for (int i = 0; i < columns.Length; i++)
        {
            if (AsciiNames.Same(columns[i].ClockNameUtf8, clockName))
            {
                return i;
            }
        }

        return -1;
    }
}
