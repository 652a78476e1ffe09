using ChunkSync.Merge;
using ChunkSync.Tests.Host;
using Xunit.Sdk;

namespace ChunkSync.Tests.Waiting;

/// <summary>Every way of refusing a change, under both policies, alone and in a caller's transaction, at every place of a payload.</summary>
public sealed class RefusalTests
{
    private const string RowsOfT = "SELECT id, a, b FROM t WHERE id <> 'mine' ORDER BY id";
    private const string RowsOfV = "SELECT id, x, y FROM v ORDER BY id";
    private const int Count = 4;

    public static TheoryData<string> Names => [.. Refusal.All.Select(refusal => refusal.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Refused_change_stops_or_waits_as_its_code_says(string name)
    {
        Refusal refusal = Refusal.All.Single(one => one.Name == name);
        if (refusal.MinimumVersion != null && new Version(NativeSqlite.Version) < new Version(refusal.MinimumVersion))
        {
            return;
        }

        foreach (int place in (int[])[1, 2, Count])
        {
            Sent sent = Send(refusal, place);
            foreach ((string policy, bool inTransaction) in ((string, bool)[])[("stop", false), ("stop", true), ("wait", false), ("wait", true)])
            {
                try
                {
                    Refuse(refusal, sent, policy, inTransaction);
                }
                catch (Exception failure)
                {
                    throw new XunitException($"{policy}, in a transaction: {inTransaction}, at place {place}: {failure.Message}", failure);
                }
            }
        }
    }

    [Theory]
    [InlineData(275, "constraint")]
    [InlineData(1043, "constraint")]
    [InlineData(2323, "constraint")]
    [InlineData(2835, "constraint")]
    [InlineData(3091, "type")]
    [InlineData(20, "type")]
    [InlineData(531, "")]
    [InlineData(5, "")]
    [InlineData(6, "")]
    [InlineData(7, "")]
    [InlineData(8, "")]
    [InlineData(9, "")]
    [InlineData(266, "")]
    [InlineData(11, "")]
    [InlineData(13, "")]
    [InlineData(18, "")]
    [InlineData(23, "")]
    public void Code_that_no_statement_here_gives_waits_or_is_an_error(int code, string reason) =>
        Assert.Equal(reason, RefusalKind.NameOf(RefusalKind.Of(code, fromPrepare: false)));

    private static void Refuse(Refusal refusal, Sent sent, string policy, bool inTransaction)
    {
        int place = sent.Place;
        using Database receiver = RefusingReplica.Open(refusal.Table + "SELECT cloudsync_set('schema_check', 'names')", policy);
        RefusingReplica.Apply(receiver, sent.Before);
        receiver.Exec(refusal.Cause);
        string? failure = Apply(receiver, sent.Refused, inTransaction, out bool isRolledBack);
        bool waits = policy == "wait" && refusal.Reason != null && !(inTransaction && refusal.RollsBack);
        if (waits || refusal.Text == null)
        {
            Assert.Null(failure);
            Assert.Equal(Others(place, Count), Rows(receiver));
            Assert.Equal([$"{Count + 1}"], Checkpoint(receiver));
        }
        else
        {
            Assert.NotNull(failure);
            Assert.True(refusal.Text!.Length == 0 || failure.StartsWith(refusal.Text, StringComparison.Ordinal), failure);
            Assert.Equal(Others(place, isRolledBack || refusal.RollsBack || UndoesAll(refusal, policy) ? 0 : place - 1), Rows(receiver));
            Assert.Equal(["1"], Checkpoint(receiver));
        }

        Assert.Equal(waits ? [refusal.Reason!] : [], RefusingReplica.Read(receiver, "SELECT reason FROM cloudsync_waiting"));
        if (refusal.Rest != null && waits)
        {
            Assert.Equal([refusal.Rest], RefusingReplica.Read(receiver, "SELECT * FROM v"));
        }

        Assert.False(receiver.InTransaction);
        if (refusal.Reason != null)
        {
            Cure(receiver, refusal, sent, policy);
        }
    }

    /// <summary>The cause is gone: everything lands, by a retry, by the next payload, or by the same one again.</summary>
    private static void Cure(Database receiver, Refusal refusal, Sent sent, string policy)
    {
        receiver.Exec(refusal.Cure);
        if (policy == "wait" && sent.Place == 1 && !refusal.RollsBack)
        {
            receiver.Exec("SELECT cloudsync_waiting_retry()");
            Assert.Empty(RefusingReplica.Waiting(receiver));
        }

        if (policy == "stop" || sent.Place == Count || refusal.RollsBack)
        {
            RefusingReplica.Apply(receiver, sent.Refused);
            Assert.Empty(RefusingReplica.Waiting(receiver));
        }

        RefusingReplica.Apply(receiver, sent.Next);
        Assert.Empty(RefusingReplica.Waiting(receiver));
        Assert.Equal(sent.RowsOfT, RefusingReplica.Read(receiver, RowsOfT));
        if ((long)receiver.Scalar("SELECT count(*) FROM sqlite_master WHERE name = 'v'")! > 0)
        {
            Assert.Equal(sent.RowsOfV, RefusingReplica.Read(receiver, RowsOfV));
        }
    }

    /// <summary>What is an error, whatever the policy, undoes everything where refused changes are kept; otherwise the rows before it stay.</summary>
    private static bool UndoesAll(Refusal refusal, string policy) => refusal.IsWhole || (policy == "wait" && refusal.Reason == null);

    private static string? Apply(Database receiver, byte[] payload, bool inTransaction, out bool isRolledBack)
    {
        isRolledBack = false;
        string? failure = null;
        if (inTransaction)
        {
            receiver.Exec("BEGIN");
        }

        try
        {
            RefusingReplica.Apply(receiver, payload);
        }
        catch (SqlException error)
        {
            failure = error.Text;
        }

        if (inTransaction && receiver.InTransaction)
        {
            try
            {
                receiver.Exec("COMMIT");
            }
            catch (SqlException error)
            {
                failure = error.Text;
                receiver.Exec("ROLLBACK");
                isRolledBack = true;
            }
        }
        else
        {
            isRolledBack = inTransaction;
        }

        return failure;
    }

    private static Sent Send(Refusal refusal, int place)
    {
        using Database sender = RefusingReplica.Open("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); CREATE TABLE v(id TEXT PRIMARY KEY NOT NULL, x, y);"
            + " SELECT cloudsync_init('t'); SELECT cloudsync_init('v'); INSERT INTO t VALUES ('old', 'o', 0)", null);
        using IDisposable pause = sender.PauseChecks();
        byte[] before = RefusingReplica.Payload(sender)!;
        for (int i = 1; i <= Count; i++)
        {
            sender.Exec(i == place ? refusal.Bad : $"INSERT INTO t VALUES ('k{i}', 'k{i}', 0)");
        }

        string[] columns = "tbl pk col_name col_value col_version db_version site_id cl seq".Split(' ');
        string forged = refusal.Forged?.Split(" = ")[0] ?? "";
        string rows = $"SELECT {string.Join(", ", columns.Select(column => column == forged
            ? $"CASE db_version WHEN {place + 1} THEN {refusal.Forged!.Split(" = ")[1]} ELSE {column} END AS {column}" : column))} FROM cloudsync_changes WHERE db_version > 1";
        byte[] refused = (byte[])sender.Scalar($"SELECT cloudsync_payload_encode({string.Join(", ", columns)}) FROM ({rows} ORDER BY db_version, seq)")!;
        sender.Exec("INSERT INTO t VALUES ('k9', 'k9', 0)");
        return new Sent(place, before, refused, RefusingReplica.Payload(sender, Count + 1)!, RefusingReplica.Read(sender, RowsOfT), RefusingReplica.Read(sender, RowsOfV));
    }

    /// <summary>The first undisturbed rows of the payload.</summary>
    private static string[] Others(int place, int count) => [.. Enumerable.Range(1, count).Where(i => i != place).Select(i => $"k{i}")];

    private static string[] Rows(Database receiver) => RefusingReplica.Read(receiver, "SELECT id FROM t WHERE id LIKE 'k%' ORDER BY id");

    private static string[] Checkpoint(Database receiver) => RefusingReplica.Read(receiver, "SELECT value FROM cloudsync_settings WHERE key = 'check_dbversion'");

    /// <summary>What a sender sends: what both have, a payload of which one change is refused, and one behind it.</summary>
    private sealed record Sent(int Place, byte[] Before, byte[] Refused, byte[] Next, string[] RowsOfT, string[] RowsOfV);
}
