namespace ChunkSync.Tool;

/// <summary>How tables are to be tracked, and what is allowed of them.</summary>
/// <param name="Algorithm">The CRDT.</param>
/// <param name="AllowsIntegerKey">A key of one INTEGER column.</param>
/// <param name="AllowsNotNull">NOT NULL without DEFAULT.</param>
/// <param name="AllowsCollation">Key columns with another collation than BINARY.</param>
internal sealed record TableRules(string Algorithm, bool AllowsIntegerKey, bool AllowsNotNull, bool AllowsCollation)
{
    /// <summary>The third argument of <c>cloudsync_init</c>.</summary>
    public long Flags => (AllowsIntegerKey ? 1 : 0) | (AllowsNotNull ? 2 : 0) | (AllowsCollation ? 4 : 0);

    /// <summary>The option that allows what the engine has refused; null where none does.</summary>
    public static string? Cure(string cause)
    {
        string? option = cause.Contains("INTEGER primary key", StringComparison.Ordinal) ? "--allow-integer-key"
            : cause.Contains("NOT NULL must have a DEFAULT", StringComparison.Ordinal) ? "--allow-not-null"
            : cause.Contains("has the collation", StringComparison.Ordinal) ? "--allow-collation" : null;
        return option == null ? null : $"change the table, or take it as it is with {option}";
    }
}
