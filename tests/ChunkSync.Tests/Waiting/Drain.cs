using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Waiting;

/// <summary>One writer, and copies with the same constraints that get its changes in order, however the stream of changes is cut into
/// payloads.</summary>
/// <param name="schema">Its tables, and the calls that track them.</param>
internal sealed class Drain(string schema) : IDisposable
{
    private const string Encode =
        "SELECT cloudsync_payload_encode(tbl, pk, col_name, col_value, col_version, db_version, site_id, cl, seq) FROM"
        + " (SELECT * FROM cloudsync_changes WHERE db_version > ? ORDER BY db_version, seq LIMIT ? OFFSET ?)";

    private readonly string tables = schema + "PRAGMA foreign_keys = ON;";
    private long sent;

    /// <summary>The writer.</summary>
    public Database Writer { get; } = RefusingReplica.Open(schema + "PRAGMA foreign_keys = ON;");

    /// <summary>A copy that has nothing yet.</summary>
    public Database OpenCopy() => RefusingReplica.Open(tables);

    /// <summary>Everything that was written since the last call; nothing that is cut later sees what is written after it.</summary>
    /// <returns>One payload per change.</returns>
    public byte[][] TakeEach() => Take((_, count) => Enumerable.Range(0, (int)count).Select(i => Piece(i, 1)));

    /// <summary>The same as every pair of payloads that it can be cut into.</summary>
    public (byte[]? First, byte[]? Second)[] TakePairs() =>
        Take((_, count) => Enumerable.Range(0, (int)count + 1).Select(i => (i == 0 ? null : Piece(0, i), i == count ? null : Piece(i, count - i))));

    /// <summary>The same in some pieces of random sizes.</summary>
    public byte[][] TakeSome(Random random) => Take((_, count) => Cut(random, count));

    /// <summary>What is not as the writer has it, or waits; null when nothing is.</summary>
    public string? Wrong(Database copy)
    {
        string[] waiting = RefusingReplica.Read(copy, "SELECT tbl, key, columns, reason, text, tries FROM cloudsync_waiting");
        if (waiting.Length > 0)
        {
            return "waiting: " + string.Join(", ", waiting);
        }

        foreach (object?[] table in Writer.Query("SELECT name FROM sqlite_master WHERE type = 'table' AND name IN ('t', 'c')"))
        {
            string[] here = RefusingReplica.Read(copy, $"SELECT * FROM {table[0]} ORDER BY 1");
            string[] there = RefusingReplica.Read(Writer, $"SELECT * FROM {table[0]} ORDER BY 1");
            if (!here.SequenceEqual(there))
            {
                return $"{table[0]}: {string.Join(", ", here)} and not {string.Join(", ", there)}";
            }
        }

        return copy.Query("PRAGMA foreign_key_check").Count > 0 ? "a reference dangles" : null;
    }

    public void Dispose() => Writer.Dispose();

    private IEnumerable<byte[]> Cut(Random random, long count)
    {
        for (long at = 0; at < count;)
        {
            long size = random.Next(3) == 0 ? count - at : random.NextInt64(1, Math.Min(count - at, 8) + 1);
            yield return Piece(at, size);
            at += size;
        }
    }

    private T[] Take<T>(Func<long, long, IEnumerable<T>> cut)
    {
        long count = (long)Writer.Scalar("SELECT count(*) FROM cloudsync_changes WHERE db_version > ?", sent)!;
        T[] pieces = [.. cut(sent, count)];
        sent = (long)(Writer.Scalar("SELECT max(db_version) FROM cloudsync_changes") ?? 0L);
        return pieces;
    }

    private byte[] Piece(long first, long count) => (byte[])Writer.Scalar(Encode, sent, count, first)!;
}
