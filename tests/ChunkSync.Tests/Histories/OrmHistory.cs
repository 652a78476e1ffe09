using ChunkSync.Tests.Host;
using ChunkSync.Tests.Merge;

namespace ChunkSync.Tests.Histories;

/// <summary>Two replicas that write, send, receive, and run the same migrations, each when and how it likes.</summary>
internal sealed class OrmHistory : IDisposable
{
    private readonly Random random;
    private readonly OrmSchema schema;
    private readonly OrmLedger ledger = new();
    private readonly OrmReplica[] replicas;

    public OrmHistory(Random random)
    {
        this.random = random;
        schema = new OrmSchema(random);
        replicas = [new(0, schema, ledger, Script, random), new(1, schema, ledger, Script, random)];
    }

    /// <summary>What was run.</summary>
    public List<string> Script { get; } = [];

    public int Migrations => replicas.Sum(replica => replica.Migrations);

    public int Undone => replicas.Sum(replica => replica.Undone);

    /// <summary>Runs it to its end, and compares.</summary>
    public void Run()
    {
        // Reading all rows behind each statement costs most of the time.
        using IDisposable? first = random.Next(8) > 0 ? replicas[0].Database.PauseChecks() : null;
        using IDisposable? second = first != null ? replicas[1].Database.PauseChecks() : null;

        // Both have the parents from the beginning, so that no child comes before.
        replicas[0].Database.Exec("INSERT INTO author(id, name) VALUES ('a0', 'first'), ('a1', 'second')");
        replicas[0].Note();
        replicas[0].Send();
        replicas[0].Deliver(replicas[1], receives: random.Next(2) == 0);
        for (int step = 10 + random.Next(30); step > 0; step--)
        {
            OrmReplica replica = replicas[random.Next(2)];
            OrmReplica other = replicas[0] == replica ? replicas[1] : replicas[0];
            switch (random.Next(10))
            {
                case < 5:
                    replica.Write();
                    replica.Note();
                    break;
                case < 6:
                    replica.Send();
                    break;
                case < 8:
                    replica.Deliver(other, receives: random.Next(2) == 0);
                    break;
                default:
                    replica.Migrate();
                    break;
            }
        }

        End();
    }

    /// <summary>What is wrong has been said: nothing is checked any more.</summary>
    public void Abandon() => Array.ForEach(replicas, replica => replica.Database.Deviates(Consistency.Deviation.Damaged, "the history failed"));

    public void Dispose() => Array.ForEach(replicas, replica => replica.Dispose());

    private void End()
    {
        foreach (OrmReplica replica in replicas)
        {
            while (replica.Migrations < schema.Changes.Count)
            {
                replica.Migrate();
            }
        }

        for (int round = 0; replicas.Select(replica => replica.Send()).ToList().Contains(true) || round == 0; round++)
        {
            Assert.True(round < 10, "the replicas send each other something for ever");
            while (replicas[0].Deliver(replicas[1], receives: true) | replicas[1].Deliver(replicas[0], receives: true))
            {
            }
        }

        // A column that came back has changes of its old life at one replica that the other one, who wrote them, has dropped.
        for (int i = 0; schema.Returned.Count > 0 && i < 2; i++)
        {
            replicas[i].SendAll(replicas[1 - i]);
        }

        // What waits at one of them is tried again; values of columns that were dropped here before they came wait for ever.
        foreach (OrmReplica replica in replicas)
        {
            replica.Database.Scalar("SELECT cloudsync_waiting_retry()");
            Assert.Equal([], replica.Database.Query("SELECT tbl, key, columns, reason, text FROM cloudsync_waiting WHERE reason <> 'column'"));
            Assert.Equal("ok", replica.Database.Scalar("SELECT * FROM pragma_integrity_check"));
        }

        foreach (string table in OrmSchema.Tables)
        {
            OrmRows rows = OrmRows.Read(replicas[0].Database, table);
            Assert.Equal(rows.Lines(), OrmRows.Read(replicas[1].Database, table).Lines());
            string? contradiction = ledger.Contradiction(table, rows, column => schema.Returned.Contains((table, column)));
            Assert.True(contradiction == null, contradiction);
        }

        Assert.Equal(Model(replicas[0]).ClockLines(), Model(replicas[1]).ClockLines());
        Assert.Equal(Model(replicas[0]).RowLines(), Model(replicas[1]).RowLines());
    }

    /// <summary>The naive model of everything that a replica holds.</summary>
    private static NaiveReplica Model(OrmReplica replica)
    {
        NaiveReplica model = new();
        model.Merge(NaiveChange.Read(replica.Database));
        return model;
    }
}
