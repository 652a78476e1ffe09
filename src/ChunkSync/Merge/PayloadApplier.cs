using ChunkSync.Capture;
using ChunkSync.Catalog;
using ChunkSync.Clock;
using ChunkSync.Format;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary><c>cloudsync_payload_apply</c> (behaviour G.2): merges a payload's rows in order.</summary>
/// <remarks>Every run of equal source db_versions gets a local db_version of its own, as if it had been a transaction, but in
/// autocommit all runs share one transaction: one commit, not one per run. When that commit is refused (a deferred foreign key),
/// the runs are applied again one transaction each, so that those before the refused one stay. A failing row leaves the rows
/// before it applied and nothing of itself; no transaction stays open that the caller had not opened.</remarks>
internal sealed unsafe class PayloadApplier
{
    private readonly SyncSession session;
    private readonly TableCatalog catalog;
    private readonly VersionClock clock;
    private readonly CaptureWatch watch;
    private readonly MergeEngine merge;
    private readonly FragmentStore fragments;
    private readonly IWaitingChanges waiting;
    private readonly ITreeFolds trees;
    private readonly CollectingMerge rows;
    private readonly Savepoint savepoint;

    public PayloadApplier(
        SyncSession session, TableCatalog catalog, VersionClock clock, CaptureWatch watch, MergeEngine merge, FragmentStore fragments, IWaitingChanges waiting,
        ITreeFolds trees)
    {
        this.trees = trees;
        this.session = session;
        this.catalog = catalog;
        this.clock = clock;
        this.watch = watch;
        this.merge = merge;
        this.fragments = fragments;
        this.waiting = waiting;
        rows = new CollectingMerge(clock, merge, waiting, session.Connection);
        savepoint = session.Savepoint("chunksync_apply");
    }

    /// <summary>Hears of calls and of what they do; null where nobody asks.</summary>
    public IMergeWatch? Watch => merge.Watch;

    /// <inheritdoc cref="ITreeFolds.NeedsDeferredKeys"/>
    public bool NeedsDeferredKeys => trees.NeedsDeferredKeys;

    /// <summary>The parts of long values that wait.</summary>
    public StagedParts Staged => fragments.Staged;

    /// <summary>Applies a payload.</summary>
    /// <param name="data">The payload, which stays in place.</param>
    /// <param name="length">Its length.</param>
    /// <param name="advance">Whether the checkpoint moves.</param>
    /// <returns>The number of rows of the payload; for fragments, of values that became complete.</returns>
    public long Apply(byte* data, long length, bool advance)
    {
        session.RefuseDuringMerge("cloudsync_payload_apply");
        return WatchedCall.Run(merge.Watch, () =>
        {
            using OpenedPayload payload = OpenedPayload.Open(session, catalog, data, length, byNames: false);
            using MergeCall call = new(MergeCall.KeepsBy(session.Settings, byDefault: false), []);
            return Apply(payload, advance, call);
        });
    }

    /// <summary>Applies a payload that was opened before.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="advance">Whether the checkpoint moves.</param>
    /// <param name="call">What is done with refused rows.</param>
    /// <inheritdoc cref="Apply(byte*, long, bool)"/>
    public long Apply(OpenedPayload payload, bool advance, MergeCall call)
    {
        if (payload.Header.Version == ContainerHeader.FragmentVersion)
        {
            return fragments.Apply(payload, call);
        }

        if (payload.Header.Rows == 0)
        {
            return 0;
        }

        if (payload.Header.Columns != ChangeRowCodec.Columns)
        {
            throw PayloadErrors.OtherColumns(payload.Header.Columns);
        }

        payload.CheckRows();
        uint rows = payload.Header.Rows;
        OpenedPayload.RowReader start = payload.Rows;
        if (!session.Connection.IsAutocommit)
        {
            ApplyRange(start, rows, advance, call);
            return rows;
        }

        try
        {
            ApplyRange(start, rows, advance, call);
        }
        catch (CommitRefusedException refused) when (ResultCode.Primary(refused.Failure.Code) == ResultCode.Constraint && !call.Keeps)
        {
            ApplyRunByRun(payload, advance, call);
        }
        catch (CommitRefusedException refused)
        {
            throw refused.Failure;
        }

        return rows;
    }

