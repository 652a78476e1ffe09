using ChunkSync.Clock;
using ChunkSync.Format;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary>Writes single groups of changes of one row inside a batch of the merge, each all or nothing.</summary>
internal sealed unsafe class GroupWriter : IDisposable
{
    private readonly SyncSession session;
    private readonly VersionClock clock;
    private readonly MergeEngine merge;
    private readonly Statement open;
    private readonly Statement release;
    private readonly Statement undo;

    public GroupWriter(SyncSession session, VersionClock clock, MergeEngine merge)
    {
        this.session = session;
        this.clock = clock;
        this.merge = merge;
        open = session.Connection.Prepare("SAVEPOINT chunksync_group");
        release = session.Connection.Prepare("RELEASE chunksync_group");
        undo = session.Connection.Prepare("ROLLBACK TO chunksync_group");
    }

    /// <summary>Statements that groups were written with, refused ones too.</summary>
    public long Writes { get; private set; }

    /// <summary>Writes changes of one row.</summary>
    /// <param name="call">The call.</param>
    /// <param name="changes">The changes; those of a column that is not here are passed over.</param>
    /// <returns>False when the row was refused: nothing of it is left, and the row stays in progress until it is abandoned.</returns>
    /// <exception cref="AttemptFailedException">A trigger leaves traces, or has rolled the transaction back.</exception>
    public bool Write(MergeCall call, ReadOnlySpan<ChangeRow> changes)
    {
        long identity = Identity(changes[0]);
        if (call.IsUntried(identity))
        {
            merge.Refusals.Note(RefusalReason.Trigger, ResultCode.ConstraintTrigger, MergeCall.RollsBack);
            return false;
        }

        Writes++;
        clock.Advance();
        string table = System.Text.Encoding.UTF8.GetString(changes[0].TableName);
        bool hasSavepoint = call.ChecksDeferred || call.IsTraced(table);
        VersionClock.State saved = clock.Save();
        WatchMark mark = merge.Watch?.Mark() ?? default;
        if (hasSavepoint)
        {
            open.Run();
        }

        int before = session.WrittenRows;
        bool isWritten = WriteRows(changes, call.ParkedOf(identity)) && (!call.ChecksDeferred || KeepsForeignKeys());
        if (isWritten)
        {
            if (hasSavepoint)
            {
                release.Run();
            }

            return true;
        }

        if (session.Connection.IsAutocommit)
        {
            throw call.RolledBack(identity, merge.RefusedFailure());
        }

        if (hasSavepoint)
        {
            session.RollBackTo(undo, release);
            merge.Watch?.Rewind(mark);
            clock.Restore(saved);
        }
        else if (session.WrittenRows != before)
        {
            throw call.Traced(table, merge.RefusedFailure());
        }

        return false;
    }

    /// <summary>What tells a group from others that are written in a call.</summary>
    public static long Identity(in ChangeRow change) => (long)(Fnv1a64.Of(change.KeyBlob) ^ (Fnv1a64.Of(change.TableName) * 31));

    public void Dispose()
    {
        open.Dispose();
        release.Dispose();
        undo.Dispose();
    }

    private bool WriteRows(ReadOnlySpan<ChangeRow> changes, ParkedColumns? parked)
    {
        for (int i = 0; i < changes.Length; i++)
        {
            ref readonly ChangeRow change = ref changes[i];
            if (!merge.IsSameRow(change))
            {
                if (!merge.FlushRow())
                {
                    return false;
                }

                merge.BeginRow(change);
                merge.Current!.Parked = parked;
            }

            merge.Add(change);
        }

        return merge.FlushRow();
    }

    private bool KeepsForeignKeys()
    {
        if (!session.Connection.HasDeferredViolations)
        {
            return true;
        }

        merge.Refusals.Note(RefusalReason.Constraint, ResultCode.ConstraintForeignKey, "FOREIGN KEY constraint failed");
        return false;
    }
}
