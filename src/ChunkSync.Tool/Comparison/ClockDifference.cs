namespace ChunkSync.Tool;

/// <summary>A row whose clocks differ.</summary>
/// <param name="Pk">Its key as it travels.</param>
/// <param name="LengthA">Its causal length in the first database; 0 where it was never known.</param>
/// <param name="LengthB">Its causal length in the second one.</param>
/// <param name="Columns">The columns whose versions differ, where the causal lengths do not.</param>
internal sealed record ClockDifference(byte[] Pk, long LengthA, long LengthB, IReadOnlyList<VersionDifference> Columns)
{
    /// <summary>Compares two rows; null where a merge decides the same with either.</summary>
    public static ClockDifference? Of(byte[] key, RowClocks? a, RowClocks? b)
    {
        (long lengthA, long lengthB) = (a?.CausalLength ?? 0, b?.CausalLength ?? 0);
        if (lengthA != lengthB)
        {
            return new ClockDifference(key, lengthA, lengthB, []);
        }

        // Of a deleted row nothing else counts.
        if (lengthA % 2 == 0 || Same(a!, b!))
        {
            return null;
        }

        return new ClockDifference(key, lengthA, lengthB,
        [
            .. a!.Versions.Keys.Union(b!.Versions.Keys).Select(column => new VersionDifference(
                column, a.Versions.GetValueOrDefault(column), b.Versions.GetValueOrDefault(column))).Where(pair => pair.A != pair.B),
        ]);
    }

    private static bool Same(RowClocks a, RowClocks b) => a.Versions.Count == b.Versions.Count && a.Versions.SequenceEqual(b.Versions);
}
