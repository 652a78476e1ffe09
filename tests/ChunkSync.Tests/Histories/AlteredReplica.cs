using ChunkSync.Tests.Consistency;
using ChunkSync.Tests.Host;
using ChunkSync.Tests.Merge;

namespace ChunkSync.Tests.Histories;

/// <summary>One replica of a history: the database, what it is in the middle of, and what looks at it. Every statement goes into the
/// script.</summary>
internal sealed class AlteredReplica : IDisposable
{
    private const string AlterSavepoint = "cloudsync_alter";

    private readonly HistoryScript script;
    private readonly ReplicaConnections connections;
    private readonly List<(string Name, ReplicaMode Mode, ObserverState Seen)> open = [];
    private ReplicaObserver observer;

    /// <summary>What deviates from some step on, until everything is captured anew.</summary>
    private Deviation lasting;
    private Deviation said;

    public AlteredReplica(int number, HistoryScript script, bool onFile)
    {
        Number = number;
        this.script = script;
        connections = new ReplicaConnections(onFile);
        Log($".open r{number}.db");
        Log(".load ./chunksync");
        Array.ForEach(HistoryTable.Schema, Log);
        observer = new ReplicaObserver(Database);
    }

    public int Number { get; }

    public Database Database => connections.Current;

    /// <summary>A defect, as SQL that is run behind <c>cloudsync_commit_alter</c>; empty for none.</summary>
    public string AfterCommitAlter { get; init; } = "";

    /// <summary>What it is in the middle of.</summary>
    public ReplicaMode Mode { get; private set; } = new();

    /// <summary>What it shows.</summary>
    public ReplicaView View => observer.View;

    /// <summary>Rows that were written where nothing is captured.</summary>
    public IReadOnlySet<(string Table, string Key)> NotCaptured => observer.NotCaptured;

    /// <summary>Whether rows of a table may have been written without capture, now or before.</summary>
    public bool HasNotCaptured(HistoryTable table) =>
        lasting != Deviation.None || NotCaptured.Any(row => row.Table == table.Name);

    public bool InTransaction => open.Count > 0;

    /// <summary>Whether changes cannot be read or received now.</summary>
    public bool IsUnreadable => Mode.Altering != null || Mode.Broken.Count > 0;

    /// <summary>Whether the innermost level can be kept: an alteration ends with its commit alone.</summary>
    public bool MayKeep => open.Count > 0 && (open[^1].Name != AlterSavepoint || Mode.Altering == null);

    /// <summary>The names of the savepoints that are open, the transaction first.</summary>
    public IReadOnlyList<string> Open => [.. open.Select(level => level.Name)];

    /// <summary>The value columns of a table now.</summary>
    public IReadOnlyList<string> Columns(HistoryTable table) =>
        [.. Database.Query($"SELECT name FROM pragma_table_info('{table.Name}') WHERE pk = 0").Select(row => (string)row[0]!)];

    /// <summary>Says what may deviate from here on.</summary>
    public void Deviate(Deviation more) => lasting |= more;

    /// <summary>Runs a statement without looking at what it did.</summary>
    public void Run(string sql)
    {
        SayDeviation();
        Log(sql);
        Database.Exec(sql);
    }

    /// <summary>Writes something into the script alone.</summary>
    public void Log(string sql) => script.Add(Number, connections.Active, sql);

    /// <summary>Looks at what the last statements did, unless the tables are being altered.</summary>
    public void Look(StepEffect effect, IReadOnlyList<NaiveChange>? received = null)
    {
        if (Mode.Altering == null && Mode.Broken.Count == 0)
        {
            observer.After(Database, effect | (Mode.IsSilent ? StepEffect.Silent : StepEffect.None), received, Mode.Filters);
        }
    }

    /// <summary>Somebody was told that everything up to this version was sent.</summary>
    public void Told(long watermark) => observer.Told(watermark);

