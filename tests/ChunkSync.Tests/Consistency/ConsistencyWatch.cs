using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Consistency;

/// <summary>Runs the <see cref="ConsistencyChecker"/> behind the statements of a <see cref="Database"/>: after every one that wrote, as long as
/// there is little to read; where there is more, after so many of them that reading it does not cost more than they do; and at the end
/// always.</summary>
/// <param name="database">The database.</param>
internal sealed class ConsistencyWatch(Database database)
{
    /// <summary>How many rows and clock rows a writing statement pays for.</summary>
    private const long RowsPerStatement = 120;

    /// <summary>What every check costs beside its rows, in rows.</summary>
    private const long RowsPerCheck = 30;

    private const long MostCredit = 20 * RowsPerStatement;

    /// <summary>Statements that take what others sent.</summary>
    private static readonly string[] Receiving =
        ["payload_apply", "payload_decode", "payload_receive", "payload_load", "into cloudsync_changes"];

    /// <summary>Statements after which the schema may be another one although its number is one that was seen.</summary>
    private static readonly string[] Altering =
        ["alter", "create", "drop", "rollback", "cloudsync_init", "cloudsync_cleanup", "_filter", "deserialize"];

    [ThreadStatic]
    private static Exception? lastThrown;

    private readonly ConsistencyChecker checker = Begin(database);
    private long credit = RowsPerStatement;
    private long cost = RowsPerCheck;
    private int seenChanges;
    private bool isDirty;
    private bool received;
    private bool anew;
    private bool alterationBegan;

    static ConsistencyWatch() => AppDomain.CurrentDomain.FirstChanceException += (_, thrown) =>
        lastThrown = thrown.Exception is SqlException or Xunit.Sdk.XunitException ? thrown.Exception : lastThrown;

    /// <summary>What an earlier test threw says nothing about this one.</summary>
    private static ConsistencyChecker Begin(Database database)
    {
        lastThrown = null;
        return new ConsistencyChecker(database);
    }

    /// <summary>What the test says that may deviate.</summary>
    public Deviation Allowed { get; set; }

    /// <summary>Above 0 while nothing may be read in between, as when an operation's steps are counted.</summary>
    public int Pauses { get; set; }

    /// <summary>A statement ran, well or not.</summary>
    public void Ran(string sql, bool failed)
    {
        Note(sql, failed);
        if (!isDirty || Pauses > 0 || credit < cost || (Allowed & Deviation.Damaged) != 0)
        {
            return;
        }

        // A transaction that has not begun to read must not begin with a read of ours.
        if (!database.InTransaction || NativeSqlite.TransactionState(database.Handle, "main") != 0)
        {
            Check(sql);
        }
    }

    /// <summary>The database is about to close: a whole check, if anything was written since the last one.</summary>
    public void End()
    {
        try
        {
            Note("", failed: false);
            if (isDirty && (Allowed & Deviation.Damaged) == 0)
            {
                Check("(before it was closed)");
            }
        }
        finally
        {
            checker.Dispose();
        }
    }

    private void Note(string sql, bool failed)
    {
        int changes = NativeSqlite.TotalChanges(database.Handle);
        bool altered = failed || HasAny(sql, Altering);
        if (changes != seenChanges || altered)
        {
            isDirty = true;
            credit = Math.Min(credit + RowsPerStatement, MostCredit);
        }

        seenChanges = changes;
        anew |= altered;
        received |= HasAny(sql, Receiving);
        bool begins = sql.Contains("cloudsync_begin_alter", StringComparison.OrdinalIgnoreCase);
        alterationBegan = (alterationBegan || begins) && database.InTransaction;
        isDirty |= begins;
    }

    private static bool HasAny(string sql, string[] words) => Array.Exists(words, word => sql.Contains(word, StringComparison.OrdinalIgnoreCase));

    private void Check(string sql)
    {
        List<string> problems;
        try
        {
            problems = checker.Check(Allowed, received, anew, alterationBegan);
        }
        catch (SqlException failure) when (failure.Code is 5 or 6 or 7 or 8 or 9 or 10 or 14)
        {
            // Busy, locked, out of memory, read-only, interrupted, an I/O error: what the test is about. It is looked at later.
            return;
        }

        isDirty = false;

        // What a transaction completes may be undone.
        received &= database.InTransaction;
        anew = false;
        cost = checker.RowsRead + RowsPerCheck;
        credit -= cost;
        if (problems.Count > 0)
        {
            // A failure at the end of a test may hide what ended it.
            string before = lastThrown == null ? "" : $"\nwhat was thrown last: {lastThrown.GetType().Name}: {lastThrown.Message}";
            Assert.Fail($"clocks and rows do not fit after: {sql}\n  {string.Join("\n  ", problems)}{before}");
        }
    }
}
