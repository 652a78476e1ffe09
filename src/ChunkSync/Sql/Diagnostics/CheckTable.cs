using ChunkSync.Diagnostics;
using ChunkSync.Sqlite;

namespace ChunkSync.Sql.Diagnostics;

/// <summary>The table <c>cloudsync_check</c>: what is wrong with this database, and what helps.
/// <code>
/// SELECT id, severity, tbl, key, n, text, cure FROM cloudsync_check;
/// SELECT … FROM cloudsync_check('items');     -- of one table
/// SELECT … FROM cloudsync_check(NULL, 1);     -- deep: all rows are read
/// </code>
/// idxNum: bits of the hidden inputs that are given.</summary>
internal sealed unsafe class CheckTable(Engine engine) : VirtualTable
{
    private const string Name = "cloudsync_check";
    private const int OnlyTable = 7;
    private const int Deep = 8;
    private const int InputCount = 2;
    private const int EstimatedRows = 20;

    /// <summary>How SQLite registers it.</summary>
    public static ModuleDefinition Definition { get; } = new(
        Name, Writable: false, Transactional: false, state => new CheckTable((Engine)state))
    {
        InSchema = SchemaUse.DirectOnly,
        Arguments = InputCount,
        Summary = "What is wrong with this database: one row per finding with its cure in SQL. Reads only. Arguments: a table, or NULL for all; 1 to read"
            + " all rows, too.",
        Example = "SELECT id, severity, tbl, key, n, text, cure FROM cloudsync_check(NULL, 1)",
    };

    public override string Declaration =>
        "CREATE TABLE x(id TEXT, severity TEXT, tbl TEXT, key TEXT, n INTEGER, text TEXT, cure TEXT, only_tbl HIDDEN, deep HIDDEN)";

    public override int BestIndex(IndexInfo* plan) => HiddenInputs.Plan(plan, OnlyTable, InputCount, EstimatedRows, EstimatedRows);

    public override VirtualCursor Open() => new Cursor(engine);

    private sealed class Cursor(Engine engine) : VirtualCursor
    {
        private IReadOnlyList<Finding> findings = [];
        private string? only;
        private long deep;
        private int row;

        public override bool Eof => row >= findings.Count;

        public override long RowId => row + 1;

        public override void Filter(int indexNumber, byte* indexString, int count, nint* arguments)
        {
            row = 0;
            Span<Value> inputs = stackalloc Value[InputCount];
            HiddenInputs.Read(indexNumber, arguments, inputs);
            only = inputs[0].IsGiven && !inputs[0].IsNull ? inputs[0].String : null;
            deep = inputs[1].IsGiven && !inputs[1].IsNull ? inputs[1].Int64 : 0;
            findings = [];
            findings = engine.Checker.Run(only, deep != 0);
        }

        public override void Next() => row++;

        public override void Column(nint context, int column)
        {
            Finding finding = findings[row];
            switch (column)
            {
                case 0:
                    Result.Text(context, finding.Id);
                    break;
                case 1:
                    Result.Text(context, finding.Severity switch
                    {
                        Severity.Error => "error",
                        Severity.Warning => "warning",
                        _ => "info",
                    });
                    break;
                case 2:
                    Result.Text(context, finding.Table);
                    break;
                case 3:
                    Result.Text(context, finding.Key);
                    break;
                case 4:
                    Result.Int64(context, finding.Count);
                    break;
                case 5:
                    Result.Text(context, finding.Text);
                    break;
                case 6:
                    Result.Text(context, finding.Cure);
                    break;
                case OnlyTable:
                    Result.Text(context, only);
                    break;
                default:
                    Result.Int64(context, deep);
                    break;
            }
        }
    }
}
