using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>Whether what a store has under this database's site id was written by this file: not where the file was copied, or restored from a backup, without a new
/// site id.</summary>
/// <param name="file">The database.</param>
/// <param name="store">The part of the store that is its own.</param>
internal sealed class OwnStream(DatabaseFile file, IChunkStore store)
{
    private const string Cure = "run SELECT cloudsync_new_site() in it, then sync again";

    /// <summary>The changes that this file has where the chunk is, and the chunk does not have. Changes only ever leave a position, none comes to it later. Three parts, each
    /// of which is a seek: the first version of the chunk, those between, and the last one.</summary>
    private const string LocalAlone = """
        WITH here AS (
            SELECT tbl, pk, col_name, col_version, cl, db_version, seq FROM cloudsync_changes
            WHERE site_id = cloudsync_siteid() AND db_version = ?2 AND seq >= ?3 AND seq <= iif(?2 = ?4, ?5, 9223372036854775807)
            UNION ALL
            SELECT tbl, pk, col_name, col_version, cl, db_version, seq FROM cloudsync_changes
            WHERE site_id = cloudsync_siteid() AND db_version > ?2 AND db_version < ?4
            UNION ALL
            SELECT tbl, pk, col_name, col_version, cl, db_version, seq FROM cloudsync_changes
            WHERE ?2 < ?4 AND site_id = cloudsync_siteid() AND db_version = ?4 AND seq <= ?5)
        SELECT EXISTS (
            SELECT * FROM here EXCEPT
            SELECT tbl, pk, coalesce(frag_column, col_name), col_version, cl, db_version, seq FROM cloudsync_payload_rows(?1))
        """;

    /// <summary>Refuses a stream of which this file is not the writer.</summary>
    /// <param name="reader">Reads the stream.</param>
    /// <param name="head">The stream's head.</param>
    /// <param name="until">Up to which version the file remembers to have written.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="ToolException">It is not, or the stream cannot be read.</exception>
    public async Task CheckAsync(ExportReader reader, ExportHead head, long until, CancellationToken cancellation)
    {
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
        ManifestChunk? last = part.Chunks.LastOrDefault(chunk => chunk.Name != null);
        bool isOurs = last == null || IsOurs(last, await reader.PayloadAsync(last, cancellation));

        // What this file does not remember to have written was written by another one, or by the command chunks: nothing in it may contradict.
        ChunkCursor remembered = ChunkCursor.Behind(until);
        if (isOurs && head.End > remembered)
        {
            ExportChain chain = await reader.ChainAsync(head, remembered, cancellation);
            await foreach (ManifestChunk chunk in reader.ChunksAsync(chain, remembered, cancellation))
            {
                if (chunk.Name != null && isOurs)
                {
                    byte[] payload = await reader.PayloadAsync(chunk, cancellation);
                    isOurs = IsOurs(chunk, payload) && !IsWrittenOtherwise(payload);
                }
            }
        }

        if (!isOurs)
        {
            throw new ToolException(ExitCode.Refused, file.Path,
                $"{store.Address} has other changes of this site id up to version {head.Until} than this file: it was copied or restored", Cure);
        }
    }

    /// <summary>Refuses to go on with an export of its own changes that another file wrote, as far as its last chunk shows it. Where the chunk is not there any more, it shows nothing.</summary>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="ToolException">The chunk contradicts the file.</exception>
    public async Task CheckExportAsync(CancellationToken cancellation)
    {
        ExportReader reader = new(store);
        if (await reader.FindHeadAsync(cancellation) is not { LastPart: not null } head || head.Site != file.Sync.Site.ToString() || head.Sites != ChunkSites.Own.ToString()
            || head.Until > file.Sync.DbVersion)
        {
            return;
        }

        bool isOurs = true;
        try
        {
            if ((await reader.PartAsync(head.LastPart, cancellation)).Chunks.LastOrDefault(chunk => chunk.Name != null) is ManifestChunk last)
            {
                byte[] payload = await reader.PayloadAsync(last, cancellation);
                isOurs = IsOurs(last, payload) && !IsWrittenOtherwise(payload);
            }
        }
        catch (ToolException failure) when (failure.Code == ExitCode.Refused)
        {
            // Who reads the export is told of it.
        }

        if (!isOurs)
        {
            throw new ToolException(ExitCode.Refused, store.Address,
                $"the export there has other changes of this site id up to version {head.Until} than this file: it was copied or restored",
                "run SELECT cloudsync_new_site() in it, then export it to another place");
        }
    }

