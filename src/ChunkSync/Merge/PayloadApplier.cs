using ChunkSync.Capture;
using ChunkSync.Payload;
using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary><c>cloudsync_payload_apply</c> (spec G.2): merges a payload's rows in order.</summary>
/// <remarks>Every run of equal source db_versions gets a local db_version of its own, as if it had been a transaction, but in
/// autocommit all runs share one transaction: one commit, not one per run. When that commit is refused (a deferred foreign key),
/// the runs are applied again one transaction each, so that those before the refused one stay. A failing row leaves the rows
/// before it applied and nothing of itself; no transaction stays open that the caller had not opened.</remarks>
internal sealed unsafe class PayloadApplier(Replica replica)
{
    private const string Savepoint = "chunksync_apply";

    /// <summary>The position of the last row that was merged.</summary>
    private long lastDbVersion;
    private long lastSeq;

    /// <summary>Applies a payload.</summary>
    /// <param name="data">The payload, which stays in place.</param>
    /// <param name="length">Its length.</param>
    /// <param name="advance">Whether the checkpoint moves.</param>
    /// <returns>The number of rows of the payload; for fragments, of values that became complete.</returns>
    public long Apply(byte* data, long length, bool advance)
    {
        replica.RefuseDuringMerge("cloudsync_payload_apply");
        using OpenedPayload payload = OpenedPayload.Open(replica, data, length);
        if (payload.Header.Version == ContainerHeader.FragmentVersion)
        {
            return replica.Fragments.Apply(payload);
        }

        if (payload.Header.Rows == 0)
        {
            return 0;
        }

        if (payload.Header.Columns != ContainerHeader.ChangeColumns)
        {
            throw new EngineException(ResultCode.Error, "Error on cloudsync_payload_apply: rows have"
                + $" {payload.Header.Columns} values, change rows have {ContainerHeader.ChangeColumns}");
        }

        ChangeRowReader.CheckAll(payload.Body, payload.BodyLength, payload.Header.Rows);
        uint rows = payload.Header.Rows;
        if (!replica.Connection.IsAutocommit)
        {
            ApplyRange(payload, 0, rows, advance);
            return rows;
        }

        try
        {
            ApplyRange(payload, 0, rows, advance);
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

    /// <summary>Applies rows [from, to) in one savepoint, or in autocommit in one transaction: that is cheaper, because SQLite keeps
    /// no copies of pages for a savepoint.</summary>
    private void ApplyRange(OpenedPayload payload, uint from, uint to, bool advance)
    {
        Connection connection = replica.Connection;
        bool owns = connection.IsAutocommit;
        EngineException? failure;
        replica.Guard.Prepare();
        connection.Execute(owns ? "BEGIN" : "SAVEPOINT " + Savepoint);
        try
        {
            replica.Guard.Enter();
            failure = MergeRows(payload, from, to, owns);
            if (failure == null && advance)
            {
                AdvanceCheckpoint();
            }
        }
        catch
        {
            Undo(owns);
            throw;
        }

        if (connection.IsAutocommit)
        {
            // SQLite rolled the whole transaction back with the failing statement: nothing is left to release.
            replica.Guard.Leave();
            replica.Invalidate();
            throw failure ?? new EngineException(ResultCode.Abort, "the transaction was rolled back while a payload was applied");
        }

        Release(connection, owns);
        if (failure != null)
        {
            throw failure;
        }
    }

    /// <summary>Merges rows until the end or the first failure, which is returned; a failed row is undone, the rows before it
    /// stay.</summary>
    private EngineException? MergeRows(OpenedPayload payload, uint from, uint to, bool owns)
    {
        VersionClock.State clock = replica.Clock.Save();
        uint good = MergeUntilFailure(payload, from, to, out EngineException? failure, out bool leftTraces);
        if (failure == null || !leftTraces || replica.Connection.IsAutocommit)
        {
            return failure;
        }

        // The failed row had written something: everything is undone, and the rows before it, which went well, done again.
        replica.Guard.Leave();
        replica.Connection.Execute(owns ? "ROLLBACK; BEGIN" : "ROLLBACK TO " + Savepoint);
        replica.Guard.Enter();
        replica.Refresh();
        replica.Clock.Restore(clock);
        MergeUntilFailure(payload, from, good, out EngineException? again, out _);
        return again == null ? failure : throw again;
    }

    /// <returns>The number of rows before the row that failed.</returns>
    private uint MergeUntilFailure(OpenedPayload payload, uint from, uint to, out EngineException? failure, out bool leftTraces)
    {
        MergeEngine merge = replica.Merge;
        ChangeRowReader reader = new(payload.Body, payload.BodyLength);
        for (uint i = 0; i < from; i++)
        {
            reader.Read(out _);
        }

        failure = null;
        leftTraces = false;
        uint rowStart = from;
        merge.Enter();
        try
        {
            replica.Clock.Advance();
            for (uint i = from; i < to; i++)
            {
                reader.Read(out IncomingChange change);
                bool newRun = i > from && change.DbVersion != lastDbVersion;
                if (newRun || !merge.IsSameRow(change))
                {
                    merge.FlushRow();
                    if (newRun)
                    {
                        replica.Clock.Advance();
                    }

                    rowStart = i;
                    merge.BeginRow(change);
                }

                lastDbVersion = change.DbVersion;
                lastSeq = change.Seq;
                merge.Add(change, "merge_pending_add");
            }

            merge.FlushRow();
            replica.Clock.Advance();
            return to;
        }
        catch (EngineException caught)
        {
            failure = caught;
            leftTraces = replica.Connection.TotalChanges != merge.ChangesBefore;
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
        ChangeRowReader reader = new(payload.Body, payload.BodyLength);
        uint start = 0;
        long run = 0;
        for (uint i = 0; i < payload.Header.Rows; i++)
        {
            reader.Read(out IncomingChange change);
            if (i > start && change.DbVersion != run)
            {
                ApplyRun(payload, start, i, false);
                start = i;
            }

            run = change.DbVersion;
        }

        ApplyRun(payload, start, payload.Header.Rows, advance);
    }

    private void ApplyRun(OpenedPayload payload, uint from, uint to, bool advance)
    {
        try
        {
            ApplyRange(payload, from, to, advance);
        }
        catch (CommitRefusedException refused)
        {
            throw refused.Failure;
        }
    }

    private void Undo(bool owns)
    {
        replica.Guard.RollBack(owns ? "ROLLBACK" : $"ROLLBACK TO {Savepoint}; RELEASE {Savepoint}");
        replica.Invalidate();
    }

    private void Release(Connection connection, bool owns)
    {
        try
        {
            connection.Execute(owns ? "COMMIT" : "RELEASE " + Savepoint);
            replica.Guard.Leave();
        }
        catch (EngineException failure)
        {
            Undo(owns);
            throw owns ? new CommitRefusedException(failure) : failure;
        }
    }

    /// <summary>Moves the checkpoint to the position of the last row that was merged, only forward.</summary>
    private void AdvanceCheckpoint()
    {
        long version = replica.Settings.Integer(Settings.CheckDbVersion) ?? 0;
        long seq = replica.Settings.Integer(Settings.CheckSeq) ?? 0;
        if (lastDbVersion < version || (lastDbVersion == version && lastSeq <= seq))
        {
            return;
        }

        if (lastDbVersion != version)
        {
            replica.Settings.Set(Settings.CheckDbVersion, lastDbVersion);
        }

        if (lastSeq != seq)
        {
            replica.Settings.Set(Settings.CheckSeq, lastSeq);
        }
    }
}