    /// <summary>BEGIN or SAVEPOINT.</summary>
    public void Begin(string name)
    {
        Run(open.Count == 0 ? "BEGIN" : "SAVEPOINT " + name);
        open.Add((name, Mode.Copy(), observer.Save()));
    }

    /// <summary><c>cloudsync_begin_alter</c>, which opens a savepoint of its own.</summary>
    public void BeginAlter(HistoryTable table)
    {
        (string, ReplicaMode, ObserverState) level = (AlterSavepoint, Mode.Copy(), observer.Save());
        Run($"SELECT cloudsync_begin_alter('{table.Name}')");
        open.Add(level);
        Mode.Altering = table;
    }

    /// <summary><c>cloudsync_commit_alter</c>, with which the levels inside end too.</summary>
    public void CommitAlter()
    {
        HistoryTable table = Mode.Altering!;
        int level = open.FindLastIndex(entry => entry.Name == AlterSavepoint);
        open.RemoveRange(level, open.Count - level);
        Mode.Altering = null;
        Mode.Mend(table);
        Run($"SELECT cloudsync_commit_alter('{table.Name}')");
        if (AfterCommitAlter.Length > 0 && table.Name == "t")
        {
            Run(AfterCommitAlter);
        }

        Look(StepEffect.Maintenance);
    }

    /// <summary>A table's clocks were thrown away and made anew.</summary>
    public void Forget(HistoryTable table)
    {
        observer.Forget(table.Name);
        Look(StepEffect.None);
    }

    /// <summary>Keeps the innermost level.</summary>
    public void Keep()
    {
        Run(open.Count == 1 ? "COMMIT" : "RELEASE " + open[^1].Name);
        open.RemoveAt(open.Count - 1);
        Look(StepEffect.None);
    }

    /// <summary>Rolls back to a level, or everything with level 0.</summary>
    public void Undo(int level)
    {
        (string name, ReplicaMode mode, ObserverState seen) = open[level];
        int left = level == 0 ? 0 : level + 1;
        open.RemoveRange(left, open.Count - left);

        // What is switched off on a connection is not part of a transaction.
        Mode = mode.Copy(Mode.Disabled);
        Run(level == 0 ? "ROLLBACK" : "ROLLBACK TO " + name);
        observer.Restore(seen);
        Look(StepEffect.Undo | (Mode.IsSilent ? StepEffect.Silent : StepEffect.None));
    }

    /// <summary>Closes the database and opens it again; what it did is not looked at.</summary>
    /// <param name="before">SQL that is run before the engine is loaded; empty for none.</param>
    public void Reopen(string before)
    {
        connections.Reopen();
        Log($".open r{Number}.db");
        if (before.Length > 0)
        {
            Run(before);
        }

        Log(".load ./chunksync");
        connections.Ready();
        said = Deviation.None;
        SayDeviation();
        Array.ForEach(Mode.Disabled, tables => tables.Clear());
    }

    /// <summary>Goes on with another connection to the same file.</summary>
    public void Switch()
    {
        int before = connections.Active;
        bool isNew = connections.All.Count() < 2;
        connections.Switch();
        if (connections.Active == before)
        {
            return;
        }

        Mode.Connection = connections.Active;
        if (isNew)
        {
            Log($".open r{Number}.db");
            Log(".load ./chunksync");
            said = Deviation.None;
            SayDeviation();
        }

        Look(StepEffect.None);
    }

    /// <summary>What is wrong has been said: nothing is checked any more.</summary>
    public void Abandon()
    {
        lasting |= Deviation.Damaged;
        SayDeviation();
    }

    public void Dispose() => connections.Dispose();

    private void SayDeviation()
    {
        Deviation now = lasting | Mode.Deviation;
        if (now == said)
        {
            return;
        }

        said = now;
        foreach (Database connection in connections.All)
        {
            connection.Conforms();
            connection.Deviates(now, "the history does it");
        }
    }
}
