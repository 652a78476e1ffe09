using ChunkSync.Tests.Diagnostics;
using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Merge;

/// <summary>Replicas that write keys which SQLite takes for equal although their bytes differ agree with a model in which they are one row,
/// after every step, and end with the same rows and bytes.</summary>
public class KeyFormHistoryTests(ITestOutputHelper output)
{
    [Fact, Soak("key-forms", Weight = 2)]
    public void Replicas_end_with_the_same_rows_and_bytes_when_equal_keys_are_written_in_different_ways()
    {
        using Effort effort = Effort.Start("key-forms", output, sample: 20);
        while (effort.Next("histories"))
        {
            List<string> log = [];
            FormReplica[] replicas = [.. Enumerable.Range(0, 2 + effort.Random.Next(3)).Select(i => new FormReplica("r" + i, log))];
            try
            {
                Run(effort.Random, replicas);
                Exchange(replicas, relay: effort.Random.Next(2) == 0, log);
                Array.ForEach(replicas, replica => Suspected.Nothing(replica.Database, log));
                effort.Add("rows", replicas[0].Lines().Count);
            }
            finally
            {
                Array.ForEach(replicas, replica => replica.Dispose());
            }
        }
    }

    private static void Run(Random random, FormReplica[] replicas)
    {
        List<SentWindow> sent = [];
        for (int step = 0; step < 12; step++)
        {
            FormReplica replica = replicas[random.Next(replicas.Length)];
            replica.Begin();
            for (int i = random.Next(3); i >= 0; i--)
            {
                Write(random, replica);
            }

            replica.End(random.Next(8) == 0);
            if (random.Next(2) == 0)
            {
                sent.Add(replica.Send(random.Next(5), relay: random.Next(3) == 0));
            }

            if (sent.Count > 0 && random.Next(2) == 0)
            {
                Deliver(random, replicas[random.Next(replicas.Length)], sent[random.Next(sent.Count)]);
            }
        }
    }

    private static void Deliver(Random random, FormReplica target, SentWindow window)
    {
        if (random.Next(2) == 0)
        {
            target.Apply(window);
            return;
        }

        NaiveChange[] some = [.. window.Changes.Where(_ => random.Next(3) > 0)];
        random.Shuffle(some);
        target.Insert(some);
    }

    private static void Write(Random random, FormReplica replica)
    {
        long value = random.Next(5);
        (string table, string[] keys, object?[] key, object?[] other) = random.Next(6) switch
        {
            0 or 1 => ("nocase", (string[])["id"], (object?[])[Letters(random)], (object?[])[Letters(random)]),
            2 => ("rtrim", ["id"], [Spaces(random)], [Spaces(random)]),
            3 => ("free", ["id"], [Number(random)], [Number(random)]),
            4 => ("pair", ["x", "y"], [Letters(random), Real(random)], [Letters(random), Real(random)]),
            _ => ("bare", ["id", "n"], [Letters(random), Number(random)], [Letters(random), Number(random)]),
        };
        bool isBare = table == "bare";
        string where = string.Join(" AND ", keys.Select((name, i) => $"{name} = ?{i + 1}"));
        string set = string.Join(", ", keys.Select((name, i) => $"{name} = ?{keys.Length + i + 1}"));
        string parameters = string.Join(", ", Enumerable.Range(1, keys.Length).Select(i => "?" + i));
        int after = keys.Length + 1;
        (string Sql, object?[] Parameters) statement = random.Next(9) switch
        {
            0 or 1 when isBare => ($"INSERT OR IGNORE INTO {table} VALUES ({parameters})", key),
            0 or 1 => ($"INSERT INTO {table}({string.Join(", ", keys)}, a, b) VALUES ({parameters}, ?{after}, 1) ON CONFLICT DO UPDATE SET a = excluded.a", [.. key, value]),
            2 or 3 when !isBare => ($"UPDATE {table} SET b = ?{after} WHERE {where}", [.. key, value]),
            4 => ($"DELETE FROM {table} WHERE {where}", key),
            5 when isBare => ($"INSERT OR REPLACE INTO {table} VALUES ({parameters})", key),
            5 => ($"INSERT OR REPLACE INTO {table}({string.Join(", ", keys)}, a) VALUES ({parameters}, ?{after})", [.. key, value]),
            6 => ($"UPDATE OR REPLACE {table} SET {set} WHERE {where}", [.. key, .. other]),
            _ => ($"UPDATE OR IGNORE {table} SET {set} WHERE {where}", [.. key, .. other]),
        };
        replica.Write(statement.Sql, statement.Parameters);
    }

    private static string Letters(Random random) => ((string[])["k", "K", "ab", "Ab", "aB", "AB", "_", "a b", "A B"])[random.Next(9)];

    private static string Spaces(Random random) => ((string[])["", " ", "k", "k ", "k  ", " k", "k\t"])[random.Next(7)];

    private static object Number(Random random) => ((object[])[0L, 0.0, -0.0, 1L, 1.0, 2L, 1.5, "1", "x"])[random.Next(9)];

    private static object Real(Random random) => ((object[])[0.0, -0.0, 1.0, 1L, 2.5])[random.Next(5)];

    /// <summary>Everybody sends to everybody until nothing changes any more: its own changes, or all that it knows.</summary>
    private static void Exchange(FormReplica[] replicas, bool relay, List<string> log)
    {
        string before = "";
        for (int round = 0; ; round++)
        {
            Assert.True(round < 8, $"the exchange does not end\n{string.Join("\n", log)}");
            foreach (FormReplica from in replicas)
            {
                foreach (FormReplica to in replicas.Where(to => to != from))
                {
                    to.Apply(from.Send(0, relay));
                }
            }

            string now = string.Join("\n", replicas.SelectMany(replica => NaiveChange.Read(replica.Database)));
            if (now == before)
            {
                break;
            }

            before = now;
        }

        string[] ends = [.. replicas.Select(replica => string.Join("\n  ", replica.Lines()))];
        Assert.True(ends.All(end => end == ends[0]), $"replicas differ\n  {string.Join("\n---\n  ", ends)}\n{string.Join("\n", log)}");
    }
}
