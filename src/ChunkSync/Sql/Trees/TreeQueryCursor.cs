using ChunkSync.Sqlite;
using ChunkSync.Trees;

namespace ChunkSync.Sql.Trees;

/// <summary>A cursor over a query about one tree.</summary>
/// <param name="engine">The engine.</param>
/// <param name="name">The table's name, for messages.</param>
/// <param name="query">The query for a tree; its columns are the table's.</param>
/// <param name="columns">How many columns it has.</param>
internal sealed unsafe class TreeQueryCursor(Engine engine, string name, Func<TreeNames, string> query, int columns) : VirtualCursor
{
    private Statement? rows;
    private bool isAtRow;
    private long row;

    public override bool Eof => !isAtRow;

    public override long RowId => row;

    public override void Filter(int indexNumber, byte* indexString, int count, nint* arguments)
    {
        Close();
        Span<Value> inputs = stackalloc Value[1];
        HiddenInputs.Read(indexNumber, arguments, inputs);
        rows = engine.Connection.Prepare(query(TreeInputs.Tree(engine, inputs[0], name).Names));
        row = 0;
        Next();
    }

    public override void Next()
    {
        isAtRow = false;
        isAtRow = rows!.Step();
        row++;
    }

    public override void Column(nint context, int column)
    {
        if (column < columns)
        {
            Sqlite3.Api->result_value(context, rows!.ColumnValue(column).Handle);
        }
        else
        {
            Result.Null(context);
        }
    }

    public override void Close()
    {
        rows?.Dispose();
        rows = null;
        isAtRow = false;
    }
}
