namespace ChunkSync.Tests.Histories;

/// <summary>The migrations of one history. Every replica runs them in this order, each in a way and at a time of its own.</summary>
internal sealed class OrmSchema
{
    /// <summary>The table that others refer to.</summary>
    public const string Parent = "author";

    /// <summary>The table with ON DELETE CASCADE.</summary>
    public const string Child = "book";

    private const string Reference = "TEXT REFERENCES author(id) ON DELETE CASCADE";

    private readonly Dictionary<string, OrmColumn[]> columns = new()
    {
        [Parent] = [new("name", "TEXT"), new("born", "TEXT DEFAULT 'never'")],
        [Child] = [new("title", "TEXT"), new("author", Reference), new("price", "TEXT DEFAULT '0'")],
    };

    private readonly List<OrmChange> changes = [];
    private int names;

    public OrmSchema(Random random)
    {
        First = new Dictionary<string, OrmColumn[]>(columns);
        int count = 1 + random.Next(4);
        while (changes.Count < count)
        {
            changes.Add(Next(random));
            columns[changes[^1].Table] = changes[^1].After;
        }
    }

    public static IReadOnlyList<string> Tables { get; } = [Parent, Child];

    /// <summary>The columns before the first migration.</summary>
    public IReadOnlyDictionary<string, OrmColumn[]> First { get; }

    public IReadOnlyList<OrmChange> Changes => changes;

    /// <summary>Columns that were dropped, or got another name, and came back: what was said of them before does not count any more.</summary>
    public HashSet<(string Table, string Column)> Returned { get; } = [];

    private OrmChange Next(Random random)
    {
        if (changes.Count > 0 && random.Next(4) == 0)
        {
            // A migration down.
            OrmChange last = changes[^1];
            Returned.UnionWith(last.Before.Select(column => column.Name).Except(last.After.Select(column => column.Name)).Select(name => (last.Table, name)));
            OrmColumn[] back = last.Renamed != null ? last.Before
                : [.. last.Before.Where(column => last.After.Any(other => other.Name == column.Name)), .. last.Before.Where(column => last.After.All(other => other.Name != column.Name))];
            return new(last.Table, last.After, back, last.Renamed is (string from, string to) ? (to, from) : null, null);
        }

        string table = Tables[random.Next(2)];
        OrmColumn[] before = columns[table];
        OrmColumn[] free = [.. before.Where(column => column.Rest != Reference)];
        OrmColumn picked = free[random.Next(free.Length)];
        return random.Next(4) switch
        {
            0 when free.Length > 1 => new(table, before, [.. before.Except([picked])], null, null),
            1 => Rename(table, before, picked),
            2 => new(
                table, before, [.. before.Select(column => column == picked ? column with { Rest = "TEXT NOT NULL DEFAULT 'none'" } : column)], null,
                random.Next(2) == 0 ? picked.Name : null),
            _ => new(table, before, [.. before, new("n" + names++, random.Next(3) switch { 0 => "TEXT", 1 => "TEXT DEFAULT 'new'", _ => "TEXT NOT NULL DEFAULT 'must'" })], null, null),
        };
    }

    private OrmChange Rename(string table, OrmColumn[] before, OrmColumn picked)
    {
        string name = "n" + names++;
        return new(table, before, [.. before.Select(column => column == picked ? column with { Name = name } : column)], (picked.Name, name), null);
    }
}
