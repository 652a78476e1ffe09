using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Merge;

/// <summary>A replica whose tables have keys that can be equal with different bytes, together with the model of it: every step is done to both,
/// and then they must agree.</summary>
internal sealed class FormReplica : IDisposable
{
    public const string Schema = """
        CREATE TABLE nocase(id TEXT COLLATE NOCASE PRIMARY KEY NOT NULL, a, b);
        CREATE TABLE rtrim(id TEXT NOT NULL, a, b, PRIMARY KEY(id COLLATE RTRIM)) WITHOUT ROWID;
        CREATE TABLE free(id PRIMARY KEY NOT NULL, a, b);
        CREATE TABLE pair(x TEXT NOT NULL, y REAL NOT NULL, a, b, PRIMARY KEY(y, x COLLATE NOCASE));
        CREATE TABLE bare(id TEXT COLLATE NOCASE NOT NULL, n NOT NULL, PRIMARY KEY(id, n));
        SELECT cloudsync_init('nocase', 'cls', 7); SELECT cloudsync_init('rtrim', 'cls', 7); SELECT cloudsync_init('free', 'cls', 7);
        SELECT cloudsync_init('pair', 'cls', 7); SELECT cloudsync_init('bare', 'cls', 7);
        """;

    private static readonly (string Name, string Keys, bool HasColumns)[] Tables =
        [("nocase", "id", true), ("rtrim", "id", true), ("free", "id", true), ("pair", "x, y", true), ("bare", "id, n", false)];

    private readonly string name;
    private readonly List<string> log;
    private FormModel model = new(ClassOf);
    private FormModel saved = new(ClassOf);
    private List<NaiveChange> changes = [];

    public FormReplica(string name, List<string> log)
    {
        this.name = name;
        this.log = log;
        Database = Database.Open();
        Database.Exec(Schema);
    }

    public Database Database { get; }

    public void Write(string sql, params object?[] parameters)
    {
        log.Add($"{name}: {sql} <- {string.Join(", ", parameters.Select(Readable))}");
        HashSet<(string, string, string, long, long, string, long, long)> known = [.. changes.Select(change => change.Clock)];
        Database.Run(sql, parameters);
        changes = NaiveChange.Read(Database);
        model.Merge(changes.Where(change => !known.Contains(change.Clock)));
        Check();
    }

    public void Begin()
    {
        log.Add(name + ": BEGIN");
        Database.Exec("BEGIN");
        saved = model.Copy();
    }

    public void End(bool rollback)
    {
        log.Add(name + (rollback ? ": ROLLBACK" : ": COMMIT"));
        Database.Exec(rollback ? "ROLLBACK" : "COMMIT");
        model = rollback ? saved : model;
        changes = NaiveChange.Read(Database);
        Check();
    }

    public SentWindow Send(long since, bool relay)
    {
        string title = $"{name} since {since}{(relay ? " with relays" : "")} #{log.Count}";
        string sites = relay ? " AND site_id = zeroblob(16) AND exclude_filter_site_id = 1" : "";
        List<object?[]> payloads = Database.Query("SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = ?" + sites, since);
        List<NaiveChange> sent = NaiveChange.Read(Database, relay ? "db_version > ?" : "db_version > ? AND site_id = cloudsync_siteid()", since);
        return new SentWindow(title, [.. payloads.Select(row => (byte[])row[0]!)], sent);
    }

    public void Apply(SentWindow window)
    {
        log.Add($"{name}: apply {window.Name}");
        window.Payloads.ForEach(payload => Database.Scalar("SELECT cloudsync_payload_apply(?)", payload));
        Merged(window.Changes);
    }

    /// <summary>Merges some of a window's changes one by one, in any order.</summary>
    public void Insert(IEnumerable<NaiveChange> some)
    {
        foreach (NaiveChange change in some)
        {
            log.Add($"{name}: insert {change}");
            Database.Run("INSERT INTO cloudsync_changes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", change.Table, Convert.FromHexString(change.Key), change.Column,
                change.Value, change.Version, change.DbVersion, Convert.FromHexString(change.Site), change.CausalLength, change.Seq);
            Merged([change]);
        }
    }

    /// <summary>Rows with the bytes of their keys, and what decides about them.</summary>
    public List<string> Lines()
    {
        List<string> lines = [];
        foreach ((string table, string keys, bool hasColumns) in Tables)
        {
            Dictionary<string, object?[]> rows = Database.Query(
                $"SELECT hex(cloudsync_pk_encode({keys})), {(hasColumns ? "a, b" : "0, 0")} FROM {table}").ToDictionary(row => ((string)row[0]!).ToLowerInvariant());
            foreach (IGrouping<string, NaiveChange> group in changes.Where(change => change.Table == table).GroupBy(change => model.ClassOf(table, change.Key)))
            {
                long causalLength = group.Max(change => change.CausalLength);
                string form = group.First(change => change.CausalLength == causalLength).Key;
                if (causalLength % 2 == 0)
                {
                    lines.Add($"{table} ({group.Key}) deleted {causalLength}");
                    continue;
                }

                Assert.True(rows.Remove(form), $"{name}: {table} has no row {form}\n{string.Join("\n", log)}");
                lines.Add($"{table} {form} cl {causalLength} " + string.Join(" ", group.Where(change => change.Key == form && !change.IsSentinel)
                    .OrderBy(change => change.Column, StringComparer.Ordinal)
                    .Select(change => $"{change.Column}:{change.Version}={FixtureValues.Describe(change.Value)}")));
            }

            Assert.True(rows.Count == 0, $"{name}: {table} has rows that nobody knows: {string.Join(", ", rows.Keys)}\n{string.Join("\n", log)}");
        }

        lines.Sort(StringComparer.Ordinal);
        return lines;
    }

    public void Dispose() => Database.Dispose();

    private void Merged(IEnumerable<NaiveChange> merged)
    {
        changes = NaiveChange.Read(Database);
        model.Merge(merged);
        Check();
    }

    private void Check()
    {
        List<string> expected = model.Lines();
        List<string> actual = Lines();
        Assert.True(expected.SequenceEqual(actual), $"{name} differs from the model\nmodel:\n  {string.Join("\n  ", expected.Except(actual))}\ndatabase:\n  "
            + $"{string.Join("\n  ", actual.Except(expected))}\nhistory:\n  {string.Join("\n  ", log)}");
    }

    private static string ClassOf(string table, object?[] key) => string.Join(",", key.Select((value, i) => (table, i, value) switch
    {
        ("nocase" or "bare" or "pair", 0, string letters) => letters.ToLowerInvariant(),
        ("rtrim", _, string text) => text.TrimEnd(' '),
        (_, _, double real) => real == Math.Floor(real) ? ((long)real).ToString() : real.ToString("R"),
        (_, _, string text) => $"'{text}'",
        _ => value?.ToString(),
    }));

    private static string Readable(object? value) => value is string text ? $"'{text}'" : FixtureValues.Describe(value);
}
