using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Backfill;

/// <summary>Old versions of SQLite leave out rows of a range over a descending key column that the index of a WITHOUT ROWID table has
/// appended. No plan can follow such an index there.</summary>
internal static class DescendingKeys
{
    private static readonly Lazy<bool> Read = new(() =>
    {
        using Database database = Database.Open();
        database.Exec(
            "CREATE TABLE k(a INT, c, PRIMARY KEY(a DESC)) WITHOUT ROWID; CREATE INDEX k_c ON k(c); INSERT INTO k VALUES (1, 0), (2, 0), (3, 0)");
        return (long)database.Scalar("SELECT count(*) FROM k INDEXED BY k_c WHERE c = 0 AND a < 3")! == 2;
    });

    /// <summary>Whether this SQLite reads such an index right.</summary>
    public static bool AreRead => Read.Value;

    /// <summary>Whether the inputs name such an index, on a SQLite that cannot read it; then the plan must be refused.</summary>
    public static bool AreRefused(Database database, Dictionary<string, object?> inputs)
    {
        if (AreRead || inputs.GetValueOrDefault("order_by") is not string index)
        {
            return false;
        }

        object? appended = database.Scalar(
            "SELECT 1 FROM pragma_index_xinfo(?1) WHERE NOT key AND \"desc\" AND cid >= 0"
            + " AND (SELECT origin FROM pragma_index_list(?2) WHERE name = ?1) <> 'pk'",
            index, inputs["tbl"]);
        if (appended == null)
        {
            return false;
        }

        SqlException failure = Assert.Throws<SqlException>(() => PlanChunk.Plan(database, inputs));
        Assert.Contains($"leaves out rows when it searches index {index} for column", failure.Text);
        return true;
    }
}
