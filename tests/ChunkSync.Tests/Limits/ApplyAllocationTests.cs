using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Limits;

/// <summary>Applying a payload takes no managed memory per row.</summary>
public class ApplyAllocationTests(ITestOutputHelper output)
{
    private const string Schema = """
        CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b);
        CREATE TABLE k(id INTEGER PRIMARY KEY NOT NULL, v);
        CREATE TABLE e(id PRIMARY KEY NOT NULL, a, b);
        SELECT cloudsync_init('e');
        SELECT cloudsync_init('t'); SELECT cloudsync_init('k', 'cls', 1);
        """;

    private const string Sites = "INSERT INTO cloudsync_site_id(site_id) VALUES (x'11111111111111111111111111111111'), (x'22222222222222222222222222222222')";

    /// <summary>What is written at the sender, and what the receiver holds when it arrives: nothing, the same, or other values.</summary>
    public static TheoryData<string, string> Cases => new()
    {
        { "new rows", "" },
        { "repeats", "same" },
        { "losing rows", "newer" },
        { "winning rows", "older" },
        { "ties", "tie" },
        { "deletes", "deleted" },
        { "new rows of two sites in turn", "sites" },
        { "repeats of two sites in turn", "sites same" },
        { "rows whose keys are REAL, which are INTEGER here", "equal real" },
        { "rows whose keys are INTEGER, which are REAL here", "equal integer" },
        { "rows whose keys are REAL, which were INTEGER here", "equal real gone" },
        { "rows whose keys are INTEGER, which were REAL here", "equal integer gone" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Apply_allocates_nothing_per_row_when_payloads_grow(string name, string shape)
    {
        foreach (bool inTransaction in Share.Of((bool[])[false, true], parts: 2))
        {
            output.WriteLine($"{name}, changes are twice the rows: " + Allocations.AssertNonePerRow(rows => Measure(shape, rows, inTransaction), 600));
        }
    }

    private static long Measure(string shape, int rows, bool inTransaction)
    {
        byte[] warm = Payload(shape, 60, from: 1_000_000);
        byte[] payload = Payload(shape, rows, from: 0);
        using Database receiver = Receiver(shape, rows);
        using BoundStatement apply = new(receiver, "SELECT cloudsync_payload_apply(?1)");
        apply.BindBlob(1, warm).Run();
        apply.Run();
        if (shape.EndsWith("same", StringComparison.Ordinal))
        {
            apply.BindBlob(1, payload).Run();
        }

        apply.BindBlob(1, payload);
        receiver.Exec(inTransaction ? "BEGIN" : "SELECT 1");
        long start = GC.GetAllocatedBytesForCurrentThread();
        apply.Step();
        long bytes = GC.GetAllocatedBytesForCurrentThread() - start;
        Assert.Equal(2L * rows, apply.Int64(0));
        apply.Reset();
        receiver.Exec(inTransaction ? "COMMIT" : "SELECT 1");
        return bytes;
    }

    /// <summary>A payload of twice as many changes as rows.</summary>
    private static byte[] Payload(string shape, int rows, int from)
    {
        using Database sender = Database.Open();
        sender.Exec(Schema);
        if (shape.StartsWith("equal", StringComparison.Ordinal))
        {
            WriteEqual(sender, rows, from, isReal: shape.Contains("real", StringComparison.Ordinal));
            return Single(ChunkRow.Read(sender, [("since_db_version", 0)]), rows);
        }

        Write(sender, Numbers(shape, rows), from, "sent", 5);
        if (shape == "older")
        {
            sender.Exec("UPDATE t SET a = a || 'x', b = b + 1; UPDATE k SET v = v || 'x'; UPDATE k SET v = v || 'y'");
        }

        if (shape == "deleted")
        {
            sender.Exec("DELETE FROM t; DELETE FROM k");
        }

        if (shape.StartsWith("sites", StringComparison.Ordinal))
        {
            // Two sites in turn, row by row and column by column: as a relay sends what it got from both.
            sender.Exec(Sites + "; UPDATE t_cloudsync SET site_id = 1 + seq % 2; UPDATE k_cloudsync SET site_id = 1 + seq % 2");
        }

        List<ChunkRow> chunks = ChunkRow.Read(sender, shape.StartsWith("sites", StringComparison.Ordinal)
            ? [("since_db_version", 0), ("site_id", new byte[16]), ("exclude_filter_site_id", 1)]
            : [("since_db_version", 0)]);
        return Single(chunks, rows);
    }

    private static byte[] Single(List<ChunkRow> chunks, int rows)
    {
        ChunkRow chunk = Assert.Single(chunks);
        Assert.Equal(2L * rows, chunk.Rows);
        return chunk.Payload;
    }

    /// <summary>A deleted number leaves three changes, a living one four; both end up with twice as many changes as rows.</summary>
    private static int Numbers(string shape, int rows) => shape == "deleted" ? 2 * rows / 3 : rows / 2;

    private static Database Receiver(string shape, int rows)
    {
        Database receiver = Database.Open();
        receiver.Exec(Schema);
        if (shape is "newer" or "older" or "tie" or "deleted")
        {
            Write(receiver, Numbers(shape, rows), 0, "here", 7);
            Write(receiver, 50, 1_000_000, "here", 7);
        }

        if (shape.StartsWith("equal", StringComparison.Ordinal))
        {
            bool isReal = shape.Contains("integer", StringComparison.Ordinal);
            WriteEqual(receiver, rows, 0, isReal);
            WriteEqual(receiver, 60, 1_000_000, isReal);
            receiver.Exec(shape.EndsWith("gone", StringComparison.Ordinal) ? "DELETE FROM e" : "SELECT 1");
        }

        if (shape == "newer")
        {
            receiver.Exec("UPDATE t SET a = a || 'x', b = b + 1; UPDATE k SET v = v || 'x'");
        }

        return receiver;
    }

    /// <summary>Rows of two columns, whose keys are numbers in one of two ways of writing them.</summary>
    private static void WriteEqual(Database database, int rows, int from, bool isReal) => database.Exec(
        $"WITH RECURSIVE n(i) AS (SELECT {from} UNION ALL SELECT i + 1 FROM n WHERE i < {from + rows - 1})"
            + $" INSERT INTO e SELECT {(isReal ? "CAST(i AS REAL)" : "i")}, i, 'text' || i FROM n");

    /// <summary>For each number a row of two columns and two rows of one: four changes.</summary>
    private static void Write(Database database, int rows, int from, string text, long number)
    {
        string numbers = $"WITH RECURSIVE n(i) AS (SELECT {from} UNION ALL SELECT i + 1 FROM n WHERE i < {from + rows - 1})";
        database.Exec($"BEGIN; {numbers} INSERT INTO t SELECT 'key' || i, '{text}' || i, {number} FROM n;"
            + $" {numbers} INSERT INTO k SELECT i, '{text}' FROM n UNION ALL SELECT -1 - i, '{text}' FROM n; COMMIT");
    }
}
