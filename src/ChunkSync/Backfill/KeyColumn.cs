namespace ChunkSync.Backfill;

/// <summary>One column of the order that a plan follows.</summary>
/// <param name="Name">As people read it: the column's name, <c>rowid</c>, or the text of an expression.</param>
/// <param name="Sql">The term in SQL: a quoted name, the rowid's name, or an expression in brackets.</param>
/// <param name="Collation">The index's collation.</param>
internal sealed record KeyColumn(string Name, string Sql, string Collation)
{
    /// <summary>Whether a comparison has to name the collation, because the term alone would use another one.</summary>
    public bool NeedsCollate { get; init; }

    /// <summary>Whether the order is descending: NULL is last then.</summary>
    public bool IsDescending { get; init; }

    /// <summary>Whether NULL cannot occur.</summary>
    public bool IsNotNull { get; init; }

    /// <summary>Whether the column's affinity is TEXT: it holds no numbers.</summary>
    public bool IsText { get; init; }

    /// <summary>Whether it is an expression.</summary>
    public bool IsExpression { get; init; }

    /// <summary>Whether it was not asked for: the rowid or primary key behind the index's own columns.</summary>
    public bool IsTieBreak { get; init; }

    /// <summary>Whether an earlier column is the same term under the same collation: rows that are equal there are equal here.</summary>
    public bool IsRepeated { get; init; }

    /// <summary>Whether an earlier column is the same term, under whatever collation.</summary>
    public bool IsSameTerm { get; init; }

    /// <summary>The term as it stands in a comparison.</summary>
    public string Compared => NeedsCollate ? Sql + " COLLATE " + Sqlite.Connection.Quote(Collation) : Sql;

    /// <summary>The term as it stands in ORDER BY.</summary>
    /// <param name="reverse">Whether the order is walked backwards.</param>
    public string Ordered(bool reverse) => Compared + (IsDescending != reverse ? " DESC" : "");

    /// <summary>Whether SQLite's own collations order it: then there is a smallest text.</summary>
    public bool HasKnownCollation => Collation.ToUpperInvariant() is "BINARY" or "NOCASE" or "RTRIM";

    /// <summary>The name that EXPLAIN QUERY PLAN shows.</summary>
    public string ExplainedName => IsExpression ? "<expr>" : Sql is "rowid" or "_rowid_" or "oid" ? "rowid" : Name;
}