    /// <summary>Applies the next <paramref name="count"/> rows in one savepoint, or in autocommit in one transaction: that is cheaper,
    /// because SQLite keeps no copies of pages for a savepoint.</summary>
    private void ApplyRange(OpenedPayload.RowReader start, uint count, bool advance, MergeCall call, bool arranges = true)
    {
        Connection connection = session.Connection;
        bool owns = savepoint.Begin();
        WatchMark mark = merge.Watch?.Mark() ?? default;
        EngineException? failure;
        try
        {
            watch.Restore();
            DeferKeys(owns);
            failure = arranges ? MergeAndArrange(start, count, owns, call) : MergeInOrder(start, count, owns, call);
            if (!connection.IsAutocommit)
            {
                EngineException? unfolded = trees.FoldAll(call);
                failure ??= unfolded;
            }

            if (failure == null && advance)
            {
                Checkpoint.Advance(session.Settings, rows.LastDbVersion, rows.LastSeq);
            }

            if (!connection.IsAutocommit)
            {
                merge.Watch?.Store();
            }
        }
        catch
        {
            Undo(mark);
            throw;
        }

        if (connection.IsAutocommit)
        {
            // SQLite rolled the whole transaction back with the failing statement: nothing is left to release.
            Undo(mark);
            if (owns && call is { Keeps: true, CanBeginAnew: true })
            {
                // A trigger of the user's did it where a fold put a row to its place: the next attempt leaves that row out.
                call.Clear();
                ApplyRange(start, count, advance, call, arranges);
                return;
            }

            throw failure ?? Errors.Aborted("the transaction was rolled back while a payload was applied");
        }

        Release(owns, mark);
        if (failure != null)
        {
            throw failure;
        }
    }

    /// <summary>Merges rows, then arranges what was refused, and keeps the rest or stops at its first row.</summary>
    private EngineException? MergeAndArrange(OpenedPayload.RowReader start, uint count, bool owns, MergeCall call)
    {
        VersionClock.State saved = clock.Save();
        WatchMark mark = merge.Watch?.Mark() ?? default;
        bool isClean = call.Keeps && !session.Connection.HasDeferredViolations;
        while (true)
        {
            try
            {
                EngineException? failure = TryMerge(start, count, call, out uint good, out bool leftTraces, out bool isSettled);
                if (failure != null && call.Keeps)
                {
                    throw failure;
                }

                if (failure != null && call.Asides.Length == 0)
                {
                    return leftTraces && !session.Connection.IsAutocommit ? MergeAgain(start, good, owns, saved, mark, call) ?? failure : failure;
                }

                if (isClean && session.Connection.HasDeferredViolations && trees.NeedsDeferredKeys)
                {
                    // A fold puts rows elsewhere whose parent was deleted; what fails in it is told by the one at the end.
                    _ = trees.FoldAll(call);
                }

                if (failure == null && isSettled && !(isClean && !call.ChecksDeferred && session.Connection.HasDeferredViolations))
                {
                    return null;
                }

                if (session.Connection.IsAutocommit)
                {
                    return failure;
                }

                Rewind(owns, saved, mark);
                if (!call.Keeps)
                {
                    return MergeInOrder(start, count, owns, call);
                }

                call.ChecksDeferred = true;
            }
            catch (AttemptFailedException attempt)
            {
                if (!session.Connection.IsAutocommit)
                {
                    Rewind(owns, saved, mark);
                }
                else if (owns && call.Keeps && call.CanBeginAnew)
                {
                    Undo(mark);
                    savepoint.Begin();
                    watch.Restore();
                    DeferKeys(owns);
                    saved = clock.Save();
                }
                else
                {
                    return attempt.Failure;
                }
            }
        }
    }

