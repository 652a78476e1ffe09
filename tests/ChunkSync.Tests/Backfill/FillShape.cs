using System.Globalization;

namespace ChunkSync.Tests.Backfill;

/// <summary>A table of the tests of fills: how it is declared, and the keys of its rows.</summary>
/// <param name="Name">The name in test output.</param>
/// <param name="Create">CREATE TABLE of table t.</param>
/// <param name="Flags">The flags that its key needs.</param>
/// <param name="Keys">The key columns.</param>
/// <param name="Literal">The SQL values of the i-th key.</param>
public sealed record FillShape(string Name, string Create, int Flags, string[] Keys, Func<int, string[]> Literal)
{
    /// <summary>The value columns.</summary>
    public string[] Values { get; init; } = ["a", "b"];

    /// <summary>An expression over the columns that the fill leaves rows out by; null for none.</summary>
    public string? Filter { get; init; }

    public static FillShape[] All { get; } =
    [
        new("text", "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b)", 0, ["id"], i => [$"'k{i:d4}'"]),
        new("rowid", "CREATE TABLE t(id INTEGER PRIMARY KEY NOT NULL, a, b)", 1, ["id"],
            i => [((i * 7919L) - 900_000_000_000L).ToString(CultureInfo.InvariantCulture)]),
        new("hidden rowid", "CREATE TABLE t(a, rowid INTEGER PRIMARY KEY NOT NULL, _rowid_, oid, b)", 1, ["rowid"],
            i => [i.ToString(CultureInfo.InvariantCulture)]) { Values = ["a", "b", "oid"] },
        new("without rowid", "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b) WITHOUT ROWID", 0, ["id"], i => [$"'k{i:d4}'"]),
        new("descending", "CREATE TABLE t(id TEXT NOT NULL, a, b, PRIMARY KEY(id DESC))", 0, ["id"], i => [$"'k{i:d4}'"]),
        new("composite", "CREATE TABLE t(y BLOB NOT NULL, a, x NOT NULL, b, z TEXT NOT NULL, PRIMARY KEY(x, y DESC, z))", 0, ["x", "y", "z"],
            i => [i % 7 == 0 ? "'x'" : (i % 3).ToString(CultureInfo.InvariantCulture), $"x'{i % 5:x2}'", $"'z{i}'"]),
        new("composite without rowid", "CREATE TABLE t(y NOT NULL, a, x NOT NULL, b, PRIMARY KEY(x DESC, y)) WITHOUT ROWID", 0, ["x", "y"],
            i => [(i % 4).ToString(CultureInfo.InvariantCulture), $"{i}.5"]),
        new("nocase", "CREATE TABLE t(id TEXT COLLATE NOCASE PRIMARY KEY NOT NULL, a, b)", 4, ["id"],
            i => [i % 2 == 0 ? $"'Key{i:d4}'" : $"'kEY{i:d4}'"]),
        new("classes", "CREATE TABLE t(id PRIMARY KEY NOT NULL, a, b)", 0, ["id"],
            i => [(i % 4) switch { 0 => $"{i}", 1 => $"{i}.25", 2 => $"'{i}'", _ => $"x'{i:x8}'" }]),
        new("keys alone", "CREATE TABLE t(x TEXT NOT NULL, y INTEGER NOT NULL, PRIMARY KEY(x, y))", 0, ["x", "y"],
            i => [$"'x{i % 9}'", i.ToString(CultureInfo.InvariantCulture)]) { Values = [] },
        new("second unique", "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a UNIQUE, b)", 0, ["id"], i => [$"'k{i:d4}'"]),
        new("filter", "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b)", 0, ["id"], i => [$"'k{i:d4}'"]) { Filter = "a IS NOT 3" },
        new("filter and second unique", "CREATE TABLE t(id INTEGER PRIMARY KEY NOT NULL, a, b UNIQUE)", 1, ["id"],
            i => [((i * 7919L) - 90_000L).ToString(CultureInfo.InvariantCulture)]) { Filter = "a IS NOT 3" },
        new("grow-only", "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b)", 0, ["id"], i => [$"'k{i:d4}'"]) { IsGrowOnly = true },
    ];

    /// <summary>Whether the table's CRDT is gos.</summary>
    public bool IsGrowOnly { get; init; }

    /// <summary>The arguments of init and begin behind the table.</summary>
    public string Arguments => $"'t', '{(IsGrowOnly ? "gos" : "cls")}', {Flags}";

    /// <summary>The condition for the i-th key.</summary>
    public string Where(int i) => string.Join(" AND ", Keys.Zip(Literal(i), (column, value) => $"{column} = {value}"));

    /// <summary>An INSERT of the i-th key.</summary>
    public string Insert(int i, string conflict, Func<string> value)
    {
        string columns = string.Join(", ", Keys.Concat(Values));
        string values = string.Join(", ", Literal(i).Concat(Values.Select(_ => value())));
        return $"INSERT {conflict} INTO t({columns}) VALUES ({values})";
    }

    public override string ToString() => Name;
}
