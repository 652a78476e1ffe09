using ChunkSync.Sqlite;

namespace ChunkSync.Backfill;

/// <summary>The weight of a row: 8, plus per stored column 0 for NULL, 8 for a number, and its octets for text and blobs.</summary>
internal sealed class RowWeight
{
    private const long Fixed = 8;

    /// <summary>SQLite 3.43, the first with <c>octet_length</c>: it does not read long values.</summary>
    private const int FirstWithOctetLength = 3_043_000;

    /// <summary>SQLITE_MAX_FUNCTION_ARG of an ordinary build.</summary>
    private const int MostArguments = 100;

    private readonly bool givesColumns;

    public RowWeight(PlanKey key, int version)
    {
        // Native lengths are those of UTF-8.
        givesColumns = version < FirstWithOctetLength && key.Encoding is System.Text.UTF8Encoding && key.StoredColumns.Count <= MostArguments;
        Sql = Sum([Fixed.ToString(System.Globalization.CultureInfo.InvariantCulture), .. key.StoredColumns.Select(column => Term(column, version))]);
        Tick = "chunksync_backfill_tick(" + (givesColumns ? string.Join(", ", key.StoredColumns) : Sql) + ")";
    }

    /// <summary>The weight as an SQL expression.</summary>
    public string Sql { get; }

    /// <summary>The call of the counting function.</summary>
    public string Tick { get; }

    /// <summary>The weight that a call of <see cref="Tick"/> says.</summary>
    public long Of(in Call call)
    {
        if (!givesColumns)
        {
            return call[0].Int64;
        }

        long weight = Fixed;
        for (int i = 0; i < call.Count; i++)
        {
            Value value = call[i];
            weight += value.Type switch
            {
                StorageClass.Null => 0,
                StorageClass.Integer or StorageClass.Real => 8,
                _ => value.Length,
            };
        }

        return weight;
    }

    private static string Term(string column, int version) =>
        $"CASE typeof({column}) WHEN 'null' THEN 0 WHEN 'integer' THEN 8 WHEN 'real' THEN 8 ELSE "
        + (version >= FirstWithOctetLength ? $"octet_length({column})" : $"length(CAST({column} AS BLOB))") + " END";

    /// <summary>A sum as a balanced tree: SQLite limits the depth of expressions.</summary>
    private static string Sum(ReadOnlySpan<string> terms) => terms.Length switch
    {
        1 => terms[0],
        <= 3 => string.Join(" + ", terms!),
        _ => "(" + Sum(terms[..(terms.Length / 2)]) + ") + (" + Sum(terms[(terms.Length / 2)..]) + ")",
    };
}
