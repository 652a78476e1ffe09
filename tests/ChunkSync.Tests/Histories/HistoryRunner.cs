using ChunkSync.Tests.Host;
using ChunkSync.Tests.Merge;

namespace ChunkSync.Tests.Histories;

/// <summary>Runs a history on databases in memory, and looks at every replica after each of its steps.</summary>
internal sealed class HistoryRunner : IDisposable
{
    private const string UnknownHash = "schema hash is unknown";
    private const string NoColumn = "has no column";

    private readonly AlteredReplica[] replicas;
    private readonly Dictionary<int, Window> windows = [];
    private readonly Dictionary<(int From, int To), long> watermarks = [];
    private readonly HistoryScript script = new();
    private int names;

    private HistoryRunner(History history, string afterCommitAlter)
    {
        bool onFile = history.Steps.Any(step => step.Kind == StepKind.Switch);
        replicas = [.. Enumerable.Range(0, history.Replicas).Select(
            number => new AlteredReplica(number, script, onFile) { AfterCommitAlter = afterCommitAlter })];
    }

    /// <summary>Runs a history, and the exchange at its end.</summary>
    /// <param name="history">The history.</param>
    /// <param name="afterCommitAlter">SQL that is run behind every <c>cloudsync_commit_alter</c> of table t as if it were part of it: a defect, to
    /// see whether it is found.</param>
    /// <returns>What went wrong, and the script that shows it.</returns>
    public static HistoryOutcome Run(History history, string afterCommitAlter = "")
    {
        using HistoryRunner runner = new(history, afterCommitAlter);
        HistoryStep last = default;
        try
        {
            foreach (HistoryStep step in history.Steps)
            {
                last = step;
                runner.Step(step);
            }

            last = default;
            new FinalExchange(runner.replicas).Run();
            return new HistoryOutcome(null, null, runner.script);
        }
        catch (Exception failure) when (failure is HistoryFailureException or SqlException or Xunit.Sdk.XunitException)
        {
            Array.ForEach(runner.replicas, replica => replica.Abandon());
            runner.script.Add(0, 0, $"-- {(last == default ? "in the exchange at the end" : last.ToString())}: {failure.Message.ReplaceLineEndings(" ")}");
            return new HistoryOutcome(failure, last, runner.script);
        }
    }

    public void Dispose()
    {
        foreach (AlteredReplica replica in replicas)
        {
            replica.Dispose();
        }
    }

    private void Step(HistoryStep step)
    {
        AlteredReplica replica = replicas[step.Replica % replicas.Length];
        switch (step.Kind)
        {
            case StepKind.Begin or StepKind.Commit or StepKind.Rollback or StepKind.Save or StepKind.RollbackTo or StepKind.Release:
                Transaction(replica, step);
                break;
            case StepKind.Send:
                Send(replica, step);
                break;
            case StepKind.Deliver:
                Deliver(replica, step);
                break;
            case StepKind.Sync:
                Sync(replica, replicas[step.A % replicas.Length]);
                break;
            case StepKind.Forget:
                Forget(replica, replicas[step.A % replicas.Length]);
                break;
            case StepKind.Put or StepKind.Replace or StepKind.Update or StepKind.UpdateAll or StepKind.Delete or StepKind.DeleteAll or StepKind.Move:
                Maintenance.Write(replica, step);
                break;
            default:
                Maintenance.Step(replica, step);
                break;
        }
    }

    private static void Transaction(AlteredReplica replica, HistoryStep step)
    {
        bool altering = replica.Mode.Altering != null;
        int depth = replica.Open.Count;
        switch (step.Kind)
        {
            case StepKind.Begin when depth == 0 && !altering:
                replica.Begin("transaction");
                break;
            case StepKind.Save when depth is > 0 and < 4:
                replica.Begin("s" + depth);
                break;
            case StepKind.Commit or StepKind.Release when depth > (step.Kind == StepKind.Release ? 1 : 0) && replica.MayKeep:
                replica.Keep();
                break;
            case StepKind.Rollback when depth > 0:
                replica.Undo(0);
                break;
            case StepKind.RollbackTo when depth > 1:
                replica.Undo(1 + (step.B % (depth - 1)));
                break;
        }
    }

    private void Send(AlteredReplica replica, HistoryStep step)
    {
        // What is not committed may be gone when it arrives.
        if (replica.InTransaction || replica.IsUnreadable)
        {
            return;
        }

        long version = (long)replica.Database.Scalar("SELECT cloudsync_db_version()")!;
        long since = version * (step.B % 8) / 7;
        windows[step.A] = Read(replica, since, own: (step.C & 1) == 0, small: (step.C & 2) != 0);
    }

