using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Merge;

/// <summary>A replica of a random history together with the naive model of it. Every step is done to both, and then they must agree in
/// every row, causal length and column version.</summary>
internal sealed class WatchedReplica : IDisposable
{
    private readonly string name;
    private readonly string rowsSql;
    private readonly List<string> log;
    private readonly Dictionary<string, NaiveReplica> saved = [];
    private NaiveReplica model = new();

    /// <summary>A new database with a schema.</summary>
    /// <param name="name">How the log calls it.</param>
    /// <param name="schema">SQL that makes and initialises the tables.</param>
    /// <param name="rowsSql">How <see cref="ReplicaState"/> reads the base tables.</param>
    /// <param name="log">Gets every step, for the report of a failure.</param>
    public WatchedReplica(string name, string schema, string rowsSql, List<string> log)
    {
        this.name = name;
        this.rowsSql = rowsSql;
        this.log = log;
        Database = Database.Open();
        Database.Exec(schema);
        State = ReplicaState.Read(Database, rowsSql);
    }

    public Database Database { get; }

    /// <summary>What the database held after the last step.</summary>
    public ReplicaState State { get; private set; }

    /// <summary>A local write. Its new change rows alone, merged as if another site had sent them, must lead the model to the rows that
    /// the base tables hold now: this is all that others will ever hear of the write.</summary>
    public void Write(string sql, params object?[] parameters)
    {
        Log(sql + " <- " + string.Join(", ", parameters.Select(Readable)));
        HashSet<(string, string, string, long, long, string, long, long)> known = [.. State.Changes.Select(change => change.Clock)];
        Database.Run(sql, parameters);
        State = ReplicaState.Read(Database, rowsSql);
        List<NaiveChange> written = [.. State.Changes.Where(change => !known.Contains(change.Clock))];
        model.Merge(written);
        Check();
    }

    /// <summary>Applies payloads of a window; the model merges the window's rows.</summary>
    public void Apply(SentWindow window)
    {
        Log("apply " + window.Name);
        window.Payloads.ForEach(payload => Database.Scalar("SELECT cloudsync_payload_apply(?)", payload));
        State = ReplicaState.Read(Database, rowsSql);
        model.Merge(window.Changes);
        Check();
    }

    /// <summary>Begins a transaction or a savepoint.</summary>
    public void Save(string begin)
    {
        Log(begin);
        Database.Exec(begin);
        saved[begin] = model.Copy();
    }

    /// <summary>Undoes what was written since <see cref="Save"/> with the same text.</summary>
    public void Undo(string begin, string rollback)
    {
        Log(rollback);
        Database.Exec(rollback);
        model = saved[begin];
        State = ReplicaState.Read(Database, rowsSql);
        Check();
    }

    /// <summary>Keeps what was written. Nothing is read here: the last write was checked, and the next step reads everything again.</summary>
    public void Keep(string commit)
    {
        Log(commit);
        Database.Exec(commit);
    }

    /// <summary>The changes behind a version: the replica's own ones, or all that it has heard of too.</summary>
    public SentWindow Send(long since, bool relay)
    {
        string windowName = $"{name} since {since}{(relay ? " with relays" : "")} #{log.Count}";
        Log("send " + windowName);
        string sites = relay ? " AND site_id = zeroblob(16) AND exclude_filter_site_id = 1" : "";
        List<object?[]> payloads = Database.Query("SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = ?" + sites, since);
        List<NaiveChange> changes = NaiveChange.Read(Database, relay ? "db_version > ?" : "db_version > ? AND site_id = cloudsync_siteid()", since);
        return new SentWindow(windowName, [.. payloads.Select(row => (byte[])row[0]!)], changes);
    }

    public void Dispose() => Database.Dispose();

    private static string Readable(object? value) => value switch
    {
        string text => $"'{text.Replace("\0", "\\0")}'",
        byte[] blob => $"x'{Convert.ToHexString(blob)}'",
        _ => FixtureValues.Describe(value),
    };

    private void Log(string step) => log.Add(name + ": " + step);

    private void Check()
    {
        Agree("rows", model.RowLines(), State.Rows);
        Agree("clocks", model.ClockLines(), State.Clocks);
    }

    private void Agree(string what, List<string> expected, List<string> actual) => Assert.True(
        expected.SequenceEqual(actual),
        $"{name}: {what} differ from the model's\nmodel:\n  {string.Join("\n  ", expected.Except(actual))}\ndatabase:\n  "
        + $"{string.Join("\n  ", actual.Except(expected))}\nhistory:\n  {string.Join("\n  ", log)}");
}
