using ChunkSync.Changes;
using ChunkSync.Format;
using ChunkSync.Keys;
using ChunkSync.Sqlite;

namespace ChunkSync.Sql;

/// <summary>The table <c>cloudsync_changes</c>: every change that this database holds, in the order of the stream; an INSERT merges
/// one change.
/// <code>
/// SELECT tbl, quote(pk), col_name, col_value, db_version, seq FROM cloudsync_changes WHERE db_version > 10;
/// </code>
/// idxStr has two characters per value of <c>xFilter</c>: the column's digit and the operator (=, &lt;, l for ≤, &gt;, g for ≥).
/// Pushed down are tbl =, site_id =, all comparisons of db_version, and beside db_version = those of seq; SQLite checks every
/// constraint again. ORDER BY db_version[, seq] is the order rows come in.</summary>
internal sealed unsafe class ChangesTable(Engine engine) : VirtualTable
{
    public const string Name = "cloudsync_changes";

    private const int Table = 0;
    private const int Key = 1;
    private const int ColumnName = 2;
    private const int Value = 3;
    private const int ColumnVersion = 4;
    private const int DbVersion = 5;
    private const int Site = 6;
    private const int CausalLength = 7;
    private const int Seq = 8;
    private const int ColumnCount = 9;

    /// <summary>More than what is joined with it: it should be asked for few rows rather than often for all.</summary>
    private const double FullScanCost = 1_000_000;

    /// <summary>What a term divides the cost by. One db_version is one transaction: the scan seeks to it and ends behind it. A bound of the
    /// db_version cuts about as much off as SQLite takes a range for. The others are looked at row by row, or leave tables out.</summary>
    private const double VersionGain = 1000;
    private const double BoundGain = 4;
    private const double OtherGain = 2;

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
    public static EngineException NoTables(Engine engine) => Errors.Refused(NoTablesText(engine)).As(FailureKind.NotTracked);

    private static string NoTablesText(Engine engine) => engine.Catalog.Settings.Any()
        ? "cloudsync settings reference tables whose sync metadata is missing (no *_cloudsync tables found). Re-run SELECT"
            + " cloudsync_init('<table_name>') for each configured table to rebuild it."
            + (engine.Catalog.Damage.First is string damage ? $" ({damage})" : "")
        : "cloudsync has no tables configured for sync. Call SELECT cloudsync_init('<table_name>') to enable sync on a table"
            + " before querying cloudsync_changes.";

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
            cost /= constraint.Column != DbVersion ? OtherGain : code == '=' ? VersionGain : BoundGain;
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

    public override VirtualCursor Open() => new Cursor(engine);

    public override long Update(int count, nint* arguments)
    {
        if (count != ColumnCount + 2 || !new Value(arguments[0]).IsNull)
        {
            throw Errors.Misuse("Only INSERT and SELECT statements are allowed against the cloudsync_changes table");
        }

        return engine.Merge.Insert(new ReadOnlySpan<Value>(arguments + 2, ColumnCount));
    }

    private static char CodeOf(IndexConstraint constraint) => (constraint.Column, constraint.Operator) switch
    {
        (Table or Site or DbVersion or Seq, IndexConstraint.Equal) => '=',
        (DbVersion or Seq, IndexConstraint.Less) => '<',
        (DbVersion or Seq, IndexConstraint.LessOrEqual) => 'l',
        (DbVersion or Seq, IndexConstraint.Greater) => '>',
        (DbVersion or Seq, IndexConstraint.GreaterOrEqual) => 'g',
        _ => ' ',
    };

    private static bool IsStreamOrder(IndexInfo* plan) =>
        plan->OrderByCount is 1 or 2
        && plan->OrderBy[0] is { Column: DbVersion, Descending: 0 }
        && (plan->OrderByCount == 1 || plan->OrderBy[1] is { Column: Seq, Descending: 0 });

    private sealed class Cursor(Engine engine) : VirtualCursor
    {
        private ChangeStream? stream;
        private bool hasRow;

        /// <summary>Behind which of the one db_version nothing is wanted.</summary>
        private long toSeq;

        public override bool Eof => !hasRow;

        /// <summary>The db_version, and below it the seq (behaviour F.1).</summary>
        public override long RowId => (stream!.Current.DbVersion << VersionLimits.SeqBits) | stream.Current.Seq;

