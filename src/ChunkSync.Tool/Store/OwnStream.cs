using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>Whether what a store has under this database's site id was written by this file: not where the file was copied, or restored from a backup, without a new
/// site id.</summary>
/// <param name="file">The database.</param>
/// <param name="store">The part of the store that is its own.</param>
internal sealed class OwnStream(DatabaseFile file, IChunkStore store)
{
    private const string Cure = "run SELECT cloudsync_new_site() in it, then sync again";

    /// <summary>The changes that this file has where the chunk is, and the chunk does not have. Changes only ever leave a position, none comes to it later.</summary>
    private const string LocalAlone = """
        SELECT EXISTS (
            SELECT tbl, pk, col_name, col_version, cl, db_version, seq FROM cloudsync_changes
            WHERE site_id = cloudsync_siteid() AND db_version >= ?2 AND db_version <= ?4
                AND (db_version, seq) >= (?2, ?3) AND (db_version, seq) <= (?4, ?5)
            EXCEPT
            SELECT tbl, pk, coalesce(frag_column, col_name), col_version, cl, db_version, seq FROM cloudsync_payload_rows(?1))
        """;

    /// <summary>Refuses a stream of which this file is not the writer.</summary>
    /// <param name="head">The stream's head.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="ToolException">It is not, or the stream cannot be read.</exception>
    public async Task CheckAsync(ExportHead head, CancellationToken cancellation)
    {
        ExportReader reader = new(store);
        if (head.Site != file.Sync.Site.ToString() || head.Sites != ChunkSites.Own.ToString())
        {
            throw reader.Refuse(StoreNames.Head, "it is not the stream of the site whose folder it is in");
        }

        long newest = file.Sync.DbVersion;
        if (head.Until > newest)
        {
            throw new ToolException(ExitCode.Refused, file.Path,
                $"{store.Address} has changes of this site id up to version {head.Until}, and this file ends at {newest}: it was copied or restored", Cure);
        }

        if (head.LastPart == null)
        {
            return;
        }

        ManifestPart part = await reader.PartAsync(head.LastPart, cancellation);
        if (part.Chunks.LastOrDefault(chunk => chunk.Name != null) is ManifestChunk last && !IsOurs(last, await reader.PayloadAsync(last, cancellation)))
        {
            throw new ToolException(ExitCode.Refused, file.Path,
                $"{store.Address} has other changes of this site id up to version {head.Until} than this file: it was copied or restored", Cure);
        }
    }

    /// <summary>The changes of a chunk that this file never heard of: of a row without clocks, or of a newer version of a value. A column without a clock beside others was
    /// dropped, and a row of a higher causal length was deleted since.</summary>
    private static string StoredAlone(TrackedTable table) => $"""
        SELECT EXISTS (
            SELECT 1 FROM cloudsync_payload_rows(?1) AS r
            WHERE lower(r.tbl) = lower(?2) AND (NOT EXISTS (SELECT 1 FROM {table.Clocks} AS c WHERE c.pk = r.pk)
                OR (coalesce((SELECT c.col_version FROM {table.Clocks} AS c WHERE c.pk = r.pk AND c.col_name = '__[RIP]__'), 1) <= r.cl
                    AND EXISTS (SELECT 1 FROM {table.Clocks} AS c WHERE c.pk = r.pk AND c.col_name = coalesce(r.frag_column, r.col_name)
                        AND c.col_version < r.col_version))))
        """;

    private bool IsOurs(ManifestChunk chunk, byte[] payload)
    {
        // A position in which a chunk begins or ends may have more changes than the chunk: it is left out.
        (long firstVersion, long firstSeq) = (chunk.From.DbVersion, chunk.From.Offset > 0 ? chunk.From.Seq + 1 : chunk.From.Seq);
        (long lastVersion, long lastSeq) = chunk.IsFinal ? (chunk.Next.DbVersion, long.MaxValue) : (chunk.Next.DbVersion, chunk.Next.Seq - 1);
        return file.Number(LocalAlone, payload, firstVersion, firstSeq, lastVersion, lastSeq) == 0
            && TrackedTable.Of(file).Where(table => table.HasClocks).All(table => file.Number(StoredAlone(table), payload, table.Name) == 0);
    }
}
