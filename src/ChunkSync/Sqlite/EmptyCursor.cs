namespace ChunkSync.Sqlite;

/// <summary>A scan without rows.</summary>
internal sealed unsafe class EmptyCursor : VirtualCursor
{
    public override bool Eof => true;

    public override long RowId => 0;

    public override void Filter(int indexNumber, byte* indexString, int count, nint* arguments)
    {
    }

    public override void Next()
    {
    }

    public override void Column(nint context, int column) => Result.Null(context);
}
