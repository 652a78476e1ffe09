using System.Text;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Merge;

/// <summary>A random schema of tables with foreign keys of all kinds, and statements that fill it.</summary>
internal sealed class RandomFamily
{
    private static readonly string[] Actions = ["CASCADE", "CASCADE", "SET NULL", "SET DEFAULT", "NO ACTION"];

    private readonly Random random;
    private readonly List<string> tables = [];
    private readonly HashSet<string> pairs = [];

    /// <summary>Columns that refer to keys, and to unique values.</summary>
    private readonly HashSet<(string Table, string Column)> toKeys = [];
    private readonly HashSet<(string Table, string Column)> toUnique = [];
    private readonly StringBuilder schema = new();

    public RandomFamily(Random random)
    {
        this.random = random;
        int count = 2 + random.Next(4);
        for (int i = 0; i < count; i++)
        {
            AddTable("t" + i, tracked: i == 0 || random.Next(5) > 0);
        }
    }

    /// <summary>CREATE TABLE and cloudsync_init of all of them.</summary>
    public string Schema => schema.ToString();

    /// <summary>The tracked tables.</summary>
    public List<string> Tracked { get; } = [];

    /// <summary>Fills the tables; rows that do not fit are left out. Keys and references come from small sets, so that they meet.</summary>
    public void Fill(Action<string, object?[]> run)
    {
        for (int round = 0; round < 3; round++)
        {
            foreach (string table in tables)
            {
                for (int i = 0; i < 5; i++)
                {
                    run($"INSERT OR IGNORE INTO {table}(k, m, u, a, b, r1, r2, r3) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                        [toUnique.Contains((table, "k")) ? Unique() : Key(), random.Next(2), Unique(), Letter(), random.Next(2),
                            Reference(table, "r1"), Reference(table, "r2"), Reference(table, "r3")]);
                }
            }
        }

        // Some rows refer to rows that came later, also in circles.
        foreach (string table in tables)
        {
            string column = random.Next(2) == 0 ? "r1" : "r2";
            run($"UPDATE OR IGNORE {table} SET {column} = ? WHERE k = ?", [Reference(table, column), Key()]);
        }
    }

    public string Key() => "k" + random.Next(4);

    public object Unique() => "u" + random.Next(8);

    private string? Letter() => random.Next(4) == 0 ? null : random.Next(2) == 0 ? "x" : "X";

    private object? Reference(string table, string column) => random.Next(8) == 0 ? null
        : toKeys.Contains((table, column)) ? Key() : toUnique.Contains((table, column)) ? Unique() : random.Next(2);

    private void AddTable(string name, bool tracked)
    {
        // One in four keys has two columns, and one of them may be part of a foreign key.
        bool isPair = random.Next(4) == 0;
        List<string> parts =
        [
            "k TEXT NOT NULL", "m INTEGER NOT NULL DEFAULT 0", "u UNIQUE", "a TEXT" + (random.Next(2) == 0 ? " COLLATE NOCASE" : ""), "b INTEGER",
            "r1 TEXT DEFAULT 'k0'", "r2 DEFAULT 'u0'", "r3", isPair ? "PRIMARY KEY(k, m)" : "PRIMARY KEY(k)", "UNIQUE(a, b)",
        ];
        tables.Add(name);
        if (isPair)
        {
            pairs.Add(name);
        }

        foreach (string column in (string[])["r1", "r2", "r3", "k"])
        {
            // A row whose key refers to itself is left out: SQLite's triggers see its old key in the end.
            if (random.Next(column == "k" ? 8 : 2) == 0 && (column != "k" || tables.Count > 1))
            {
                parts.Add(Key(name, column));
            }
        }

        if (random.Next(4) == 0)
        {
            parts.Add($"FOREIGN KEY(a, b) REFERENCES {Parent()}(a, b) {Effects()}");
        }

        schema.AppendLine($"CREATE TABLE {name}({string.Join(", ", parts)}){(random.Next(3) == 0 ? " WITHOUT ROWID" : "")};");
        schema.AppendLine($"CREATE INDEX {name}_r ON {name}(r1);");
        schema.AppendLine($"CREATE UNIQUE INDEX {name}_k ON {name}(k);");
        if (tracked)
        {
            Tracked.Add(name);
            schema.AppendLine($"SELECT cloudsync_init('{name}', 'cls', 2);");
        }
    }

    private string Key(string table, string column)
    {
        bool unique = column == "k" || random.Next(2) == 0;
        (unique ? toUnique : toKeys).Add((table, column));
        string parent = column == "k" ? tables[random.Next(tables.Count - 1)] : Parent();
        bool isImplied = !unique && !pairs.Contains(parent) && random.Next(2) == 0;
        return $"FOREIGN KEY({column}) REFERENCES {parent}{(isImplied ? "" : unique ? "(u)" : "(k)")} {Effects()}";
    }

    /// <summary>A table that is there, or the table itself.</summary>
    private string Parent() => tables[random.Next(tables.Count)];

    private string Effects() => $"ON DELETE {Actions[random.Next(Actions.Length)]} ON UPDATE {Actions[random.Next(Actions.Length)]} DEFERRABLE INITIALLY DEFERRED";
}
