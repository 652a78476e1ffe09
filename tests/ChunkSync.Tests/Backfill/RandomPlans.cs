using System.Globalization;
using System.Text;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Backfill;

/// <summary>Random tables, rows and inputs of a plan.</summary>
internal sealed class RandomPlans(Random random)
{
    private static readonly string[] Types = ["", "INT", "INTEGER", "TEXT", "REAL", "NUMERIC", "BLOB", "VARCHAR(10)"];
    private static readonly string[] Collations = ["", "", "", " COLLATE NOCASE", " COLLATE RTRIM", " COLLATE BINARY"];
    private static readonly string[] Expressions = ["lower({0})", "{0} || 'x'", "abs({0})", "coalesce({0}, ',)')", "typeof({0})", "length({0}) % 3", "-{0}"];

    private readonly List<string> columns = [];
    private readonly List<string> indexes = [];
    private int scans;
    private bool withoutRowId;

    /// <summary>The statements that make the table t with its rows.</summary>
    public List<string> Schema()
    {
        List<string> statements = [];
        int kind = random.Next(8);
        StringBuilder table = new(kind == 4 ? "CREATE TABLE t(id INTEGER PRIMARY KEY, " : "CREATE TABLE t(");
        int count = random.Next(1, 5);
        for (int i = 0; i < count; i++)
        {
            string name = random.Next(12) == 0 ? $"\"c {i}\"" : "c" + i;
            columns.Add(name);
            table.Append(i > 0 ? ", " : "").Append(name).Append(' ').Append(Pick(Types)).Append(Pick(Collations));
        }

        if (random.Next(5) == 0)
        {
            table.Append(", g AS (").Append(string.Format(CultureInfo.InvariantCulture, Pick(Expressions), columns[0])).Append(random.Next(2) == 0 ? ")" : ") STORED");
        }

        withoutRowId = kind < 3;
        if (kind < 4)
        {
            List<string> key = [.. columns.OrderBy(_ => random.Next()).Take(random.Next(1, 3)).Select(name => name + Direction())];
            table.Append(", PRIMARY KEY(").Append(string.Join(", ", key)).Append(')');
        }
        statements.Add(table.Append(withoutRowId ? ") WITHOUT ROWID" : ")").ToString());
        int indexCount = random.Next(0, 3);
        for (int i = 0; i < indexCount; i++)
        {
            List<string> terms = [];
            List<string> indexed = [.. columns.OrderBy(_ => random.Next()).Take(random.Next(1, 4))];
            if (random.Next(4) == 0)
            {
                indexed.Insert(random.Next(indexed.Count + 1), Pick([.. columns]));
            }

            foreach (string column in indexed)
            {
                bool isExpression = random.Next(6) == 0;
                scans += isExpression ? 2 : 0;
                terms.Add((isExpression ? string.Format(CultureInfo.InvariantCulture, Pick(Expressions), column) : column) + Pick(Collations) + Direction());
            }

            indexes.Add("i" + i);
            statements.Add($"CREATE INDEX i{i} ON t({string.Join(", ", terms)})");
        }

        return statements;
    }

    /// <summary>Statements that write rows; some are refused by the key.</summary>
    public List<(string Sql, object?[] Values)> Rows()
    {
        int count = random.Next(3) switch { 0 => random.Next(5), 1 => random.Next(40), _ => random.Next(300) };
        int distinct = random.Next(1, 12);
        List<(string, object?[])> rows = [];
        string sql = $"INSERT OR IGNORE INTO t({string.Join(", ", columns)}) VALUES ({string.Join(", ", columns.Select(_ => "?"))})";
        int style = random.Next(5);
        for (int i = 0; i < count; i++)
        {
            rows.Add((sql, [.. columns.Select(_ => Value(style, distinct))]));
        }

        return rows;
    }

