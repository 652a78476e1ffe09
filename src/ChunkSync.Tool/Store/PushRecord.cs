using System.Globalization;

namespace ChunkSync.Tool;

/// <summary>Up to which version a file was about to write its own changes into a store, kept in the file itself. It is written before the store is: a store that has more under
/// this site id got it from another file.</summary>
/// <remarks>A setting for each site id, so that nothing is left of it with a new one. Stores share it: one that this file wrote less to says nothing new.</remarks>
/// <param name="file">The database.</param>
internal sealed class PushRecord(DatabaseFile file)
{
    private readonly string key = "chunksync_pushed:" + file.Sync.Site.ToString();

    /// <summary>The version; 0 where nothing was written yet.</summary>
    public long Version => file.Number("SELECT CAST(value AS INTEGER) FROM cloudsync_settings WHERE key = ?1", key);

    /// <summary>Says that everything which is here now may be written. Nothing is said twice, and nothing where there are no changes to be written.</summary>
    /// <param name="until">Up to which version the store has the file's changes.</param>
    /// <param name="isAnew">Whether everything is written again, up to the newest version of anybody.</param>
    public void Begin(long until, bool isAnew)
    {
        // Where nothing will be written, the file answers for no more than what is there.
        long begun = isAnew || HasOwnBehind(until) ? file.Sync.DbVersion : until;
        if (Version < begun)
        {
            file.Run("INSERT INTO cloudsync_settings(key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                key, begun.ToString(CultureInfo.InvariantCulture));
        }
    }

    private bool HasOwnBehind(long until) =>
        file.Number("SELECT EXISTS (SELECT 1 FROM cloudsync_changes WHERE site_id = cloudsync_siteid() AND db_version > ?1)", until) != 0;
}
