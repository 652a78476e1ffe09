namespace ChunkSync.Tests.Host;

/// <summary>One row of <c>cloudsync_payload_chunks</c>.</summary>
public sealed record ChunkRow(
    byte[] Payload, long Index, long Size, long Rows, long Min, long Max, long Watermark, long NextDbVersion, long NextSeq,
    long NextOffset, bool IsFinal)
{
    private const string Columns =
        "payload, chunk_index, payload_size, rows, db_version_min, db_version_max, watermark_db_version, next_db_version, next_seq,"
        + " next_frag_offset, is_final";

    /// <summary>The rows of one query; <paramref name="inputs"/> are hidden columns with their values.</summary>
    public static List<ChunkRow> Read(Database database, IEnumerable<(string Column, object? Value)> inputs, bool onlyFirst = false)
    {
        List<(string Column, object? Value)> bound = [.. inputs];
        string where = string.Join(" AND ", bound.Select(input => input.Column + " = ?"));
        string sql = $"SELECT {Columns} FROM cloudsync_payload_chunks" + (where.Length == 0 ? "" : " WHERE " + where)
            + (onlyFirst ? " LIMIT 1" : "");
        return [.. database.Query(sql, [.. bound.Select(input => input.Value)]).Select(From)];
    }

    /// <summary>Pages through a window one chunk per query.</summary>
    /// <param name="database">The database.</param>
    /// <param name="inputs">The window's inputs.</param>
    /// <param name="between">Called between two pages.</param>
    public static List<ChunkRow> Drain(
        Database database, IEnumerable<(string Column, object? Value)> inputs, Func<Database, Database>? between = null)
    {
        List<(string Column, object? Value)> window = [.. inputs];
        List<ChunkRow> all = [];
        List<ChunkRow> page = Read(database, window, onlyFirst: true);
        while (page.Count == 1)
        {
            ChunkRow chunk = page[0];
            all.Add(chunk);
            Assert.True(all.Count < 100_000, "the drain does not end");
            if (chunk.IsFinal)
            {
                break;
            }

            database = between?.Invoke(database) ?? database;
            page = Read(database, chunk.Resume(window), onlyFirst: true);
        }

        return all;
    }

    /// <summary>The inputs of the page behind this chunk.</summary>
    public List<(string Column, object? Value)> Resume(IEnumerable<(string Column, object? Value)> window) =>
    [
        .. window.Where(input => input.Column is not ("since_db_version" or "until_db_version")),
        ("until_db_version", Watermark),
        ("resume_db_version", NextDbVersion),
        ("resume_seq", NextSeq),
        ("resume_frag_offset", NextOffset),
    ];

    /// <summary>Everything but the chunk's index in its scan, for comparing pages of different scans.</summary>
    public string Describe() =>
        $"rows {Rows} versions {Min}-{Max} watermark {Watermark} next ({NextDbVersion}, {NextSeq}, {NextOffset}) final {IsFinal}"
        + $" payload {Size} " + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Payload));

    private static ChunkRow From(object?[] row) => new(
        (byte[])row[0]!, (long)row[1]!, (long)row[2]!, (long)row[3]!, (long)row[4]!, (long)row[5]!, (long)row[6]!, (long)row[7]!,
        (long)row[8]!, (long)row[9]!, (long)row[10]! == 1);
}