    /// <summary>Inputs of a plan of t.</summary>
    public Dictionary<string, object?> Inputs()
    {
        Dictionary<string, object?> inputs = new() { ["tbl"] = "t" };
        if (indexes.Count > 0 && random.Next(4) > 0)
        {
            inputs["order_by"] = Pick([.. indexes]);
        }

        switch (random.Next(10))
        {
            case 0:
                inputs["chunks"] = (long)random.Next(1, 30);
                break;
            case 1 or 2:
                inputs["target_bytes"] = (long)random.Next(1, 2000);
                if (random.Next(2) == 0)
                {
                    inputs["balance"] = "even";
                }
                else if (random.Next(2) == 0)
                {
                    inputs["target_rows"] = (long)random.Next(1, 20);
                }

                break;
            case 3 when !withoutRowId:
                inputs["mode"] = "sample";
                inputs["target_rows"] = (long)random.Next(1, 50);
                break;
            case >= 7:
                inputs["target_rows"] = (long)random.Next(1, 50);
                inputs["strategy"] = Pick(["temporal", "prefix", "width"]);
                inputs["slack"] = random.Next(3) switch { 0 => 0.5, 1 => 0.0, _ => random.NextDouble() / 2 };
                if (random.Next(4) == 0)
                {
                    inputs["time_unit"] = Pick(["s", "ms", "us", "ns", "julian"]);
                }

                break;
            default:
                inputs["target_rows"] = (long)random.Next(1, 50);
                if (random.Next(4) == 0)
                {
                    inputs["balance"] = "cap";
                }

                break;
        }

        return inputs;
    }

    /// <summary>What a plan of these inputs must satisfy. After ANALYZE of a few rows SQLite may scan them, and for an OR
    /// over expressions it may scan the index.</summary>
    public PlanCase Case(Dictionary<string, object?> inputs, long rows, bool isAnalyzed)
    {
        const int Any = 100_000;
        Dictionary<string, object?> all = new() { ["inputs"] = inputs, ["rows"] = rows, ["scans_allowed"] = isAnalyzed || (scans > 0 && inputs.ContainsKey("order_by")) ? Any : 0 };
        bool isSample = inputs.ContainsKey("mode");
        bool isPlain = !inputs.ContainsKey("strategy") && !inputs.ContainsKey("target_bytes") && !isSample;
        if (inputs.TryGetValue("target_rows", out object? target))
        {
            all["max_rows"] = target;
        }

        if (isPlain && !inputs.ContainsKey("balance"))
        {
            all["spread"] = 1;
            all["chunks"] = inputs.TryGetValue("chunks", out object? chunks) ? Math.Max(Math.Min((long)chunks!, rows), 1) : Math.Max((rows + (long)target! - 1) / (long)target!, 1);
        }

        return new(System.Text.Json.JsonSerializer.SerializeToElement(all));
    }

    private string Direction() => random.Next(3) == 0 ? " DESC" : "";

    private T Pick<T>(T[] from) => from[random.Next(from.Length)];

    private object? Value(int style, int distinct)
    {
        if (random.Next(7) == 0)
        {
            return null;
        }

        int n = random.Next(distinct);
        switch (style)
        {
            case 0:
                return (long)n;
            case 1:
                return DateTimeOffset.FromUnixTimeSeconds(1_700_000_000L + (random.Next(1000) * 7919L * n)).ToString("yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture);
            case 2:
                return 1_700_000_000L + (random.Next(100) * 86_400L * n);
        }

        return random.Next(12) switch
        {
            0 => random.NextInt64(long.MinValue, long.MaxValue),
            1 => n + 0.5,
            2 => (double)n,
            3 => Pick([double.PositiveInfinity, double.NegativeInfinity, 0.0, -0.0, 5e-324, 1e300, 9007199254740993.0, 0.1 * n]),
            4 => new RawText([(byte)(n + 60), 0, (byte)n]),
            5 => new RawText([0xC3, (byte)(n + 60), 0xFF]),
            6 => new byte[] { (byte)n, (byte)random.Next(3) },
            7 => Pick(["A", "a", "a ", "a  ", "A'b", "\"q\"", "", "é", "日本", "?1"]),
            8 => "2025-0" + random.Next(1, 9) + "-11",
            9 => n.ToString(CultureInfo.InvariantCulture),
            10 => Pick([long.MaxValue, long.MinValue, 0L, -1L]),
            _ => "word" + (char)('a' + n) + random.Next(9),
        };
    }
}
