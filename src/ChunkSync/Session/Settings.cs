using ChunkSync.Sqlite;

namespace ChunkSync.Session;

/// <summary>Table <c>cloudsync_settings</c> (behaviour E.3): keys compare without case, all values are stored as TEXT. Before the
/// first init there is no table: every key is absent.</summary>
internal sealed class Settings
{
    public const string Version = "version";
    public const string SchemaVersion = "schemaversion";
    public const string SendDbVersion = "send_dbversion";
    public const string SendSeq = "send_seq";
    public const string CheckDbVersion = "check_dbversion";
    public const string CheckSeq = "check_seq";
    public const string PayloadMaxChunkSize = "payload_max_chunk_size";
    public const string SkipSchemaHashCheck = "skip_schema_hash_check";
    public const string PreAlterDbVersion = "pre_alter_dbversion";
    public const string Schema = "schema";
    public const string ApplyRefused = "apply_refused";
    public const string SchemaCheck = "schema_check";
    public const string WaitingMax = "waiting_max";
    public const string WaitingMaxBytes = "waiting_max_bytes";
    public const string WaitingBudget = "waiting_budget";

    /// <summary>Up to which local db_version it was looked whether something came that waiting changes need.</summary>
    public const string WaitingDbVersion = "waiting_dbversion";

    /// <summary>The schema_version at which all waiting changes were due last.</summary>
    public const string WaitingSchema = "waiting_schema";

    /// <summary>That changes of the own site arrived which this file never made; not one that users set.</summary>
    public const string ForeignOwn = "chunksync_foreign_own";

    /// <summary>What stands before a sender's site id in hex: that what it sent in a range which was booked has won.</summary>
    public const string BookedNews = "chunksync_booked_news:";

    /// <summary>What stands before a table and a column, in hex: how many received values the column stored as others, and its type.</summary>
    public const string Converted = "chunksync_converted:";

    /// <summary>How many rows the conflict log keeps; 0 for none.</summary>
    public const string ConflictLog = "conflict_log";

    /// <summary>Memory for the rows that a call has changed, in bytes.</summary>
    public const string AppliedBytes = "applied_bytes";

    /// <summary>Key, in front of a name: changes of an untracked table of that name are dropped.</summary>
    public const string IgnoredTable = "ignored:";

    /// <summary>Whether payloads are taken by the names of tables and columns; otherwise by the hash of the schema.</summary>
    /// <param name="byDefault">What holds where it is not set.</param>
    public bool MatchesNames(bool byDefault) => (Integer(SkipSchemaHashCheck) ?? 0) != 0
        || (Text(SchemaCheck) is string check ? AsciiNames.Same(check, "names") : byDefault);

    /// <summary>The same for a file as a whole: where it is not set, files that receive match names.</summary>
    public bool MatchesNamesByReceipt()
    {
        if (Text(SchemaCheck) is string check)
        {
            return AsciiNames.Same(check, "names");
        }

        return connection.HasTable("cloudsync_receive_ranges");
    }

    /// <summary>When operations of trees are folded in: <c>immediate</c>, or <c>deferred</c> until somebody asks.</summary>
    public const string TreeCatchUp = "tree_catchup";

    /// <summary>The table.</summary>
    public static MetadataTable Table { get; } = new("cloudsync_settings", "(key TEXT PRIMARY KEY NOT NULL COLLATE NOCASE, value TEXT)");

    private readonly SiteDirectory sites;
    private readonly Statement readInteger;
    private readonly Statement readText;
    private readonly Connection connection;
    private readonly Statement write;
    private readonly Statement remove;

    public Settings(Connection connection, SiteDirectory sites)
    {
        this.sites = sites;
        readInteger = connection.Prepare("SELECT CAST(value AS INTEGER) FROM main.cloudsync_settings WHERE key = ?1");
        readText = connection.Prepare("SELECT CAST(value AS TEXT) FROM main.cloudsync_settings WHERE key = ?1");
        this.connection = connection;
        write = connection.Prepare(
            "INSERT INTO main.cloudsync_settings(key, value) VALUES (?1, CAST(?2 AS TEXT))"
            + " ON CONFLICT(key) DO UPDATE SET value = excluded.value");
        remove = connection.Prepare("DELETE FROM main.cloudsync_settings WHERE key = ?1");
    }

    /// <summary>A setting converted as SQLite converts TEXT to INTEGER; null when it is absent.</summary>
    public long? Integer(string key)
    {
        if (!sites.HasLocal)
        {
            return null;
        }

        readInteger.Bind(1, key);
        long? value = readInteger.Step() && !readInteger.IsNull(0) ? readInteger.Int64(0) : null;
        readInteger.Reset();
        return value;
    }

    /// <summary>A setting's text; null when it is absent.</summary>
    public string? Text(string key)
    {
        if (!sites.HasLocal)
        {
            return null;
        }

        readText.Bind(1, key);
        string? value = readText.Step() && !readText.IsNull(0) ? readText.String(0) : null;
        readText.Reset();
        return value;
    }

    /// <summary>Stores a setting.</summary>
    public void Set(string key, string value)
    {
        write.Bind(1, key).Bind(2, value);
        write.Run();
    }

    /// <summary>Stores a number, as TEXT.</summary>
    public void Set(string key, long value)
    {
        write.Bind(1, key).Bind(2, value);
        write.Run();
    }

    /// <summary>Removes a setting; nothing happens when it is absent.</summary>
    public void Remove(string key)
    {
        remove.Bind(1, key);
        remove.Run();
    }
}
