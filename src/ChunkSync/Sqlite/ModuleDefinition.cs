namespace ChunkSync.Sqlite;

/// <summary>An eponymous-only virtual table as it is registered: its name, what it can do, and how one is made for a
/// connection's state.</summary>
/// <param name="Name">The table's name.</param>
/// <param name="Writable">Whether <c>xUpdate</c> exists.</param>
/// <param name="Transactional">Whether the transaction callbacks exist.</param>
/// <param name="Connect">Makes the table from the state given at registration.</param>
internal sealed record ModuleDefinition(string Name, bool Writable, bool Transactional, Func<object, VirtualTable> Connect)
{
    /// <summary>Where the table may be used besides statements of the program.</summary>
    public required SchemaUse InSchema { get; init; }

    /// <summary>One line of help: what its rows are.</summary>
    public required string Summary { get; init; }

    /// <summary>How many arguments it takes as a table-valued function.</summary>
    public int Arguments { get; init; }

    /// <summary>One SQL statement that shows it.</summary>
    public required string Example { get; init; }
}
