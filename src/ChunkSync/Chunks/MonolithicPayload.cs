using ChunkSync.Catalog;
using ChunkSync.Changes;
using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Chunks;

/// <summary>All changes behind a position as one payload (behaviour G.4, G.5).</summary>
internal static unsafe class MonolithicPayload
{
    /// <summary>Encodes the changes strictly behind (since, seq).</summary>
    /// <param name="catalog">The tracked tables.</param>
    /// <param name="changes">Where the changes come from.</param>
    /// <param name="since">db_version of the position.</param>
    /// <param name="seq">seq of the position; null when everything of that db_version is behind it.</param>
    /// <param name="filter">Which sites.</param>
    /// <param name="site">The filter's site.</param>
    /// <param name="maxEstimate">The largest uncompressed size that is encoded; null for no limit.</param>
    /// <param name="length">The payload's length.</param>
    /// <returns>The payload in memory of <see cref="Sqlite3.Allocate"/>; null when there are no changes.</returns>
    public static byte* Encode(
        TableCatalog catalog, ChangeStreamPool changes, long since, long? seq, SiteFilter filter, long site, long? maxEstimate, out long length)
    {
        ScanRange range = new()
        {
            Start = seq == null ? ScanStart.Version : ScanStart.Position,
            FromDbVersion = seq == null && since < long.MaxValue ? since + 1 : since,
            FromSeq = seq is long last && last < long.MaxValue ? last + 1 : long.MaxValue,
            ToDbVersion = long.MaxValue,
            Filter = filter,
            SiteOrdinal = site,
        };
        using PayloadEncoder encoder = new(catalog);
        ChangeStream stream = changes.Rent();
        try
        {
            stream.Start(range);
            long estimate = ContainerHeader.Length;
            long rows = 0;
            while (stream.MoveNext())
            {
                long size = ChangeRowCodec.SizeOf(stream.Current);
                estimate += size;
                rows++;
                if (maxEstimate == null || estimate <= maxEstimate)
                {
                    encoder.Commit(SourceRow.Write(stream, encoder.BeginRow(size)));
                }
            }

            if (maxEstimate is long limit && rows > 0 && estimate > limit)
            {
                throw Errors.Refused("cloudsync_error[payload_too_large]: cloudsync_payload_blob_checked: estimated"
                    + $" payload size {estimate} exceeds max_estimated_payload_size {limit}");
            }

            length = 0;
            return rows == 0 ? null : encoder.Finish(out length);
        }
        finally
        {
            changes.Return(stream);
        }
    }
}
