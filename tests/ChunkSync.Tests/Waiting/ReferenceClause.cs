namespace ChunkSync.Tests.Waiting;

/// <summary>How column p of a history's table refers to its key.</summary>
/// <param name="Sql">The clause behind the column; empty for no reference.</param>
internal sealed record ReferenceClause(string Sql)
{
    private static readonly string[] Actions = ["", "", "", " ON DELETE SET NULL", " ON DELETE CASCADE", " ON DELETE RESTRICT"];

    /// <summary>No reference.</summary>
    public static ReferenceClause None { get; } = new("");

    /// <summary>Deletions that delete what refers to them.</summary>
    public static ReferenceClause Cascade { get; } = new(" REFERENCES t(id) ON DELETE CASCADE");

    /// <summary>One of them, or none.</summary>
    public static ReferenceClause Choose(Random random) => random.Next(5) < 3 ? None : new(" REFERENCES t(id)" + Actions[random.Next(Actions.Length)]);
}
