using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Merge;

/// <summary>One row of <c>cloudsync_changes</c>, as the naive model takes it.</summary>
internal sealed record NaiveChange(
    string Table, string Key, string Column, object? Value, long Version, long DbVersion, string Site, long CausalLength, long Seq)
{
    /// <summary>The column name under which a row's causal length travels.</summary>
    public const string Sentinel = "__[RIP]__";

    public bool IsSentinel => Column == Sentinel;

    /// <summary>What is new about a clock when anything was written: everything but the value, which must not change without its clock.</summary>
    public (string Table, string Key, string Column, long Version, long DbVersion, string Site, long CausalLength, long Seq) Clock =>
        (Table, Key, Column, Version, DbVersion, Site, CausalLength, Seq);

    /// <summary>The changes of a database in stream order, all or those that a condition picks.</summary>
    public static List<NaiveChange> Read(Database database, string condition = "1", params object?[] parameters)
    {
        List<object?[]> rows = database.Query(
            "SELECT tbl, pk, col_name, col_value, col_version, db_version, site_id, cl, seq FROM cloudsync_changes WHERE " + condition, parameters);
        return [.. rows.Select(row => new NaiveChange(
            (string)row[0]!, Hex(row[1]), (string)row[2]!, row[3], (long)row[4]!, (long)row[5]!, Hex(row[6]), (long)row[7]!, (long)row[8]!))];
    }

    public override string ToString() =>
        $"{Table} {Key} {Column} = {FixtureValues.Describe(Value)} version {Version} cl {CausalLength} at ({DbVersion}, {Seq})";

    private static string Hex(object? blob) => Convert.ToHexStringLower((byte[])blob!);
}
