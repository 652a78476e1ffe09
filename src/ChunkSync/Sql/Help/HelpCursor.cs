using System.Text;
using ChunkSync.Sqlite;

namespace ChunkSync.Sql.Help;

/// <summary>One scan of <c>cloudsync_help</c>.</summary>
internal sealed unsafe class HelpCursor(IReadOnlyList<HelpEntry> entries) : VirtualCursor
{
    private int row;

    public override bool Eof => row >= entries.Count;

    public override long RowId => row + 1;

    public override void Filter(int indexNumber, byte* indexString, int count, nint* arguments) => row = 0;

    public override void Next() => row++;

    public override void Column(nint context, int column)
    {
        HelpEntry entry = entries[row];
        if (column == 1)
        {
            Result.Int64(context, entry.Arity);
            return;
        }

        string text = column switch { 0 => entry.Name, 2 => entry.Kind, 3 => entry.Summary, 4 => entry.Example, _ => entry.InSchema };
        Result.Text(context, Encoding.UTF8.GetBytes(text));
    }
}
