namespace ChunkSync.Tests.Histories;

/// <summary>A table of the histories: its key, and the value columns that it can have. Columns have no type, because types are not part of
/// what replicas agree on.</summary>
internal sealed record HistoryTable(string Name, string[] Keys, string[] Pool, int Initial, bool WithoutRowId)
{
    /// <summary>The tables of every history.</summary>
    public static HistoryTable[] All { get; } =
    [
        new("t", ["id"], ["a", "b", "c", "d"], 2, false),
        new("pair", ["k2", "k1"], ["v", "w"], 1, true),
    ];

    /// <summary>What makes and initialises the tables. At first they have no column whose default depends on the replica.</summary>
    public static string[] Schema { get; } =
    [
        .. All.SelectMany(table => (string[])
        [
            table.Create(table.Name, table.Pool.Take(table.Initial).Select(column => Declare(column, 0))),
            $"SELECT cloudsync_init('{table.Name}')",
        ]),
        "SELECT cloudsync_set('schema_check', 'hash')",
        "SELECT cloudsync_set('apply_refused', 'stop')",
    ];

    /// <summary>The key columns as the table declares them, which is the order of the pk blob.</summary>
    public string[] KeysAsDeclared => Keys;

    /// <summary>The key columns' declaration, in an order that is not the key's.</summary>
    private string KeyDeclaration => Keys.Length == 1 ? $"{Keys[0]} TEXT PRIMARY KEY NOT NULL" : "k2 INT NOT NULL, k1 TEXT NOT NULL";

    /// <summary>A value column's declaration: some have a default, which can be another one on every replica.</summary>
    public static string Declare(string column, int replica) => column switch
    {
        "c" => $"c DEFAULT {7 + replica}",
        "d" or "w" => $"{column} DEFAULT '{column}'",
        _ => column,
    };

    /// <summary>CREATE TABLE with these column declarations.</summary>
    public string Create(string name, IEnumerable<string> declarations) =>
        $"CREATE TABLE {name}({string.Join(", ", [KeyDeclaration, .. declarations])}{(Keys.Length == 1 ? ")" : ", PRIMARY KEY(k1, k2))")}"
        + (WithoutRowId ? " WITHOUT ROWID" : "");

    /// <summary>The literals of a key.</summary>
    public string[] Key(int number) => Keys.Length == 1 ? [$"'k{number % 4}'"] : [$"{number % 2}", $"'p{number / 2 % 2}'"];

    /// <summary>The condition that picks a key.</summary>
    public string Where(int number) => string.Join(" AND ", Keys.Zip(Key(number), (column, literal) => $"{column} = {literal}"));

    /// <summary>A filter, and the value column that it reads; null for none.</summary>
    public (string Expression, string? Column) Filter(int number) => (number % 3) switch
    {
        0 => (Keys.Length == 1 ? "id <> 'k1'" : "k1 <> 'p1'", null),
        1 => ($"{Pool[0]} IS NOT 1", Pool[0]),
        _ => ($"{Pool[0]} = 'x'", Pool[0]),
    };
}
