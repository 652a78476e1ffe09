namespace ChunkSync.Session;

/// <summary>When the open savepoints of the joined transaction began, those too that SQLite opens around a single statement: it undoes a
/// refused one like a savepoint. What was read of the database before a savepoint began holds when that is rolled back.</summary>
internal sealed class SavepointTimes
{
    /// <summary>Before everything: nothing that is remembered holds.</summary>
    public const long Never = 0;

    private const int Unknown = -1;

    /// <summary>By number; of deeper ones nothing is known.</summary>
    private readonly long[] began = new long[64];
    private int depth = Unknown;

    /// <summary>The time, which moves with each savepoint. Who remembers something keeps it, and forgets when something is undone that was not
    /// earlier.</summary>
    public long Now { get; private set; } = 1;

    /// <summary>A transaction was joined: of the savepoints that are open already nothing is known.</summary>
    public void Joined()
    {
        Array.Clear(began);
        depth = Unknown;
    }

    /// <summary>A savepoint was opened. Where the numbers do not follow each other, because the transaction was just joined or statements ended
    /// crosswise, nothing is known of it.</summary>
    public void Opened(int savepoint)
    {
        Now++;
        if (savepoint >= 0 && savepoint < began.Length)
        {
            began[savepoint] = savepoint == depth ? Now : Never;
        }

        depth = savepoint + 1;
    }

    /// <summary>A savepoint was released, and all behind it.</summary>
    public void Released(int savepoint) => depth = savepoint;

    /// <summary>Everything behind the begin of a savepoint was undone; it stays open.</summary>
    /// <returns>Since when everything is gone.</returns>
    public long RolledBackTo(int savepoint)
    {
        bool isKnown = savepoint >= 0 && savepoint < Math.Min(depth, began.Length);
        depth = savepoint + 1;
        return isKnown ? began[savepoint] : Never;
    }
}
