using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>A value of a row that differs, or the row's life.</summary>
/// <param name="ColName">The column; <c>__[RIP]__</c> for the life.</param>
/// <param name="A">The value in the first database.</param>
/// <param name="B">The value in the second one.</param>
/// <param name="VersionA">Its version in the first database; of a life the causal length.</param>
/// <param name="VersionB">Its version in the second one.</param>
/// <param name="SiteA">Who wrote it, as the first database knows it.</param>
/// <param name="SiteB">Who wrote it, as the second one knows it.</param>
/// <param name="Wins"><c>a</c> or <c>b</c>: what both have after an exchange; null where clocks do not tell.</param>
internal sealed record DiffCell(string ColName, SqlValue A, SqlValue B, long VersionA, long VersionB, SiteId? SiteA, SiteId? SiteB, string? Wins)
{
    /// <summary>Of a column of a row that lives in both.</summary>
    public static DiffCell Of(string column, RowSide a, RowSide b)
    {
        (SqlValue left, SqlValue right) = (a.Value(column), b.Value(column));
        int order = a.Version(column) != b.Version(column) ? a.Version(column).CompareTo(b.Version(column)) : ValueOrder.Compare(left, right);
        return new DiffCell(column, left, right, a.Version(column), b.Version(column), a.Site(column), b.Site(column), Side(order));
    }

    /// <summary>Of the row's life.</summary>
    public static DiffCell OfLife(RowSide a, RowSide b) => new(
        RowLife.Column, new SqlValue(a.IsThere ? 1L : 0L), new SqlValue(b.IsThere ? 1L : 0L), a.CausalLength, b.CausalLength, a.LifeSite, b.LifeSite,
        Side(a.CausalLength.CompareTo(b.CausalLength)));

    /// <summary>What one side has, for people.</summary>
    public string Show(bool isA)
    {
        (SqlValue value, long version) = isA ? (A, VersionA) : (B, VersionB);
        return ColName != RowLife.Column ? value.Show() : value.Content is 1L ? "there" : version == 0 ? "never known" : "deleted";
    }

    private static string? Side(int order) => order > 0 ? "a" : order < 0 ? "b" : null;
}
