using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Waiting;

/// <summary>A database that takes part in a history of refused changes.</summary>
internal static class RefusingReplica
{
    private const string Encode =
        "SELECT cloudsync_payload_encode(tbl, pk, col_name, col_value, col_version, db_version, site_id, cl, seq) FROM";

    /// <summary>A new database.</summary>
    /// <param name="schema">Its tables, and the calls that track them.</param>
    /// <param name="refused">Setting <c>apply_refused</c>; null to leave it unset.</param>
    public static Database Open(string schema, string? refused = "wait")
    {
        Database database = Database.Open();
        database.Exec(schema);
        if (refused != null)
        {
            database.Run("SELECT cloudsync_set('apply_refused', ?)", refused);
        }

        return database;
    }

    /// <summary>What a database has written itself behind a db_version, as one payload; null when that is nothing.</summary>
    public static byte[]? Payload(Database database, long since = 0) => (byte[]?)database.Scalar(
        $"{Encode} (SELECT * FROM cloudsync_changes WHERE site_id = cloudsync_siteid() AND db_version > ? ORDER BY db_version, seq)", since);

    /// <summary>Everything that a database has, as one payload.</summary>
    public static byte[]? All(Database database) => (byte[]?)database.Scalar($"{Encode} (SELECT * FROM cloudsync_changes ORDER BY db_version, seq)");

    /// <summary>What a database has written itself, one payload per change row.</summary>
    public static List<byte[]> Rows(Database database) => [.. database.Query(
        $"{Encode} (SELECT * FROM cloudsync_changes WHERE site_id = cloudsync_siteid() ORDER BY db_version, seq) GROUP BY db_version, seq, tbl, pk, col_name")
        .Select(row => (byte[])row[0]!)];

    /// <summary>Applies a payload.</summary>
    public static void Apply(Database database, byte[]? payload)
    {
        if (payload != null)
        {
            database.Scalar("SELECT cloudsync_payload_apply(?)", payload);
        }
    }

    /// <summary>The rows of a query as text.</summary>
    public static string[] Read(Database database, string query) =>
        [.. database.Query(query).Select(row => string.Join("|", row.Select(value => value is byte[] blob ? Convert.ToHexString(blob) : value ?? "NULL")))];

    /// <summary>What waits: table, key, columns, reason.</summary>
    public static string[] Waiting(Database database) => Read(database, "SELECT tbl, key, columns, reason FROM cloudsync_waiting ORDER BY 1, 2");
}