    private Window Read(AlteredReplica replica, long since, bool own, bool small)
    {
        string name = "w" + names++;
        replica.Log(Window.Sql(name, since, own, small));
        Window window = Window.Read(replica.Database, name, replica.Number, since, own, small);
        replica.Told(window.Watermark);
        return window;
    }

    private void Deliver(AlteredReplica replica, HistoryStep step)
    {
        if (!windows.TryGetValue(step.A, out Window? window) || window.From == replica.Number || replica.IsUnreadable)
        {
            return;
        }

        int[] order = [.. Enumerable.Range(0, window.Chunks.Count)];
        if (order.Length > 1 && step.C > 0)
        {
            // Lost, repeated and mixed up; the same whenever the number is the same.
            Random random = new(step.C);
            order = [.. Enumerable.Range(0, 1 + random.Next(order.Length + 1)).Select(_ => random.Next(order.Length))];
        }

        foreach (int chunk in order)
        {
            Take(replica, window, chunk, receive: (step.B & 1) != 0 && window.IsOwn);
        }
    }

    private void Sync(AlteredReplica from, AlteredReplica to)
    {
        if (from == to || from.InTransaction || from.IsUnreadable || to.IsUnreadable)
        {
            return;
        }

        Window window = Read(from, watermarks.GetValueOrDefault((from.Number, to.Number)), own: true, small: false);
        bool all = true;
        for (int chunk = 0; chunk < window.Chunks.Count && all; chunk++)
        {
            all = Take(to, window, chunk, receive: false);
        }

        // What arrives in a transaction may be rolled back with it.
        if (all && window.Watermark > 0 && !to.InTransaction)
        {
            watermarks[(from.Number, to.Number)] = window.Watermark;
        }
    }

    /// <summary>A chunk arrives.</summary>
    /// <returns>Whether it was taken; it may be refused when the tables differ.</returns>
    internal static bool Take(AlteredReplica replica, Window window, int number, bool receive)
    {
        WindowChunk chunk = window.Chunks[number];
        bool knowsHash = chunk.IsPart || replica.Database.Scalar("SELECT 1 FROM cloudsync_schema_versions WHERE hash = ?", chunk.SchemaHash) != null
            || replica.Database.Scalar("SELECT 1 FROM cloudsync_settings WHERE key = 'skip_schema_hash_check' AND value = '1'") != null;
        string file = $"readfile('{window.Name}-{number}.bin')";
        string cursors = string.Join(", ", chunk.From, chunk.Next).Replace("(", "", StringComparison.Ordinal).Replace(")", "", StringComparison.Ordinal)
            + (chunk.IsFinal ? ", 1" : ", 0");
        replica.Log(receive
            ? $"SELECT cloudsync_payload_receive({file}, x'{Convert.ToHexString(window.Site)}', {cursors})"
            : $"SELECT cloudsync_payload_apply({file})");
        try
        {
            replica.Database.Scalar(receive ? $"SELECT cloudsync_payload_receive(?1, ?2, {cursors})" : "SELECT cloudsync_payload_apply(?1), ?2", chunk.Payload, window.Site);
        }
        catch (SqlException failure) when (failure.Text.Contains(UnknownHash, StringComparison.Ordinal) && !knowsHash)
        {
            replica.Look(StepEffect.None, []);
            return false;
        }
        catch (SqlException failure) when (failure.Text.Contains(NoColumn, StringComparison.Ordinal) && LacksColumn(replica, window))
        {
            replica.Look(StepEffect.Unknown);
            return false;
        }

        if (!knowsHash)
        {
            throw new HistoryFailureException("a payload with an unknown schema hash was applied");
        }

        bool isWhole = window.Chunks.Count == 1;
        replica.Look(isWhole ? StepEffect.None : StepEffect.Unknown, isWhole ? window.Changes : null);
        return true;
    }

    private static bool LacksColumn(AlteredReplica replica, Window window) => HistoryTable.All.Any(table =>
        window.Changes.Where(change => change.Table == table.Name && !change.IsSentinel).Select(change => change.Column)
            .Except(replica.Columns(table)).Any());

    private static void Forget(AlteredReplica replica, AlteredReplica sender)
    {
        if (replica.IsUnreadable)
        {
            return;
        }

        byte[] site = (byte[])sender.Database.Scalar("SELECT cloudsync_siteid()")!;
        replica.Run($"SELECT cloudsync_receive_forget(x'{Convert.ToHexString(site)}')");
        replica.Look(StepEffect.Maintenance);
    }
}
