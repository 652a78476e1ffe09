using ChunkSync.Chunks;
using ChunkSync.Receive;
using ChunkSync.Sqlite;

namespace ChunkSync.Sql;

/// <summary>One scan of <c>cloudsync_receive_gaps</c>. All rows are read at its start: chunks may be received while it goes on.</summary>
internal sealed unsafe class ReceiveGapsCursor(Engine engine) : VirtualCursor
{
    private List<StreamGap> gaps = [];
    private int row;

    public override bool Eof => row >= gaps.Count;

    public override long RowId => row + 1;

    public override void Filter(int indexNumber, byte* indexString, int count, nint* arguments)
    {
        row = 0;
        Value site = count > 0 ? new Value(arguments[0]) : default;
        bool given = count > 0 && !site.IsNull;
        gaps = engine.Receiver.Ranges.Gaps(given ? ReceiveRequest.ReadSite(site, ReceiveGapsTable.Name) : default);
    }

    public override void Next() => row++;

    public override void Column(nint context, int column)
    {
        StreamGap gap = gaps[row];
        switch (column)
        {
            case 0 or ReceiveGapsTable.OnlySite:
                // The input reads back as the sender: where a forced join order keeps it from being bound, SQLite compares it.
                Result.Blob(context, gap.Site);
                break;
            case 1 or 2 or 3:
                Number(context, gap.From, column - 1);
                break;
            case 4 or 5 or 6 when gap.To is Cursor end:
                Number(context, end, column - 4);
                break;
            default:
                Result.Null(context);
                break;
        }
    }

    private static void Number(nint context, Cursor cursor, int field) =>
        Result.Int64(context, field switch { 0 => cursor.DbVersion, 1 => cursor.Seq, _ => cursor.Offset });
}
