using ChunkSync.Sqlite;

namespace ChunkSync.Sql.Help;

/// <summary>The table <c>cloudsync_help</c>: everything that the extension registers, from the same source as it is registered from.
/// <code>
/// SELECT name, arity, summary FROM cloudsync_help WHERE kind = 'table';
/// </code>
/// There are no plans: every scan reads all of the few rows.</summary>
internal sealed unsafe class HelpTable(IReadOnlyList<HelpEntry> entries) : VirtualTable
{
    private const int Name = 0;
    private const int Arity = 1;
    private const int Kind = 2;
    private const int Summary = 3;
    private const int Example = 4;

    /// <summary>About as many as there are; a scan costs one step each.</summary>
    private const int EstimatedRows = 60;

    /// <summary>How SQLite registers it.</summary>
    /// <param name="entries">Gives what it shows, itself included.</param>
    public static ModuleDefinition Definition(Func<IReadOnlyList<HelpEntry>> entries) => new(
        "cloudsync_help", Writable: false, Transactional: false, _ => new HelpTable(entries()))
    {
        InSchema = SchemaUse.Innocuous,
        Summary = "This help: name, arity, kind, summary and example of everything that the extension registers, and whether a schema may use it.",
        Example = "SELECT name, arity, summary FROM cloudsync_help WHERE kind = 'table'",
    };

    public override string Declaration => "CREATE TABLE x(name TEXT, arity INTEGER, kind TEXT, summary TEXT, example TEXT, in_schema TEXT)";

    public override int BestIndex(IndexInfo* plan)
    {
        plan->EstimatedCost = EstimatedRows;
        plan->EstimatedRows = EstimatedRows;
        return ResultCode.Ok;
    }

    public override VirtualCursor Open() => new Cursor(entries);

    private sealed class Cursor(IReadOnlyList<HelpEntry> entries) : VirtualCursor
    {
        private int row;

        public override bool Eof => row >= entries.Count;

        public override long RowId => row + 1;

        public override void Filter(int indexNumber, byte* indexString, int count, nint* arguments) => row = 0;

        public override void Next() => row++;

        public override void Column(nint context, int column)
        {
            HelpEntry entry = entries[row];
            if (column == Arity)
            {
                Result.Int64(context, entry.Arity);
                return;
            }

            string text = column switch
            {
                Name => entry.Name,
                Kind => entry.Kind,
                Summary => entry.Summary,
                Example => entry.Example,
                _ => entry.InSchema,
            };
            Result.Text(context, text);
        }
    }
}
