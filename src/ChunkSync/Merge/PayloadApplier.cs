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
internal sealed unsafe class PayloadApplier(SyncSession session, TableCatalog catalog, VersionClock clock, CaptureWatch watch, MergeEngine merge, FragmentStore fragments)
{
    private readonly Savepoint savepoint = session.Savepoint("chunksync_apply");

    /// <summary>The position of the last row that was merged.</summary>
    private long lastDbVersion;
    private long lastSeq;

    /// <summary>Hears of calls and of what they do; null where nobody asks.</summary>
    public IMergeWatch? Watch => merge.Watch;

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
        try
        {
            merge.Watch?.BeginCall();
            using OpenedPayload payload = OpenedPayload.Open(session, catalog, data, length);
            long rows = Apply(payload, advance);
            merge.Watch?.EndCall(rows);
            return rows;
        }
        catch (Exception failure)
        {
            merge.Watch?.FailCall(failure.Message);
            throw;
        }
    }

    /// <summary>Applies a payload that was opened before.</summary>
    /// <inheritdoc cref="Apply(byte*, long, bool)"/>
    public long Apply(OpenedPayload payload, bool advance)
    {
        if (payload.Header.Version == ContainerHeader.FragmentVersion)
        {
            return fragments.Apply(payload);
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
            ApplyRange(start, rows, advance);
            return rows;
        }

        try
        {
            ApplyRange(start, rows, advance);
        }
        catch (CommitRefusedException refused) when (ResultCode.Primary(refused.Failure.Code) == ResultCode.Constraint)
        {
            ApplyRunByRun(payload, advance);
        }
        catch (CommitRefusedException refused)
        {
            throw refused.Failure;
        }

        return rows;
    }

    /// <summary>Applies the next <paramref name="count"/> rows in one savepoint, or in autocommit in one transaction: that is cheaper,
    /// because SQLite keeps no copies of pages for a savepoint.</summary>
    private void ApplyRange(OpenedPayload.RowReader start, uint count, bool advance)
    {
        Connection connection = session.Connection;
        bool owns = savepoint.Begin();
        WatchMark mark = merge.Watch?.Mark() ?? default;
        EngineException? failure;
        try
        {
            watch.Restore();
            failure = MergeRows(start, count, owns);
            if (failure == null && advance)
            {
                Checkpoint.Advance(session.Settings, lastDbVersion, lastSeq);
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
            throw failure ?? Errors.Aborted("the transaction was rolled back while a payload was applied");
        }

        Release(owns, mark);
        if (failure != null)
        {
            throw failure;
        }
    }

    /// <summary>Merges rows until the end or the first failure, which is returned; a failed row is undone, the rows before it
    /// stay.</summary>
    private EngineException? MergeRows(OpenedPayload.RowReader start, uint count, bool owns)
    {
        VersionClock.State saved = clock.Save();
        WatchMark mark = merge.Watch?.Mark() ?? default;
        uint good = MergeUntilFailure(start, count, out EngineException? failure, out bool leftTraces);
        if (failure == null || !leftTraces || session.Connection.IsAutocommit)
        {
            return failure;
        }

        // The failed row had written something: everything is undone, and the rows before it, which went well, done again.
        savepoint.Rewind();
        merge.Watch?.Rewind(mark);
        if (!owns)
        {
            // A new transaction of ours began instead, and its clock was reloaded: another connection may have moved it in between.
            session.Refresh();
            clock.Restore(saved);
        }

        watch.Restore();
        MergeUntilFailure(start, good, out EngineException? again, out _);
        return again == null ? failure : throw again;
    }

    /// <returns>The number of rows before the row that failed.</returns>
    private uint MergeUntilFailure(OpenedPayload.RowReader reader, uint count, out EngineException? failure, out bool leftTraces)
    {
        failure = null;
        leftTraces = false;
        uint rowStart = 0;
        merge.Enter();
        try
        {
            clock.Advance();
            for (uint i = 0; i < count; i++)
            {
                reader.Read(out ChangeRow change);
                bool newRun = i > 0 && change.DbVersion != lastDbVersion;
                if (newRun || !merge.IsSameRow(change))
                {
                    merge.FlushRow();
                    if (newRun)
                    {
                        clock.Advance();
                    }

                    rowStart = i;
                    merge.BeginRow(change);
                }

                lastDbVersion = change.DbVersion;
                lastSeq = change.Seq;
                merge.Add(change, "merge_pending_add");
            }

            merge.FlushRow();
            clock.Advance();
            return count;
        }
        catch (EngineException caught)
        {
            failure = caught;
            leftTraces = session.Connection.TotalChanges != merge.ChangesBefore;
            merge.AbandonRow();
            return rowStart;
        }
        finally
        {
            merge.Leave();
        }
    }

    private void ApplyRunByRun(OpenedPayload payload, bool advance)
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
                ApplyRun(start, count, false);
                start = before;
                count = 0;
            }

            count++;
            run = change.DbVersion;
        }

        ApplyRun(start, count, advance);
    }

    private void ApplyRun(OpenedPayload.RowReader start, uint count, bool advance)
    {
        try
        {
            ApplyRange(start, count, advance);
        }
        catch (CommitRefusedException refused)
        {
            throw refused.Failure;
        }
    }

    private void Undo(WatchMark mark)
    {
        savepoint.Undo();
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