        public override void Filter(int indexNumber, byte* indexString, int count, nint* arguments)
        {
            Close();
            if (!engine.Session.IsInitialized || engine.Catalog.All.Count == 0)
            {
                throw NoTables(engine);
            }

            ScanRange range = new() { FromDbVersion = long.MinValue, ToDbVersion = long.MaxValue };
            (long From, long To) seq = (long.MinValue, long.MaxValue);
            bool exactVersion = false;
            for (int i = 0; i < count; i++)
            {
                Narrow(range, indexString[2 * i] - '0', (char)indexString[(2 * i) + 1], new Value(arguments[i]), ref seq, ref exactVersion);
            }

            if (exactVersion && seq.From != long.MinValue)
            {
                range.Start = ScanStart.Position;
                range.FromSeq = seq.From;
            }

            toSeq = exactVersion ? seq.To : long.MaxValue;

            stream = engine.Changes.Rent(range.OnlyTable);
            if (engine.Changes.IsBehindAll(range))
            {
                range.Filter = SiteFilter.None;
            }

            stream.Start(range);
            Next();
        }

        public override void Next() => hasRow = stream!.MoveNext() && stream.Current.Seq <= toSeq;

        public override void Column(nint context, int column)
        {
            ref readonly ChangeRow change = ref stream!.Current;
            switch (column)
            {
                case Table:
                    Result.Text(context, change.TableName);
                    break;
                case Key:
                    Result.Blob(context, change.KeyBlob);
                    break;
                case ColumnName:
                    Result.Text(context, change.ColumnName);
                    break;
                case Value:
                    ReturnValue(context, change.Value);
                    break;
                case ColumnVersion:
                    Result.Int64(context, change.ColumnVersion);
                    break;
                case DbVersion:
                    Result.Int64(context, change.DbVersion);
                    break;
                case Site:
                    Result.Blob(context, change.SiteId);
                    break;
                case CausalLength:
                    Result.Int64(context, change.CausalLength);
                    break;
                default:
                    Result.Int64(context, change.Seq);
                    break;
            }
        }

        public override void Close()
        {
            hasRow = false;
            if (stream != null)
            {
                engine.Changes.Return(stream);
                stream = null;
            }
        }

        /// <summary>Narrows the scan by one constraint. Values that are not integers (or not of the column's class) narrow nothing:
        /// SQLite compares them itself.</summary>
        private void Narrow(ScanRange range, int column, char op, Value value, ref (long From, long To) seqs, ref bool exactVersion)
        {
            bool integer = value.Type == StorageClass.Integer;
            switch (column)
            {
                case Table when value.Type == StorageClass.Text:
                    range.OnlyTable = value.Text.ToArray();
                    break;
                case Site when value.Type == StorageClass.Blob:
                    long? ordinal = engine.Session.Sites.Find(value.Blob);
                    range.Filter = ordinal == null ? SiteFilter.None : SiteFilter.Only;
                    range.SiteOrdinal = ordinal ?? 0;
                    break;
                case DbVersion when integer:
                    long version = value.Int64;
                    exactVersion |= op == '=';
                    Bound(range, op, version);
                    break;
                case Seq when integer:
                    long seq = value.Int64;
                    if (op is '=' or 'g' or '>')
                    {
                        seqs.From = Math.Max(seqs.From, op == '>' && seq < long.MaxValue ? seq + 1 : seq);
                    }

                    if (op is '=' or 'l' or '<')
                    {
                        seqs.To = Math.Min(seqs.To, op == '<' && seq > long.MinValue ? seq - 1 : seq);
                    }

                    break;
            }
        }

        private static void Bound(ScanRange range, char op, long version)
        {
            if (op is '=' or 'g' or '>')
            {
                if (op == '>' && version == long.MaxValue)
                {
                    range.Filter = SiteFilter.None;
                    return;
                }

                range.FromDbVersion = Math.Max(range.FromDbVersion, op == '>' ? version + 1 : version);
            }

            if (op is '=' or 'l' or '<')
            {
                if (op == '<' && version == long.MinValue)
                {
                    range.Filter = SiteFilter.None;
                    return;
                }

                range.ToDbVersion = Math.Min(range.ToDbVersion, op == '<' ? version - 1 : version);
            }
        }

        private void ReturnValue(nint context, in WireValue value)
        {
            if (value.IsElsewhere)
            {
                ReturnData(context, value);
            }
            else
            {
                StoredValue.Return(context, value);
            }
        }

        /// <summary>Reads the value into memory that SQLite takes over.</summary>
        private void ReturnData(nint context, in WireValue value)
        {
            byte* memory = Sqlite3.Allocate(value.Length);
            try
            {
                stream!.ReadData(0, memory, (int)value.Length);
            }
            catch
            {
                Sqlite3.Free(memory);
                throw;
            }

            if (value.Kind == WireKind.Text)
            {
                Result.OwnedText(context, memory, value.Length);
            }
            else
            {
                Result.OwnedBlob(context, memory, value.Length);
            }
        }
    }
}
