using ChunkSync.Keys;
using ChunkSync.Sqlite;
using ChunkSync.Trees;

namespace ChunkSync.Sql.Trees;

/// <summary>The table <c>cloudsync_tree_descendants(table, key [, max_depth])</c>: everything below a key, depth first, siblings in order.
/// <code>
/// SELECT key, parent, pos, depth FROM cloudsync_tree_descendants('items', NULL);
/// </code>
/// idxNum has the bits of the inputs that are given.</summary>
internal sealed unsafe class TreeDescendantsTable(Engine engine) : VirtualTable
{
    private const string Name = "cloudsync_tree_descendants";
    private const int FirstInput = 4;
    private const int Inputs = 3;

    /// <summary>How SQLite registers it.</summary>
    public static ModuleDefinition Definition { get; } = new(Name, Writable: false, Transactional: false, state => new TreeDescendantsTable((Engine)state))
    {
        InSchema = SchemaUse.Trusted,
        Summary = "Everything below a row of a tree (NULL: the forest), depth first, siblings in order; children have depth 1.",
        Example = "SELECT key, parent, pos, depth FROM cloudsync_tree_descendants('items', NULL)",
    };

    public override string Declaration => "CREATE TABLE x(key, parent, pos, depth INTEGER, tbl HIDDEN, start HIDDEN, max_depth HIDDEN)";

    public override int BestIndex(IndexInfo* plan) => TreeInputs.Plan(plan, FirstInput, Inputs);

    public override VirtualCursor Open() => new Cursor(engine);

    private sealed class Cursor(Engine engine) : VirtualCursor
    {
        private TreeWalk? walk;
        private bool isAtRow;
        private long row;

        public override bool Eof => !isAtRow;

        public override long RowId => row;

        public override void Filter(int indexNumber, byte* indexString, int count, nint* arguments)
        {
            Close();
            Span<Value> inputs = stackalloc Value[Inputs];
            HiddenInputs.Read(indexNumber, arguments, inputs);
            TreeTable tree = TreeInputs.Tree(engine, inputs[0], Name);
            long depth = long.MaxValue;
            if (inputs[2].IsGiven)
            {
                depth = inputs[2].Type == StorageClass.Integer && inputs[2].Int64 >= 0 ? inputs[2].Int64
                    : throw Errors.BadArgument(Name, $"max_depth must be an integer of at least 0, not {SqlText.Describe(inputs[2])}");
            }

            walk = new TreeWalk(engine.Connection, tree, inputs[1], depth);
            row = 0;
            Next();
        }

        public override void Next()
        {
            isAtRow = false;
            isAtRow = walk!.MoveNext();
            row++;
        }

        public override void Column(nint context, int column)
        {
            switch (column)
            {
                case 0:
                    StoredValue.Return(context, walk!.Key);
                    break;
                case 1:
                    StoredValue.Return(context, walk!.Parent);
                    break;
                case 2:
                    StoredValue.Return(context, walk!.Position);
                    break;
                case 3:
                    Result.Int64(context, walk!.Depth);
                    break;
                default:
                    Result.Null(context);
                    break;
            }
        }

        public override void Close()
        {
            walk?.Dispose();
            walk = null;
            isAtRow = false;
        }
    }
}
