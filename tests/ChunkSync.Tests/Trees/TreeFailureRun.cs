using System.Collections.Concurrent;
using ChunkSync.Tests.Host;
using ChunkSync.Tests.Limits;

namespace ChunkSync.Tests.Trees;

/// <summary>One way to apply the payload of a case: inside which transaction of the caller's, under which policy; what an undisturbed run does.</summary>
internal sealed class TreeFailureRun
{
    private static readonly ConcurrentDictionary<string, (string Before, string After, string Rows, long Writes, long Steps, long Pages, long Memory)> Undisturbed = new();

    private readonly (string Before, string After, string Rows, long Writes, long Steps, long Pages, long Memory) expected;
    private bool isInMerge;
    private bool mayEnd;
    private string? failure;

    public TreeFailureRun(TreeFailureCase @case, string begin, string policy)
    {
        Case = @case;
        Begin = begin;
        Policy = policy;
        expected = Undisturbed.GetOrAdd($"{@case.Schema}|{begin}|{policy}", _ => Measure());
    }

    public TreeFailureCase Case { get; }

    public string Begin { get; }

    public string Policy { get; }

    /// <summary>Points at which SQLite can be interrupted.</summary>
    public long Steps => expected.Steps;

    /// <summary>Pages by which the file grows.</summary>
    public long Pages => expected.Pages;

    /// <summary>Bytes that SQLite's heap grows by.</summary>
    public long Memory => expected.Memory;

    /// <summary>One of the rows that are written.</summary>
    public long Point(Random random) => 1 + random.NextInt64(expected.Writes);

    public Database Open(TempFile file)
    {
        Database database = Database.Open(file.Path);
        database.Exec("PRAGMA synchronous = OFF; PRAGMA foreign_keys = ON");
        database.Scalar("SELECT count(*) FROM cloudsync_changes");
        if (Policy.Length > 0)
        {
            database.Scalar("SELECT cloudsync_set('apply_refused', ?)", Policy);
        }

        database.Exec(Begin);
        return database;
    }

    /// <summary>Applies the payload.</summary>
    /// <param name="database">The connection.</param>
    /// <param name="wasReached">Whether the fault was reached.</param>
    /// <param name="endsTransaction">Whether SQLite may have ended the caller's transaction.</param>
    /// <param name="inMerge">Whether it may happen before the fold.</param>
    /// <returns>Whether it failed.</returns>
    public bool Do(Database database, Func<bool> wasReached, bool endsTransaction, bool inMerge = true)
    {
        isInMerge = inMerge;
        mayEnd = endsTransaction;
        try
        {
            Apply(database);
            return false;
        }
        catch (SqlException caught)
        {
            failure = caught.Text;
            Assert.True(wasReached(), caught.Text);
            return true;
        }
    }

    /// <summary>What must hold after it, and that the next call ends where an undisturbed run ends.</summary>
    public void CheckAndGoOn(Database database, TempFile file, Random random)
    {
        string when = $"{Case.Schema}; {Begin}; {Policy}; {failure}";
        using (database.PauseChecks())
        {
            Assert.True(database.BusyStatement() == null, $"{when}: a statement is open: {database.BusyStatement()}");
        }

        bool isOpen = database.InTransaction;
        Assert.True(isOpen == (Begin.Length > 0) || (mayEnd && !isOpen), $"{when}: in a transaction: {isOpen}");
        IsOldOrNew(database, when);
        if (isOpen)
        {
            bool keeps = random.Next(2) == 0;
            database.Exec(keeps ? (Begin.StartsWith("BEGIN", StringComparison.Ordinal) ? "COMMIT" : "RELEASE mine") : "ROLLBACK");
            IsOldOrNew(database, when);
        }

        using (Database other = Database.Open(file.Path, register: false))
        {
            other.Exec("BEGIN IMMEDIATE; UPDATE cloudsync_tree SET void = void; ROLLBACK");
        }

        Assert.Equal(0L, database.Scalar("PRAGMA defer_foreign_keys"));
        if (random.Next(2) == 0)
        {
            database.Scalar("SELECT cloudsync_tree_ensure()");
            TreeModel.Sound(database);
            TreeModel.Equal(database);
        }

        Apply(database);
        database.Scalar("SELECT cloudsync_waiting_retry()");
        Assert.True(TreeModel.State(database) == expected.After, $"{when}\n{TreeModel.State(database)}\n{expected.After}");
        Assert.Equal(expected.Rows, Rows(database));
        Assert.Equal(0L, database.Scalar("SELECT count(*) FROM cloudsync_waiting"));
        TreeModel.Sound(database);
        TreeModel.Equal(database);
    }

    private static string Rows(Database database) => (string)database.Scalar(
        "SELECT group_concat(r, ' ') FROM (SELECT id || '<' || ifnull(parent, '') || ',' || CASE title WHEN 'caller' THEN 't2' ELSE title END AS r FROM items ORDER BY id)")!;

    private void IsOldOrNew(Database database, string when)
    {
        string state = TreeModel.State(database);
        bool isPart = isInMerge && state != expected.Before;
        Assert.True(state == expected.Before || state == expected.After || isPart, $"{when}:\n{state}\n--- before\n{expected.Before}\n--- after\n{expected.After}");
        TreeModel.Sound(database);
        if (isPart)
        {
            // The merge failed, not the fold: what came before it is applied, and folded in.
            TreeModel.Equal(database);
        }
    }

    private void Apply(Database database) => database.Scalar("SELECT cloudsync_payload_apply(?)", Case.Payload);

    private (string, string, string, long, long, long, long) Measure()
    {
        string before;
        string after;
        string rows;
        long pages;
        long steps;
        using (TempFile file = Case.Copy())
        {
            using Database database = Open(file);
            before = TreeModel.State(database);
            pages = (long)database.Scalar("PRAGMA page_count")!;
            steps = StepFault.Count(database, () => Apply(database));
            if (Begin.Length > 0)
            {
                database.Exec(Begin.StartsWith("BEGIN", StringComparison.Ordinal) ? "COMMIT" : "RELEASE mine");
            }

            pages = (long)database.Scalar("PRAGMA page_count")! - pages;
            after = TreeModel.State(database);
            rows = Rows(database);
            TreeModel.Sound(database);
            TreeModel.Equal(database);
            Assert.NotEqual(before, after);
        }

        using TempFile second = Case.Copy();
        using Database counted = Open(second);
        using TreeFault fault = new(counted, long.MaxValue, TreeFaultKind.Abort, "BEFORE");
        HeapMeter meter = HeapMeter.Start();
        Apply(counted);
        long memory = meter.Peak;
        if (Begin.Length > 0)
        {
            counted.Exec("ROLLBACK");
        }

        return (before, after, rows, fault.Asked, steps, pages, Math.Max(memory, 1));
    }
}
