using System.Globalization;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Receive;

/// <summary>Since when something of a sender's stream is missing: one setting per sender, there as long as there is a hole. In order nothing is
/// written.</summary>
internal sealed class GapTimes(Connection connection, Settings settings)
{
    private const string Prefix = "chunksync_gap_since:";

    private readonly Statement all = connection.Prepare(
        $"SELECT substr(key, {Prefix.Length + 1}), CAST(value AS INTEGER) FROM main.cloudsync_settings WHERE key >= '{Prefix}' AND key < 'chunksync_gap_since;' ORDER BY key");

    /// <summary>A range that touches none has made a hole.</summary>
    public void Opened(ReadOnlySpan<byte> site)
    {
        string key = KeyOf(site);
        if (settings.Text(key) == null)
        {
            settings.Set(key, DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        }
    }

    /// <summary>Nothing is missing any more, or what was recorded is forgotten.</summary>
    public void Closed(ReadOnlySpan<byte> site)
    {
        string key = KeyOf(site);
        if (settings.Text(key) != null)
        {
            settings.Remove(key);
        }
    }

    /// <summary>Senders of which something is missing, in hex, with the time in Unix seconds.</summary>
    public List<(string Site, long Since)> Read()
    {
        List<(string, long)> found = [];
        while (all.Step())
        {
            found.Add((all.String(0), all.Int64(1)));
        }

        all.Reset();
        return found;
    }

    private static string KeyOf(ReadOnlySpan<byte> site) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Convert.ToHexStringLower(site)}");
}