    /// <summary>The changes of a chunk that this file never heard of: of a row without clocks, of a later life or death of the row, or of a newer version of a value. A column
    /// without a clock beside others was dropped.</summary>
    private static string StoredAlone(TrackedTable table) => $"""
        SELECT EXISTS (
            SELECT 1 FROM (
                SELECT pk, col_version, cl, coalesce(frag_column, col_name) AS name, EXISTS (SELECT 1 FROM {table.Clocks} AS c WHERE c.pk = r.pk) AS is_known,
                    coalesce((SELECT c.col_version FROM {table.Clocks} AS c WHERE c.pk = r.pk AND c.col_name = '__[RIP]__'), 1) AS known_cl
                FROM cloudsync_payload_rows(?1) AS r WHERE lower(tbl) = lower(?2)) AS r
            WHERE NOT is_known OR known_cl < r.cl
                OR known_cl = r.cl AND EXISTS (SELECT 1 FROM {table.Clocks} AS c WHERE c.pk = r.pk AND c.col_name = r.name AND c.col_version < r.col_version))
        """;

    /// <summary>The values that the file and the chunk have of equal version, and that are others: whether the file wrote its own, whether the chunk has a part of a long value,
    /// whether the long one cannot be the file's by its size (its data behind up to nine bytes), and both. The clock says where in the stream the file's is, for a seek.</summary>
    private static string Ties(TrackedTable table) => $"""
        SELECT c.site_id = 0, r.frag_column IS NOT NULL, r.frag_total_size NOT BETWEEN length(CAST(s.col_value AS BLOB)) AND length(CAST(s.col_value AS BLOB)) + 9,
            r.col_value, s.col_value
        FROM cloudsync_payload_rows(?1) AS r CROSS JOIN {table.Clocks} AS c ON c.pk = r.pk AND c.col_name = coalesce(r.frag_column, r.col_name)
        CROSS JOIN cloudsync_changes AS s ON s.tbl = ?2 AND s.db_version = c.db_version AND s.seq = c.seq AND s.pk = c.pk AND s.col_name = c.col_name
        WHERE lower(r.tbl) = lower(?2) AND (r.frag_part IS NULL OR r.frag_part IN (0, r.frag_parts - 1))
            AND c.col_version = r.col_version AND s.cl = r.cl AND +s.col_value IS NOT +r.col_value
        """;

    /// <summary>Whether a file that wrote what the chunk has would have another value there. One of another site took the place of its own only if it is the greater one.</summary>
    private static bool Contradicts(QueryRow tie)
    {
        (bool isOwn, bool isPart) = (tie.Number(0) != 0, tie.Number(1) != 0);
        return isPart ? !isOwn || tie.Number(2) != 0 : isOwn || ValueOrder.Compare(new SqlValue(tie.Value(3)), new SqlValue(tie.Value(4))) > 0;
    }

    private bool IsOurs(ManifestChunk chunk, byte[] payload)
    {
        // A position in which a chunk begins or ends may have more changes than the chunk: it is left out.
        (long firstVersion, long firstSeq) = (chunk.From.DbVersion, chunk.From.Offset > 0 ? chunk.From.Seq + 1 : chunk.From.Seq);
        (long lastVersion, long lastSeq) = chunk.IsFinal ? (chunk.Next.DbVersion, long.MaxValue) : (chunk.Next.DbVersion, chunk.Next.Seq - 1);
        return file.Number(LocalAlone, payload, firstVersion, firstSeq, lastVersion, lastSeq) == 0
            && TrackedTable.Of(file).Where(table => table.HasClocks).All(table => file.Number(StoredAlone(table), payload, table.Name) == 0);
    }

    private bool IsWrittenOtherwise(byte[] payload) =>
        TrackedTable.Of(file).Where(table => table.HasClocks).Any(table => file.Rows(Ties(table), payload, table.Name).Any(Contradicts));
}
