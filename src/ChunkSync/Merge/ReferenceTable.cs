using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary>A table that takes part in a foreign key with an action, tracked or not: what identifies its rows, and which of its columns
/// such keys are about.</summary>
/// <param name="number">The table's place in the graph.</param>
/// <param name="name">Its name.</param>
/// <param name="tracked">The table as a tracked one; null when its rows are not synced.</param>
/// <param name="columns">Its columns without generated ones.</param>
/// <param name="identity">The quoted columns that identify a row: the key of a tracked table, in declaration order.</param>
/// <param name="conditions">The conditions for a row with that identity: parameters from 1 on, columns without a table.</param>
/// <param name="rowId">A name of the rowid; null when there is none.</param>
internal sealed class ReferenceTable(
    int number, string name, TrackedTable? tracked, IReadOnlyList<TableColumn> columns, string[] identity, IReadOnlyList<string> conditions, string? rowId)
{
    /// <summary>Columns that have a bit of their own; the last bit but one stands for all others, the last one for the row as a
    /// whole.</summary>
    private const int MaxBits = 62;

    private readonly List<string> watched = [];

    /// <summary>The bit that stands for the row as a whole: it is deleted.</summary>
    public const ulong Deleted = 1UL << 63;

    /// <summary>The table's place in the graph.</summary>
    public int Number { get; } = number;

    /// <summary>The schema-qualified, quoted name.</summary>
    public string Quoted { get; } = "main." + Connection.Quote(name);

    /// <summary>The table as a tracked one; null when its rows are not synced.</summary>
    public TrackedTable? Tracked { get; } = tracked;

    /// <summary>The number of values that identify a row.</summary>
    public int IdentityLength => identity.Length;

    /// <summary>The columns that are part of a key with an action, on either side.</summary>
    public IReadOnlyList<string> Watched => watched;

    /// <summary>The keys that refer to this table.</summary>
    public List<Reference> ReferredBy { get; } = [];

    /// <summary>The keys that this table has.</summary>
    public List<Reference> RefersTo { get; } = [];

    /// <summary>Whether an action can change what identifies a row.</summary>
    public bool IdentityMoves { get; private set; }

    /// <summary>A name of the rowid, where it goes on naming a row whose key an action changes.</summary>
    public string? LastingRowId { get; private set; }

    /// <summary>The index in <see cref="TrackedTable.ValueColumns"/> by watched column; -1 for a key column.</summary>
    public int[] ValueColumns { get; private set; } = [];

    /// <summary>Whether a value column of the tracked table is referred to, by its index.</summary>
    public bool[] IsReferred { get; private set; } = [];

    /// <summary>Bits of the watched columns that an action can change.</summary>
    public ulong Changeable { get; private set; }

    /// <summary>Bits of the watched columns that are generated: they may change with any other.</summary>
    public ulong Generated { get; private set; }

    /// <summary>A row as it is: whether it matches the table's filter, then its watched columns.</summary>
    public Statement Read { get; private set; } = null!;

    /// <summary>The key of the row with a rowid, and whether the row matches the filter; null without <see cref="LastingRowId"/>.</summary>
    public Statement? ReadMoved { get; private set; }

    /// <summary>The keys of rows that have no live clocks, among those that differ from a row in columns only that an action changed.</summary>
    public Statement? FindMoved { get; private set; }

    /// <summary>Adds columns to those that are watched.</summary>
    public void Watch(IEnumerable<string> columns) =>
        watched.AddRange(columns.Where(column => !watched.Exists(known => AsciiNames.Same(known, column))));

    /// <summary>The bits of some watched columns.</summary>
    public ulong MaskOf(IEnumerable<string> columns) => columns.Aggregate(0UL, (mask, column) => mask | BitOf(column));

    /// <summary>The bit of a watched column by its place.</summary>
    public static ulong Bit(int place) => 1UL << Math.Min(place, MaxBits);

    /// <summary>The columns that identify a row, and where its key can change the rowid behind them.</summary>
    public IEnumerable<string> IdentityOf(string alias) =>
        (LastingRowId == null ? identity : [.. identity, LastingRowId]).Select(column => $"{alias}.{column}");

    public IEnumerable<string> WatchedOf(string alias) => watched.Select(column => $"{alias}.{Connection.Quote(column)}");

    /// <summary>A row by what identifies it: parameters from 1 on.</summary>
    /// <param name="prefix">What stands before each column.</param>
    public string IdentityCondition(string prefix) => string.Join(" AND ", conditions.Select(condition => prefix + condition));

    /// <summary>Makes masks and statements, when all keys are known.</summary>
    public void Complete(Connection connection)
    {
        Changeable = MaskOf(RefersTo.SelectMany(reference => reference.ChildColumns));
        Generated = MaskOf(watched.Where(IsGenerated));
        string filter = Tracked?.Filter == null ? "1" : $"({Tracked.Filter}) IS TRUE";
        Read = connection.Prepare(
            $"SELECT {string.Join(", ", watched.Select(Connection.Quote).Prepend(filter))} FROM {Quoted} WHERE {IdentityCondition("")}");
        if (Tracked == null)
        {
            return;
        }

        ValueColumns = [.. watched.Select(column => Array.FindIndex(Tracked.ValueColumns, value => AsciiNames.Same(value.Name, column)))];
        IsReferred = [.. Tracked.ValueColumns.Select(column => ReferredBy.Exists(reference => reference.OnUpdate != ReferenceAction.None
            && reference.ParentColumns.Any(referred => AsciiNames.Same(referred, column.Name) || IsGenerated(referred))))];
        TableColumn[] moving = [.. Tracked.KeyColumns.Where(
            column => RefersTo.Exists(reference => reference.ChildColumns.Any(changed => AsciiNames.Same(changed, column.Name))))];
        IdentityMoves = moving.Length > 0;
        if (IdentityMoves)
        {
            PrepareMoves(connection, moving, filter);
        }
    }

    private void PrepareMoves(Connection connection, TableColumn[] moving, string filter)
    {
        string keys = string.Join(", ", Tracked!.KeyColumns.Select(column => column.Quoted));

        // A key of one INTEGER column can be the rowid itself.
        bool isAlias = Tracked.KeyColumns.Length == 1 && Tracked.KeyColumns[0].DeclaredType.Equals("INTEGER", StringComparison.OrdinalIgnoreCase);
        if (rowId != null && !isAlias)
        {
            LastingRowId = rowId;
            ReadMoved = connection.Prepare($"SELECT {filter}, {keys} FROM {Quoted} WHERE {rowId} = ?1");
            return;
        }

        string same = string.Concat(Tracked.KeyColumns.Select((column, i) =>
            moving.Contains(column) ? "" : $"{column.Quoted} = ?{i + 1} AND "));
        // The last parameter is named in any case: all that identifies a row can be bound.
        FindMoved = connection.Prepare($"SELECT {filter}, {keys} FROM {Quoted} WHERE {same}?{identity.Length} IS NOT NULL AND NOT EXISTS"
            + $" (SELECT 1 FROM {Tracked.QuotedClock} AS k WHERE k.pk = cloudsync_pk_encode({keys})"
            + $" AND (k.col_name <> '{SentinelColumn.Name}' OR k.col_version & 1))");
    }

    private bool IsGenerated(string column) => !columns.Any(known => AsciiNames.Same(known.Name, column));

    private ulong BitOf(string column) => Bit(watched.FindIndex(known => AsciiNames.Same(known, column)));
}
