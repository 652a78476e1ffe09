using ChunkSync.Sqlite;

namespace ChunkSync.Sql;

/// <summary>The table <c>cloudsync_changes</c>: every change that this database holds, in the order of the stream; an INSERT merges
/// one change.
/// <code>
/// SELECT tbl, quote(pk), col_name, col_value, db_version, seq FROM cloudsync_changes WHERE db_version > 10;
/// </code>
/// idxStr has two characters per value of <c>xFilter</c>: the column's digit and the operator (=, &lt;, l for ≤, &gt;, g for ≥).
/// Pushed down are tbl =, site_id =, all comparisons of db_version, and lower bounds of seq; SQLite checks every constraint
/// again. ORDER BY db_version[, seq] is the order rows come in.</summary>
internal sealed unsafe class ChangesTable(Engine engine) : VirtualTable
{
    public const string Name = "cloudsync_changes";

    public const int Table = 0;
    public const int Key = 1;
    public const int Column = 2;
    public const int Value = 3;
    public const int ColumnVersion = 4;
    public const int DbVersion = 5;
    public const int Site = 6;
    public const int CausalLength = 7;
    public const int Seq = 8;
    public const int ColumnCount = 9;

    private const double FullScanCost = 1_000_000;

    /// <summary>How SQLite registers it.</summary>
    public static ModuleDefinition Definition { get; } = new(
        Name, Writable: true, Transactional: false, state => new ChangesTable((Engine)state))
    {
        // A view may read what it could read from the tables themselves, and triggers that forward received rows insert here. A schema
        // that could abuse that can write the clock tables as well; where the host does not trust the schema, it can do neither.
        InSchema = SchemaUse.Trusted,
        Summary = "Every change this database holds, in stream order; inserting a row merges one change.",
        Example = "SELECT tbl, col_name, col_value, db_version, seq FROM cloudsync_changes WHERE db_version > 0",
    };

    public override string Declaration =>
        "CREATE TABLE x(tbl TEXT NOT NULL, pk BLOB NOT NULL, col_name TEXT NOT NULL, col_value TEXT, col_version INTEGER NOT NULL,"
        + " db_version INTEGER NOT NULL, site_id BLOB NOT NULL, cl INTEGER NOT NULL, seq INTEGER NOT NULL)";

    /// <summary>The failure of reading changes where no table is tracked, or its metadata is gone (behaviour F.5).</summary>
    public static EngineException NoTables(Engine engine) => new(ResultCode.Error, engine.Catalog.Settings.Any()
        ? "cloudsync settings reference tables whose sync metadata is missing (no *_cloudsync tables found). Re-run SELECT"
            + " cloudsync_init('<table_name>') for each configured table to rebuild it."
            + (engine.Catalog.Damage.First is string damage ? $" ({damage})" : "")
        : "cloudsync has no tables configured for sync. Call SELECT cloudsync_init('<table_name>') to enable sync on a table"
            + " before querying cloudsync_changes.");

    public override int BestIndex(IndexInfo* plan)
    {
        byte* text = (byte*)Sqlite3.Api->malloc64((ulong)((2 * plan->ConstraintCount) + 1));
        if (text == null)
        {
            return ResultCode.NoMem;
        }

        int used = 0;
        double cost = FullScanCost;
        for (int i = 0; i < plan->ConstraintCount; i++)
        {
            IndexConstraint constraint = plan->Constraints[i];
            char code = CodeOf(constraint);
            if (constraint.Usable == 0 || code == ' ')
            {
                continue;
            }

            text[2 * used] = (byte)('0' + constraint.Column);
            text[(2 * used) + 1] = (byte)code;
            plan->Usage[i].ArgumentIndex = ++used;
            cost /= constraint.Column == DbVersion ? (code == '=' ? 1000 : 4) : 2;
        }

        text[2 * used] = 0;
        plan->IndexString = text;
        plan->NeedToFreeIndexString = 1;
        plan->IndexNumber = used;
        plan->EstimatedCost = cost;
        plan->EstimatedRows = (long)cost + 1;
        plan->OrderByConsumed = IsStreamOrder(plan) ? 1 : 0;
        return ResultCode.Ok;
    }

    public override VirtualCursor Open() => new ChangesCursor(engine);

    public override long Update(int count, nint* arguments)
    {
        if (count != ColumnCount + 2 || !new Value(arguments[0]).IsNull)
        {
            throw new EngineException(
                ResultCode.Misuse, "Only INSERT and SELECT statements are allowed against the cloudsync_changes table");
        }

        return engine.Merge.Insert(new ReadOnlySpan<Value>(arguments + 2, ColumnCount));
    }

    private static char CodeOf(IndexConstraint constraint) => (constraint.Column, constraint.Operator) switch
    {
        (Table or Site or DbVersion or Seq, IndexConstraint.Equal) => '=',
        (DbVersion, IndexConstraint.Less) => '<',
        (DbVersion, IndexConstraint.LessOrEqual) => 'l',
        (DbVersion or Seq, IndexConstraint.Greater) => '>',
        (DbVersion or Seq, IndexConstraint.GreaterOrEqual) => 'g',
        _ => ' ',
    };

    private static bool IsStreamOrder(IndexInfo* plan) =>
        plan->OrderByCount is 1 or 2
        && plan->OrderBy[0] is { Column: DbVersion, Descending: 0 }
        && (plan->OrderByCount == 1 || plan->OrderBy[1] is { Column: Seq, Descending: 0 });
}
