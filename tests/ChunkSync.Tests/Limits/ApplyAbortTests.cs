using System.Runtime.InteropServices;
using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Limits;

/// <summary>An apply that SQLite stops half-way, for want of memory or because the host interrupts: then SQLite runs no statement any
/// more until the call has ended, no ROLLBACK either, and still nothing may stay open or half written.</summary>
[Collection(MemoryCollection.Name)]
public unsafe class ApplyAbortTests(ITestOutputHelper output)
{
    private const string Schema = """
        CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b);
        CREATE TABLE cells(id TEXT PRIMARY KEY NOT NULL, a, b);
        SELECT cloudsync_init('t'); SELECT cloudsync_init('cells');
        """;

    private const string Contents = "SELECT (SELECT count(*) FROM t), (SELECT count(*) FROM t_cloudsync), (SELECT count(*) FROM cells),"
        + " (SELECT count(*) FROM cells_cloudsync), (SELECT count(*) FROM cloudsync_payload_fragments)";

    private static long steps;
    private static nint interrupted;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Nothing_stays_open_or_half_written_when_an_apply_is_interrupted_at_any_step(bool parts)
    {
        List<byte[]> payloads = Payloads(parts);
        int stopped = 0;
        for (long at = 1; at < 1_000_000; at += at < 400 ? 7 : at / 20)
        {
            using Database receiver = Receiver(payloads, parts);
            string before = Describe(receiver);
            steps = at;
            interrupted = receiver.Handle;
            NativeSqlite.ProgressHandler(receiver.Handle, 1, &InterruptAtStep, 0);
            int code = Apply(receiver, payloads[^1]);
            NativeSqlite.ProgressHandler(receiver.Handle, 0, null, 0);
            Assert.False(receiver.InTransaction, $"a transaction is open after an interrupt at step {at}");
            if (code == 0)
            {
                output.WriteLine($"{stopped} interrupts, the last before step {at}");
                Assert.True(stopped > 50);
                return;
            }

            stopped++;
            Assert.Equal(9, code);
            AssertWholeRows(receiver, before, parts);
            Assert.Equal(0, Apply(receiver, payloads[^1]));
            AssertComplete(receiver);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Nothing_stays_open_or_half_written_when_an_apply_runs_out_of_memory(bool parts)
    {
        List<byte[]> payloads = Payloads(parts);
        int stopped = 0;
        for (long heap = 8 << 10; heap < 64 << 20; heap += heap / 12)
        {
            using Database receiver = Receiver(payloads, parts);
            string before = Describe(receiver);
            int code = ApplyWithin(heap, receiver, payloads[^1]);
            Assert.False(receiver.InTransaction, $"a transaction is open after {heap} bytes were not enough");
            if (code == 0)
            {
                output.WriteLine($"{stopped} times out of memory, {heap} bytes were enough");
                Assert.True(stopped > 3);
                return;
            }

            stopped++;
            Assert.Equal(7, code);
            AssertWholeRows(receiver, before, parts);
            Assert.Equal(0, Apply(receiver, payloads[^1]));
            AssertComplete(receiver);
        }

        Assert.Fail("64 MiB are not enough");
    }

    [Fact]
    public void Callers_transaction_is_whole_or_gone_when_an_apply_in_it_runs_out_of_memory()
    {
        List<byte[]> payloads = Payloads(parts: false);
        int gone = 0;
        int kept = 0;
        for (long heap = 16 << 10; heap < 400 << 10; heap += heap / 12)
        {
            using Database receiver = Receiver(payloads, parts: false);
            string before = Describe(receiver);
            receiver.Exec("BEGIN; INSERT INTO t VALUES ('own', 1, 2)");
            Assert.Equal(7, ApplyWithin(heap, receiver, payloads[^1]));
            AssertWholeRows(receiver, before, parts: false);
            if (receiver.InTransaction)
            {
                // SQLite could still run what undoes the failed row: the caller's own row is there.
                kept++;
                Assert.Equal(1L, receiver.Scalar("SELECT count(*) FROM t WHERE id = 'own'"));
                receiver.Exec("ROLLBACK");
            }
            else
            {
                gone++;
            }

            Assert.Equal(before, Describe(receiver));
            Assert.Equal(0, Apply(receiver, payloads[^1]));
            AssertComplete(receiver);
        }

        output.WriteLine($"the transaction was gone {gone} times, still there {kept} times");
        Assert.True(gone > 0);
    }

    /// <summary>Rows of two tables, or the parts of one value; the last one is applied under the test's conditions.</summary>
    private static List<byte[]> Payloads(bool parts)
    {
        using Database sender = Database.Open();
        sender.Exec(Schema + (parts
            ? "INSERT INTO t VALUES ('x', 0, randomblob(600000))"
            : "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20) INSERT INTO t SELECT 'k' || i, i, randomblob(9000) FROM n;"
                + " INSERT INTO cells SELECT id, a, b FROM t"));
        return [.. ChunkRow.Read(sender, [("since_db_version", 0), ("max_chunk_size", parts ? 262_144 : 5 << 20)]).Select(chunk => chunk.Payload)];
    }

    private static Database Receiver(List<byte[]> payloads, bool parts)
    {
        Database receiver = Database.Open();
        receiver.Exec(Schema);
        foreach (byte[] payload in payloads.SkipLast(1))
        {
            Assert.Equal(0, Apply(receiver, payload));
        }

        Assert.Equal(parts ? 2L : 0L, receiver.Scalar("SELECT count(*) FROM cloudsync_payload_fragments"));
        return receiver;
    }

    private static int Apply(Database receiver, byte[] payload)
    {
        try
        {
            receiver.Scalar("SELECT cloudsync_payload_apply(?)", payload);
            return 0;
        }
        catch (SqlException failure)
        {
            return failure.Code;
        }
    }

    private static int ApplyWithin(long heap, Database receiver, byte[] payload)
    {
        int code = 0;
        using BoundStatement apply = new(receiver, "SELECT cloudsync_payload_apply(?1)");
        apply.BindBlob(1, payload);
        HeapMeter.RunWithin(heap, () =>
        {
            try
            {
                apply.Run();
            }
            catch (SqlException failure)
            {
                code = failure.Code;
            }
        });
        return code;
    }

    private static string Describe(Database database) => string.Join(" ", database.Query(Contents)[0]);

    /// <summary>Every row has its clocks: of rows the ones before the failure may be there, of a value all or nothing.</summary>
    private static void AssertWholeRows(Database receiver, string before, bool parts)
    {
        if (parts)
        {
            // An interrupt behind the commit fails the call and not what it did.
            string now = Describe(receiver);
            Assert.True(now == before || now == "1 2 0 0 0", $"{before} became {now}");
        }

        Assert.Equal([0L, 0L], receiver.Query(
            "SELECT (SELECT count(*) FROM t WHERE (SELECT count(*) FROM t_cloudsync c WHERE c.pk = cloudsync_pk_encode(t.id)) <> 2),"
            + " (SELECT count(*) FROM cells WHERE (SELECT count(*) FROM cells_cloudsync c WHERE c.pk = cloudsync_pk_encode(cells.id)) <> 2)")[0]
            .Select((count, i) => parts && i == 0 ? 0L : (long)count!));
    }

    private static void AssertComplete(Database receiver)
    {
        object?[] counts = receiver.Query(Contents)[0];
        Assert.Equal(2 * (long)counts[0]!, counts[1]);
        Assert.Equal(2 * (long)counts[2]!, counts[3]);
        Assert.Equal(0L, counts[4]);
        Assert.True((long)counts[0]! > 0);
    }

    [UnmanagedCallersOnly]
    private static int InterruptAtStep(nint argument)
    {
        if (--steps == 0)
        {
            NativeSqlite.Interrupt(interrupted);
        }

        return 0;
    }
}
