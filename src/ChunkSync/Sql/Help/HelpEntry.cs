using ChunkSync.Sqlite;

namespace ChunkSync.Sql.Help;

/// <summary>One line of help: something the extension registers.</summary>
/// <param name="Name">The name in SQL.</param>
/// <param name="Arity">The number of arguments, -1 for any; for tables the number of arguments of the table-valued function.</param>
/// <param name="Kind">scalar, aggregate or table.</param>
/// <param name="Summary">What it does.</param>
/// <param name="Example">A statement that shows it.</param>
/// <param name="InSchema">Where it may be used besides statements of the program: innocuous, trusted or direct only.</param>
internal sealed record HelpEntry(string Name, int Arity, string Kind, string Summary, string Example, string InSchema)
{
    /// <summary>Functions and tables, by kind and name.</summary>
    public static IReadOnlyList<HelpEntry> Of(IEnumerable<FunctionDefinition> functions, IEnumerable<ModuleDefinition> modules) =>
    [
        .. functions
            .Select(function => new HelpEntry(function.Name, function.Arity, function.Create == null ? "scalar" : "aggregate", function.Summary, function.Example, Describe(function.InSchema)))
            .OrderBy(entry => entry.Name, StringComparer.Ordinal).ThenBy(entry => entry.Arity),
        .. modules
            .Select(module => new HelpEntry(module.Name, module.Arguments, "table", module.Summary, module.Example, Describe(module.InSchema)))
            .OrderBy(entry => entry.Name, StringComparer.Ordinal),
    ];

    private static string Describe(SchemaUse use) => use switch
    {
        SchemaUse.Innocuous => "innocuous",
        SchemaUse.Trusted => "trusted",
        _ => "direct only",
    };
}
