using ChunkSync.Session;

namespace ChunkSync.Diagnostics;

/// <summary>D30: a table of the engine's is damaged, or has rows that cannot be read.</summary>
internal sealed class DamagedMetadata() : FindingCheck(CheckId, Severity.Error)
{
    public const string CheckId = "D30";

    /// <summary>SQLITE_MISMATCH.</summary>
    public const int Mismatch = 20;

    private const string Ranges = "cloudsync_receive_ranges";

    public override void Run(CheckContext context)
    {
        if (context.Catalog.Damage.Site is string site)
        {
            context.Add(null, null, 1, site);
            return;
        }

        if (!context.Session.Sites.HasLocal)
        {
            return;
        }

        if (context.Catalog.Damage.First is string damage)
        {
            context.Add(null, null, 1, damage);
        }

        if (!context.Catalog.Metadata.IsComplete() && context.Tables.Length > 0)
        {
            context.Add(null, null, 1, "a table of the sync metadata is missing", CheckContext.Call("cloudsync_init", context.Tables[0].Name));
        }

        FindSettings(context);
        FindRanges(context);
        FindSites(context);
        FindHashes(context);
        FindWaiting(context);
    }

    private static void FindSettings(CheckContext context)
    {
        foreach (object?[] row in context.Rows("SELECT key, CAST(value AS TEXT) FROM main.cloudsync_settings ORDER BY key"))
        {
            SettingDefinition? known = SettingDefinition.All.FirstOrDefault(setting => setting.Name.Equals(row[0] as string, StringComparison.OrdinalIgnoreCase));
            bool isNumber = row[1] is string text && long.TryParse(text, System.Globalization.NumberStyles.AllowLeadingSign, System.Globalization.CultureInfo.InvariantCulture, out _);
            if (known is { IsInteger: true } && !isNumber)
            {
                context.Add(null, known.Name, 1, $"setting {known.Name} is '{row[1]}', it must be an integer", $"SELECT cloudsync_set('{known.Name}', NULL)");
            }
        }
    }

    private static void FindRanges(CheckContext context)
    {
        if (!context.HasTable(Ranges))
        {
            return;
        }

        foreach (object?[] row in context.Rows($"SELECT DISTINCT lower(hex(site_id)), typeof(site_id) FROM main.{Ranges} WHERE typeof(from_db_version) <> 'integer' OR typeof(from_seq) <> 'integer'"
            + " OR typeof(from_frag_offset) <> 'integer' OR typeof(to_db_version) <> 'integer' OR typeof(to_seq) <> 'integer' OR typeof(to_frag_offset) <> 'integer'"
            + " OR typeof(last_db_version) NOT IN ('integer', 'null') OR typeof(last_seq) NOT IN ('integer', 'null') OR typeof(site_id) <> 'blob' OR length(site_id) = 0"))
        {
            bool isSite = row[1] as string == "blob" && row[0] as string != "";
            context.Add(null, $"x'{row[0]}'", 1, $"a row of {Ranges} cannot be read", isSite ? $"SELECT cloudsync_receive_forget(x'{row[0]}')"
                : $"DELETE FROM {Ranges} WHERE typeof(site_id) <> 'blob' OR length(site_id) = 0");
        }
    }

    private static void FindSites(CheckContext context)
    {
        const string Wrong = "rowid <> 0 AND (typeof(site_id) NOT IN ('blob', 'text') OR length(site_id) = 0)";
        foreach (object?[] row in context.Rows($"SELECT rowid FROM main.cloudsync_site_id WHERE {Wrong} ORDER BY rowid"))
        {
            context.Add(null, $"{row[0]}", 1, $"the site id of rowid {row[0]} in cloudsync_site_id is empty or no BLOB: changes of that site cannot be read. Restore a backup; or give it an id"
                + " of its own", $"UPDATE cloudsync_site_id SET site_id = randomblob(16) WHERE rowid = {row[0]}");
        }
    }

    private static void FindWaiting(CheckContext context)
    {
        const string Wrong = "typeof(tbl) <> 'text' OR typeof(pk) <> 'blob' OR typeof(col_name) <> 'text' OR typeof(col_version) <> 'integer' OR typeof(cl) <> 'integer'"
            + " OR typeof(db_version) <> 'integer' OR typeof(seq) <> 'integer' OR typeof(site_id) <> 'blob'";
        if (!context.IsDeep || !context.HasTable(WaitingChanges.Changes))
        {
            return;
        }

        long count = context.Connection.Integer($"SELECT count(*) FROM main.{WaitingChanges.Changes} WHERE {Wrong}");
        if (count > 0)
        {
            context.Add(null, null, count, $"rows of {WaitingChanges.Changes} cannot be read", $"DELETE FROM {WaitingChanges.Changes} WHERE {Wrong}");
        }
    }

    private static void FindHashes(CheckContext context)
    {
        if (context.Tables.Length > 0 && context.Rows("SELECT 1 FROM main.cloudsync_schema_versions WHERE typeof(hash) = 'integer' LIMIT 1").Count == 0)
        {
            context.Add(null, null, 1, "cloudsync_schema_versions has no hash: payloads can neither be made nor applied", CheckContext.Call("cloudsync_init", context.Tables[0].Name));
        }
    }
}
