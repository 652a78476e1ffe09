using ChunkSync.Capture;
using ChunkSync.Catalog;
using ChunkSync.Keys;
using ChunkSync.Session;

namespace ChunkSync.Merge;

/// <summary>Captures merged rows that come into the filter of their table.</summary>
internal static class EnteredRow
{
    /// <summary>A row that comes into the filter with a received change is sent whole from now on.</summary>
    public static void Capture(MergeContext context, TrackedTable table, ReadOnlySpan<byte> key)
    {
        using KeyBuffer entered = new(context.Session.Connection);
        entered.Assign(key);
        FilteredRows rows = context.Filters.Rows(table);
        if (!rows.IsHidden(entered) || !rows.IsInside(entered))
        {
            return;
        }

        context.Clock.Advance();
        try
        {
            using CaptureScope scope = context.Session.Capturing();
            rows.Show(entered, context.Clocks.Writer(table));
        }
        finally
        {
            context.Clock.Advance();
        }
    }
}