    private EngineException? TryMerge(
        OpenedPayload.RowReader start, uint count, MergeCall call, out uint good, out bool leftTraces, out bool isSettled)
    {
        call.Clear();
        isSettled = false;
        merge.Enter();
        try
        {
            merge.Collect(true);
            EngineException? failure = rows.Merge(start, count, call, out good, out leftTraces);
            isSettled = failure == null && ((call.Asides.Length == 0 && !waiting.Any) || waiting.Settle(call));
            return failure;
        }
        finally
        {
            merge.Leave();
        }
    }

    /// <summary>Merges rows until the end or the first refusal or failure, which is returned; a failed row is undone, the rows before it
    /// stay.</summary>
    private EngineException? MergeInOrder(OpenedPayload.RowReader start, uint count, bool owns, MergeCall call)
    {
        VersionClock.State saved = clock.Save();
        WatchMark mark = merge.Watch?.Mark() ?? default;
        uint good = MergeUntilFailure(start, count, call, out EngineException? failure, out bool leftTraces);
        return failure == null || !leftTraces || session.Connection.IsAutocommit
            ? failure
            : MergeAgain(start, good, owns, saved, mark, call) ?? failure;
    }

    /// <summary>The failed row had written something: everything is undone, and the rows before it, which went well, done again.</summary>
    private EngineException? MergeAgain(OpenedPayload.RowReader start, uint good, bool owns, VersionClock.State saved, WatchMark mark, MergeCall call)
    {
        Rewind(owns, saved, mark);
        MergeUntilFailure(start, good, call, out EngineException? again, out _);
        return again == null ? null : throw again;
    }

    private void Rewind(bool owns, VersionClock.State saved, WatchMark mark)
    {
        savepoint.Rewind();
        waiting.SwitchBack();
        merge.Watch?.Rewind(mark);
        DeferKeys(owns);
        if (!owns)
        {
            // Otherwise a new transaction of ours began instead, and its clock was reloaded: another connection may have moved it in between.
            session.Refresh();
            clock.Restore(saved);
        }

        watch.Restore();
    }

    /// <returns>The number of rows before the row that failed.</returns>
    private uint MergeUntilFailure(OpenedPayload.RowReader start, uint count, MergeCall call, out EngineException? failure, out bool leftTraces)
    {
        merge.Enter();
        try
        {
            merge.Collect(false);
            failure = rows.Merge(start, count, call, out uint good, out leftTraces);
            return good;
        }
        finally
        {
            merge.Leave();
        }
    }

    private void ApplyRunByRun(OpenedPayload payload, bool advance, MergeCall call)
    {
        OpenedPayload.RowReader reader = payload.Rows;
        OpenedPayload.RowReader start = reader;
        uint count = 0;
        long run = 0;
        for (uint i = 0; i < payload.Header.Rows; i++)
        {
            OpenedPayload.RowReader before = reader;
            reader.Read(out ChangeRow change);
            if (count > 0 && change.DbVersion != run)
            {
                ApplyRun(start, count, false, call);
                start = before;
                count = 0;
            }

            count++;
            run = change.DbVersion;
        }

        ApplyRun(start, count, advance, call);
    }

    private void ApplyRun(OpenedPayload.RowReader start, uint count, bool advance, MergeCall call)
    {
        try
        {
            ApplyRange(start, count, advance, call, arranges: false);
        }
        catch (CommitRefusedException refused)
        {
            throw refused.Failure;
        }
    }

    /// <summary>In a transaction of ours a child may come before its parent; the setting ends with the transaction.</summary>
    private void DeferKeys(bool owns)
    {
        if (owns && trees.NeedsDeferredKeys)
        {
            session.DeferForeignKeys();
        }
    }

    private void Undo(WatchMark mark)
    {
        savepoint.Undo();
        waiting.SwitchBack();
        merge.Watch?.Rewind(mark);
        session.Invalidate();
    }

    private void Release(bool owns, WatchMark mark)
    {
        try
        {
            savepoint.Release();
        }
        catch (EngineException failure)
        {
            Undo(mark);
            throw owns ? new CommitRefusedException(failure) : failure;
        }
    }
}
