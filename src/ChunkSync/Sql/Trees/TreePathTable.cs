using ChunkSync.Keys;
using ChunkSync.Sqlite;
using ChunkSync.Trees;

namespace ChunkSync.Sql.Trees;

/// <summary>The table <c>cloudsync_tree_path(table, key)</c>: the rows from the root (depth 1) to a key. A key without a row ends the path upwards,
/// with <c>present</c> 0.
/// <code>
/// SELECT key, depth FROM cloudsync_tree_path('items', 'a');
/// </code>
/// idxNum has the bits of the inputs that are given.</summary>
internal sealed unsafe class TreePathTable(Engine engine) : VirtualTable
{
    private const string Name = "cloudsync_tree_path";
    private const int FirstInput = 3;
    private const int Inputs = 2;

    /// <summary>How SQLite registers it.</summary>
    public static ModuleDefinition Definition { get; } = new(Name, Writable: false, Transactional: false, state => new TreePathTable((Engine)state))
    {
        InSchema = SchemaUse.Trusted,
        Summary = "The rows from the root of a tree down to a key; a key that has no row ends the path upwards, with present 0.",
        Example = "SELECT key, depth FROM cloudsync_tree_path('items', 'a')",
    };

    public override string Declaration => "CREATE TABLE x(key, depth INTEGER, present INTEGER, tbl HIDDEN, start HIDDEN)";

    public override int BestIndex(IndexInfo* plan) => TreeInputs.Plan(plan, FirstInput, Inputs);

    public override VirtualCursor Open() => new Cursor(engine);

    private sealed class Cursor(Engine engine) : VirtualCursor
    {
        private TreePath? path;
        private int row;

        public override bool Eof => path == null || row >= path.Count;

        public override long RowId => row + 1;

        public override void Filter(int indexNumber, byte* indexString, int count, nint* arguments)
        {
            Close();
            Span<Value> inputs = stackalloc Value[Inputs];
            HiddenInputs.Read(indexNumber, arguments, inputs);
            TreeTable tree = TreeInputs.Tree(engine, inputs[0], Name);
            row = 0;
            if (inputs[1].IsGiven)
            {
                path = new TreePath(engine.Connection, tree, inputs[1]);
            }
        }

        public override void Next() => row++;

        public override void Column(nint context, int column)
        {
            int fromBelow = path!.Count - 1 - row;
            switch (column)
            {
                case 0:
                    StoredValue.Return(context, path[fromBelow]);
                    break;
                case 1:
                    Result.Int64(context, row + 1);
                    break;
                case 2:
                    Result.Int64(context, row > 0 || path.IsTopPresent ? 1 : 0);
                    break;
                default:
                    Result.Null(context);
                    break;
            }
        }

        public override void Close()
        {
            path?.Dispose();
            path = null;
        }
    }
}
