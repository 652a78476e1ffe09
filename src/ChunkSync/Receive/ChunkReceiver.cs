using ChunkSync.Capture;
using ChunkSync.Catalog;
using ChunkSync.Chunks;
using ChunkSync.Clock;
using ChunkSync.Merge;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Receive;

/// <summary><c>cloudsync_payload_receive</c>: applies a chunk, records which part of the sender's stream it covers, and moves the
/// checkpoint, all or nothing.</summary>
/// <remarks>The checkpoint, settings <c>check_dbversion</c> and <c>check_seq</c>, is one position for the whole database, as sqlite-sync
/// has it: the last change up to which everything has arrived. With one sender it has that meaning here, but never passes a hole.
/// Positions of two senders cannot be compared, and no single number is true of both streams: as soon as something of a second sender
/// is recorded the checkpoint stays where it is. What each sender has reached is in the table of ranges, and
/// <c>cloudsync_receive_gaps</c> shows it.</remarks>
internal sealed unsafe class ChunkReceiver(SyncSession session, TableCatalog catalog, VersionClock clock, CaptureWatch watch, PayloadApplier applier)
{
    /// <summary>What has arrived.</summary>
    public ReceivedRanges Ranges { get; } = new(session.Connection);

    /// <summary>Since when something is missing.</summary>
    public GapTimes Gaps { get; } = new(session.Connection, session.Settings);

    /// <summary>Receives a chunk.</summary>
    /// <param name="data">The payload, which stays in place; null for a window that the sender found empty.</param>
    /// <param name="length">Its length.</param>
    /// <param name="request">Which part of which stream it is.</param>
    /// <returns>What <see cref="PayloadApplier.Apply(OpenedPayload, bool, MergeCall)"/> returns; 0 for an empty window.</returns>
    public long Receive(byte* data, long length, ReceiveRequest request)
    {
        session.RefuseDuringMerge("cloudsync_payload_receive");
        return WatchedCall.Run(applier.Watch, () => ReceiveInCall(data, length, request));
    }

    private long ReceiveInCall(byte* data, long length, ReceiveRequest request)
    {
        if (data == null)
        {
            RequireInitialized();
            return InUnit(() =>
            {
                Book(request, default);
                return 0;
            });
        }

        using OpenedPayload payload = OpenedPayload.Open(session, catalog, data, length, byNames: true);
        ReceivedChunk chunk = ReceivedChunk.Read(payload, request);
        using MergeCall call = new(MergeCall.KeepsBy(session.Settings, byDefault: true), request.Site);
        while (true)
        {
            bool owns = session.Connection.IsAutocommit;
            try
            {
                return InUnit(() =>
                {
                    if (Ranges.Exist && Ranges.Cover(request.Site, request.From, request.End))
                    {
                        applier.Watch?.Repeats(request.Site);
                    }

                    long result = applier.Apply(payload, advance: false, call);
                    Book(request, chunk);
                    return result;
                });
            }
            catch (EngineException) when (owns && call.Keeps && call.CanBeginAnew && session.Connection.IsAutocommit)
            {
                // A trigger of the user's rolled the transaction back at a row: the next attempt leaves that row out.
                call.Clear();
            }
        }
    }

    /// <summary>Drops what is recorded of a sender.</summary>
    /// <returns>The number of ranges.</returns>
    public long Forget(ReadOnlySpan<byte> site)
    {
        if (!Ranges.Exist)
        {
            return 0;
        }

        string suspicion = Settings.BookedNews + Convert.ToHexStringLower(site);
        if (session.Settings.Text(suspicion) != null)
        {
            session.Settings.Remove(suspicion);
        }

        Gaps.Closed(site);
        return Ranges.Forget(site);
    }

    /// <summary>Drops what is recorded inside a position.</summary>
    /// <returns>Whether something was.</returns>
    public bool Forget(byte[] site, long dbVersion, long seq)
    {
        if (!Ranges.Exist)
        {
            return false;
        }

        ResumePoint start = new(dbVersion, seq, 0);
        ResumePoint end = new(dbVersion, seq + 1, 0);
        return InUnit(() =>
        {
            bool found = Ranges.Subtract(site, start, end);
            if (found)
            {
                Gaps.Opened(site);
            }

            return found ? 1 : 0;
        }) != 0;
    }

