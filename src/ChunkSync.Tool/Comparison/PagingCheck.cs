using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>Compares chunks that are read page by page, each by a seek of its own, with the chunks of one scan.</summary>
internal sealed class PagingCheck(DatabaseFile file, ChunkWindow window, int? chunkSize)
{
    private readonly ReadOptions options = new() { MaxChunkSize = chunkSize };
    private readonly List<ScannedChunk> scan = [];
    private readonly List<string> differences = [];
    private long pages;

    /// <summary>Runs it.</summary>
    /// <param name="isEveryCut">Whether reading also begins at every position and goes on behind every chunk.</param>
    /// <param name="progress">Counts the changes that are read.</param>
    public async Task<PagingResult> RunAsync(bool isEveryCut, RowProgress progress)
    {
        file.Run("BEGIN");
        progress.Begin(null);
        Scan(progress);
        progress.End();
        SetTotal(progress, isEveryCut);
        CancellationToken cancellation = file.Context.Cancellation;
        List<ChunkBookmark> bookmarks = [];
        int index = 0;
        progress.Begin(RowCount);
        await foreach (Chunk chunk in file.Sync.ReadAsync(window, options, cancellation))
        {
            Compare(index++, chunk, "page");
            progress.Add(chunk.Rows);
            bookmarks.Add(chunk.Resume);
        }

        progress.End();
        if (index != scan.Count)
        {
            differences.Add($"{index} pages, but {scan.Count} chunks of one scan");
        }

        long positions = 0;
        if (isEveryCut)
        {
            for (int cut = 0; cut + 1 < bookmarks.Count; cut++)
            {
                int next = cut + 1;
                progress.Begin(RowsBehind(cut));
                await foreach (Chunk chunk in file.Sync.ReadAsync(bookmarks[cut], options, cancellation))
                {
                    Compare(next++, chunk, $"behind chunk {cut}, page");
                    progress.Add(chunk.Rows);
                }

                progress.End();
            }

            positions = await ComparePositionsAsync(progress, cancellation);
        }

        file.Run("COMMIT");
        progress.Finish();
        return new PagingResult(file.Path, differences.Count == 0, scan.Count, RowCount, pages, positions, differences);
    }

    private long RowCount => scan.Sum(chunk => chunk.Rows.Count);

    /// <summary>So many changes are read by the page from one position, about.</summary>
    private long RowsOfPage => Math.Max(1, RowCount / Math.Max(1, scan.Count));

    private long RowsBehind(int cut) => scan.Skip(cut + 1).Sum(chunk => chunk.Rows.Count);

    /// <summary>How many changes will have been read at the end.</summary>
    private void SetTotal(RowProgress progress, bool isEveryCut) =>
        progress.Total = (2 * RowCount) + (isEveryCut ? Enumerable.Range(0, scan.Count).Sum(RowsBehind) + (RowCount * RowsOfPage) : 0);

    /// <summary>One statement, from the first row to the last.</summary>
    private void Scan(RowProgress progress)
    {
        bool isSince = window.From is { Seq: 0, Offset: 0, DbVersion: > 0 };
        foreach (QueryRow row in file.Rows(
            "SELECT payload, next_db_version, next_seq, next_frag_offset FROM cloudsync_payload_chunks(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9)",
            isSince ? window.From.DbVersion - 1 : null,
            window.Sites.HasSite ? window.Sites.Site.ToByteArray() : null,
            window.Until,
            window.Sites.IsExcluded ? 1L : 0L,
            isSince ? null : window.From.DbVersion,
            isSince ? null : window.From.Seq,
            isSince ? null : window.From.Offset,
            window.MaxWindowBytes == 0 ? null : window.MaxWindowBytes,
            (long?)chunkSize))
        {
            byte[] payload = row.Blob(0).ToArray();
            scan.Add(new ScannedChunk(Sha256.Hash(payload), new ChunkCursor(row.Number(1), row.Number(2), row.Number(3)), RowsOf(payload)));
            progress.Add(scan[^1].Rows.Count);
        }
    }

    private void Compare(int index, Chunk chunk, string what)
    {
        pages++;
        bool isSame = index < scan.Count && scan[index].Next == chunk.Next && Sha256.Hash(chunk.Payload.Span).AsSpan().SequenceEqual(scan[index].Hash);
        if (!isSame)
        {
            differences.Add($"{what} {index} from {chunk.From}");
        }
    }

    /// <summary>From every position that a change has one page: its changes have to be those of the scan from there on.</summary>
    private async Task<long> ComparePositionsAsync(RowProgress progress, CancellationToken cancellation)
    {
        List<ScannedRow> all = [.. scan.SelectMany(chunk => chunk.Rows)];
        long count = 0;
        long rowsOfPage = RowsOfPage;
        progress.Begin(RowCount * rowsOfPage);
        for (int first = 0; first < all.Count; first++)
        {
            progress.Add(rowsOfPage);

            // Parts behind the first one lie inside of a position, changes may share one.
            if (first > 0 && all[first].Position == all[first - 1].Position)
            {
                continue;
            }

            count++;
            await foreach (Chunk chunk in file.Sync.ReadAsync(From(all[first].Position), options, cancellation))
            {
                pages++;
                List<ScannedRow> rows = RowsOf(chunk.Payload.ToArray());
                bool isSame = first + rows.Count <= all.Count;
                for (int i = 0; isSame && i < rows.Count; i++)
                {
                    isSame = rows[i].Hash.AsSpan().SequenceEqual(all[first + i].Hash);
                }

                if (!isSame)
                {
                    differences.Add($"page from {chunk.From}");
                }

                break;
            }
        }

        progress.End();
        return count;
    }

    private ChunkWindow From(ChunkCursor position) => new(position) { Until = window.Until, Sites = window.Sites, MaxWindowBytes = window.MaxWindowBytes };

    private List<ScannedRow> RowsOf(byte[] payload) =>
    [
        .. file.Rows("SELECT db_version, seq, encoded FROM cloudsync_payload_rows(?1)", payload)
            .Select(row => new ScannedRow(new ChunkCursor(row.Number(0), row.Number(1), 0), Sha256.Hash(row.Blob(2)))),
    ];
}
