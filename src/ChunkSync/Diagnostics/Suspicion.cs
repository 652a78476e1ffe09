using System.Globalization;

namespace ChunkSync.Diagnostics;

/// <summary>A change that cannot be if every file has an identity of its own, as it is stored in a setting: how often, when last, and the
/// first one.</summary>
/// <param name="Count">How many changes.</param>
/// <param name="At">When the last one came, in Unix seconds.</param>
/// <param name="DbVersion">The db_version that the first one came with.</param>
/// <param name="Key">Its pk blob in hex.</param>
/// <param name="Table">Its table.</param>
internal sealed record Suspicion(long Count, long At, long DbVersion, string Key, string Table)
{
    /// <summary>Reads a setting's text; of one that is damaged only that it is there.</summary>
    public static Suspicion? Parse(string? text)
    {
        if (text == null)
        {
            return null;
        }

        string[] parts = text.Split(' ', 5);
        return parts.Length == 5 && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out long count)
            && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out long at)
            && long.TryParse(parts[2], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long version)
            ? new Suspicion(count, at, version, parts[3], parts[4])
            : new Suspicion(1, 0, 0, "", "");
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Count} {At} {DbVersion} {Key} {Table}");
}