    private void RequireInitialized()
    {
        if (!session.IsInitialized)
        {
            throw SyncSession.NotInitialized("before calling cloudsync_payload_receive().", ResultCode.Misuse);
        }
    }

    private void Book(ReceiveRequest request, in ReceivedChunk chunk)
    {
        // Behind the merge: a ROLLBACK TO in it, behind a new table, would end the host's statement, which may read the payload from a table.
        if (!Ranges.Exist)
        {
            Ranges.Create();
            session.NoteSchemaChange();
            session.Refresh();
        }

        if (chunk.IsFragment && !Ranges.Cover(request.Site, request.From, request.End))
        {
            // A repeat claims nothing new; any other part may be the last one of a cut whose earlier parts are no longer kept.
            foreach ((long first, long end) in applier.Staged.Missing(chunk.Fragment))
            {
                if (Ranges.Subtract(request.Site, chunk.Boundary(first), chunk.Boundary(end)))
                {
                    Gaps.Opened(request.Site);
                }
            }
        }

        NoteHole(request, Ranges.Add(request.Site, new ReceivedRange(request.From, request.End, chunk.Last)));
        if (!Ranges.HasOthers(request.Site))
        {
            AdvanceCheckpoint(request.Site);
        }
    }

    /// <summary>A range may have made a hole before it, or filled one. What goes on where the last one ended does neither.</summary>
    private void NoteHole(ReceiveRequest request, RangeChange change)
    {
        if (change == RangeChange.Alone && request.From.CompareTo(ReceivedRanges.Origin) > 0)
        {
            Gaps.Opened(request.Site);
        }
        else if (change == RangeChange.Filled && !Ranges.HasHole(request.Site))
        {
            Gaps.Closed(request.Site);
        }
    }

    /// <summary>Moves the checkpoint to the end of what has arrived without a hole, only forward.</summary>
    private void AdvanceCheckpoint(ReadOnlySpan<byte> site)
    {
        if (Ranges.Beginning(site) is not ReceivedRange range || Reached(range) is not ResumePoint reached)
        {
            return;
        }

        Checkpoint.Advance(session.Settings, reached.DbVersion, reached.Seq);
    }

    /// <summary>The last position of which, and before which, everything is in the range. When the range ends inside a position,
    /// between rows that share it or in the middle of a value, that is the seq before, and nothing at seq 0.</summary>
    private static ResumePoint? Reached(ReceivedRange range)
    {
        ResumePoint end = range.To;
        if (range.Last is ResumePoint last && last.ComparePosition(end) < 0)
        {
            return last;
        }

        return end.Seq > 0 ? new ResumePoint(end.DbVersion, end.Seq - 1, 0) : null;
    }

    /// <summary>Runs the body in one transaction, or inside the caller's in a savepoint; after a failure nothing has changed.</summary>
    private long InUnit(Func<long> body)
    {
        session.Refresh();
        VersionClock.State saved = clock.Save();
        WatchMark mark = applier.Watch?.Mark() ?? default;
        bool owns = session.Connection.IsAutocommit;
        TransactionScope scope = session.BeginTransaction("chunksync_receive");
        try
        {
            using (scope)
            {
                if (owns && applier.NeedsDeferredKeys)
                {
                    session.DeferForeignKeys();
                }

                watch.Restore();
                long result = body();
                if (session.Connection.IsAutocommit)
                {
                    // SQLite rolled the whole transaction back: there is nothing left to commit.
                    throw Errors.Aborted("the transaction was rolled back while a chunk was received");
                }

                scope.Complete();
                return result;
            }
        }
        catch
        {
            RestoreClock(saved);
            applier.Watch?.Rewind(mark);
            throw;
        }
    }

    private void RestoreClock(VersionClock.State saved)
    {
        if (!session.Connection.IsAutocommit)
        {
            session.Refresh();
            clock.Restore(saved);
            session.Invalidate();
        }
    }
}
