using ChunkSync.Sqlite;

namespace ChunkSync.Session;

/// <summary>Whether the metadata that a connection remembers is what the database holds. The one place that knows when to
/// reload it.</summary>
/// <remarks><c>PRAGMA schema_version</c> and <c>data_version</c> show what was committed and what this connection did, with one
/// exception: a schema_version that was read inside a write transaction is given out again, for another schema, when that transaction
/// or a savepoint in it is rolled back. So it matters where metadata was read. What was committed holds whenever its number comes back.
/// What a transaction has not committed yet holds until something of it is undone; of that we are told once the transaction is joined.
/// Before, it holds for one look.</remarks>
internal sealed class Freshness(Connection connection, TransactionTable transaction)
{
    private const long Nothing = -1;

    private enum Origin
    {
        Committed,
        JoinedTransaction,
        OtherTransaction,
    }

    private readonly Statement schemaVersion = connection.Prepare("PRAGMA main.schema_version");
    private readonly Statement dataVersion = connection.Prepare("PRAGMA main.data_version");
    private Origin origin;
    private long schema = Nothing;
    private long data = Nothing;
    private bool mustLook = true;
    private long lookedAt = Nothing;
    private int changes;

    /// <summary>The value of <c>PRAGMA data_version</c>: moves when another connection commits.</summary>
    public long DataVersion => Read(dataVersion);

    /// <summary>True when nothing can have moved since the last look: it was in this transaction, nothing was undone, and the statement is
    /// the one that the last trigger ran in: it would have counted its rows at its end. So DDL between two writes of a transaction is
    /// found at the second one, and the rows of one statement cost a few tests each.</summary>
    public bool IsCertain => IsLookedAt && !mustLook && connection.TotalChanges == changes;

    /// <summary>The schema_version of what was read, where that is committed: other connections read the same under it. Null otherwise.</summary>
    public long? CommittedSchema => origin == Origin.Committed && schema != Nothing && !connection.IsWriting ? schema : null;

    /// <summary>Compares what was read with what is there.</summary>
    /// <param name="schemaMoved">Whether the schema may be another; otherwise only rows may have changed.</param>
    /// <returns>Whether anything must be looked at. It counts as read from here on.</returns>
    public bool HasMoved(out bool schemaMoved)
    {
        if (origin == Origin.OtherTransaction)
        {
            Forget();
        }

        // Nobody else can commit while this transaction writes.
        bool known = IsLookedAt && data != Nothing;
        long currentSchema = Read(schemaVersion);
        long currentData = known ? data : Read(dataVersion);
        schemaMoved = currentSchema != schema;
        bool moved = schemaMoved || currentData != data;
        schema = currentSchema;
        data = currentData;
        mustLook = false;
        lookedAt = transaction.IsJoined ? transaction.Number : Nothing;
        return moved;
    }

    /// <summary>Metadata is read now, because something of it is another.</summary>
    public void ReadingAnew() => origin = transaction.IsJoined ? Origin.JoinedTransaction
        : connection.IsWriting ? Origin.OtherTransaction : Origin.Committed;

    /// <summary>What was known is known still, and the engine has read again what it changed of the schema itself, in the joined transaction: the
    /// versions as they are now count as read.</summary>
    public void Adopt()
    {
        ReadingAnew();
        schema = Read(schemaVersion);
        mustLook = false;
    }

    /// <summary>Whether what is remembered was compared since this transaction was joined, and holds.</summary>
    public bool IsCurrent => IsLookedAt && !mustLook;

    /// <summary>Takes the rows counted so far for known. Only the last thing that a trigger's call does may say so: the statement that
    /// fired the trigger counts one more at its end.</summary>
    public void CountChanges() => changes = connection.TotalChanges;

    /// <summary>The next look finds everything moved.</summary>
    public void Forget()
    {
        origin = Origin.Committed;
        schema = Nothing;
        data = Nothing;
        mustLook = true;
    }

    /// <summary>The joined transaction is durable, and what was read in it.</summary>
    public void Committed()
    {
        if (origin == Origin.JoinedTransaction)
        {
            origin = Origin.Committed;
        }
    }

    /// <summary>The joined transaction, or a part of it, was rolled back.</summary>
    public void Undone()
    {
        mustLook = true;
        if (origin != Origin.Committed)
        {
            Forget();
        }
    }

    /// <summary>Whether there was a look since the transaction was joined: it has the write lock.</summary>
    private bool IsLookedAt => transaction.IsJoined && lookedAt == transaction.Number;

    private static long Read(Statement pragma)
    {
        pragma.Step();
        long value = pragma.Int64(0);
        pragma.Reset();
        return value;
    }
}
