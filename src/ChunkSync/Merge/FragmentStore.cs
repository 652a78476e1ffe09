using ChunkSync.Capture;
using ChunkSync.Catalog;
using ChunkSync.Clock;
using ChunkSync.Format;
using ChunkSync.Keys;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary>Collects the parts of long values (behaviour G.3) in table <c>cloudsync_payload_fragments</c> until a value is whole, and
/// merges it then. Parts may come in any order and more than once; a value that is cut again with another part size is collected
/// beside the first cut, and whichever is whole first wins.</summary>
internal sealed unsafe class FragmentStore
{
    /// <summary>Refused values that a connection remembers; repeats of others wait for the cleaning of stale cuts.</summary>
    private const int MaxRefused = 256;

    /// <summary>The clocks that a refused value lost against: while they stay, it loses again.</summary>
    private readonly record struct Winner(long CausalLength, long Version, long Site, long Seq);

    private readonly SyncSession session;
    private readonly TableCatalog catalog;
    private readonly TableKeys keys;
    private readonly VersionClock clock;
    private readonly LocalClocks clocks;
    private readonly CaptureWatch watch;
    private readonly MergeEngine merge;
    private readonly IWaitingChanges waiting;
    private readonly ITreeFolds trees;
    private readonly Dictionary<string, Winner> refused = [];
    private readonly Queue<string> refusedOrder = new();
    private Winner? winner;

    public FragmentStore(SyncSession session, TableCatalog catalog, TableKeys keys, VersionClock clock, LocalClocks clocks, CaptureWatch watch, MergeEngine merge,
        IWaitingChanges waiting, ITreeFolds trees)
    {
        this.trees = trees;
        this.session = session;
        this.catalog = catalog;
        this.keys = keys;
        this.clock = clock;
        this.clocks = clocks;
        this.watch = watch;
        this.merge = merge;
        this.waiting = waiting;
        Staged = new StagedParts(session.Connection);
    }

    /// <summary>The parts that wait.</summary>
    public StagedParts Staged { get; }

    /// <summary>Applies a payload of fragment rows.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="call">What is done with a refused value.</param>
    /// <returns>How many values became complete.</returns>
    public long Apply(OpenedPayload payload, MergeCall call)
    {
        if (payload.Header.Columns != ChangeRowCodec.Columns)
        {
            throw PayloadErrors.Malformed("invalid v3 column count");
        }

        // All rows are checked before the first is stored.
        ValueReader check = new(payload.Body, payload.BodyLength);
        for (uint row = 0; row < payload.Header.Rows && !payload.HasCheckedRows; row++)
        {
            FragmentRow.Read(ref check, row);
        }

        ValueReader reader = new(payload.Body, payload.BodyLength);
        long completed = 0;
        for (uint row = 0; row < payload.Header.Rows; row++)
        {
            FragmentRow fragment = FragmentRow.Read(ref reader, row);
            completed += ApplyPart(fragment, call) ? 1 : 0;
        }

        return completed;
    }

    /// <summary>Forgets which values lost: the clocks that they lost against may be gone.</summary>
    public void ForgetRefused()
    {
        refused.Clear();
        refusedOrder.Clear();
    }

    private bool ApplyPart(in FragmentRow part, MergeCall call)
    {
        WatchMark mark = merge.Watch?.Mark() ?? default;
        while (true)
        {
            bool owns = session.Connection.IsAutocommit;
            try
            {
                return TryApplyPart(part, call);
            }
            catch (EngineException)
            {
                waiting.SwitchBack();
                merge.Watch?.Rewind(mark);
                throw;
            }
            catch (AttemptFailedException attempt)
            {
                waiting.SwitchBack();
                merge.Watch?.Rewind(mark);

                // The next attempt knows why.
                bool isOver = session.Connection.IsAutocommit && !(owns && call.CanBeginAnew);
                if (isOver || !call.Keeps)
                {
                    throw attempt.Failure;
                }
            }
        }
    }

    private bool TryApplyPart(in FragmentRow part, MergeCall call)
    {
        call.Clear();
        VersionClock.State saved = clock.Save();
        bool isSavepoint = !session.Connection.IsAutocommit;
        bool isClean = call is { Keeps: true, ChecksDeferred: false } && !session.Connection.HasDeferredViolations;
        using TransactionScope scope = session.BeginTransaction("chunksync_fragment");
        try
        {
            watch.Restore();
            bool complete = false;
            if (IsKnown(part))
            {
                // Parts from before a newer value came would wait without end, and make the receiver ask for the others again.
                Staged.Drop(part.ValueId);
            }
            else
            {
                complete = TryComplete(part, Staged.Add(part), call);
            }

            EngineException? unfolded = complete ? trees.FoldAll(call) : null;
            if (unfolded != null && session.Connection.IsAutocommit)
            {
                throw new AttemptFailedException(unfolded);
            }

            if (complete && isClean && session.Connection.HasDeferredViolations)
            {
                throw call.Violated();
            }

            scope.Complete();
            return unfolded == null ? complete : throw unfolded;
        }
        catch (AttemptFailedException) when (isSavepoint)
        {
            clock.Restore(saved);
            throw;
        }
    }

    /// <summary>Whether the value has been merged, or can only lose: a repeat then leaves nothing behind.</summary>
    private bool IsKnown(in FragmentRow part)
    {
        ChangeRow change = part.Change;
        winner = null;
        TrackedTable? table = catalog.Find(change.TableName);
        if (table == null)
        {
            return false;
        }

        using Statement clocks = session.Connection.Prepare(
            $"SELECT col_name = '{SentinelColumn.Name}', col_version, seq, site_id FROM {table.QuotedClock} WHERE pk = ?1"
            + $" AND (col_name = '{SentinelColumn.Name}' OR col_name = ?2 COLLATE NOCASE)");
        clocks.BindBlob(1, KnownKey(table, change)).BindStaticText(2, change.Column, change.ColumnLength);
        long causalLength = 1;
        long version = -1;
        bool same = false;
        while (clocks.Step())
        {
            if (clocks.Int64(0) != 0)
            {
                causalLength = clocks.Int64(1);
                continue;
            }

            version = clocks.Int64(1);
            same = version == change.ColumnVersion && clocks.Int64(2) == change.StoredSeq
                && session.Sites.Id(clocks.Int64(3)) is byte[] site && change.SiteId.SequenceEqual(site);
            winner = new Winner(0, version, clocks.Int64(3), clocks.Int64(2));
        }

        winner = winner is Winner found ? found with { CausalLength = causalLength } : null;

        // A value of an earlier life loses, and so does an older version of this one.
        return causalLength > change.CausalLength || (causalLength == change.CausalLength && (same || version > change.ColumnVersion))
            || (winner != null && refused.TryGetValue(part.ValueId, out Winner known) && known == winner);
    }

    /// <summary>The key that the row's clocks have, where SQLite takes other bytes for the same key.</summary>
    private ReadOnlySpan<byte> KnownKey(TrackedTable table, in ChangeRow change)
    {
        if (keys.Rules(table).Match(change.KeyBytes) != KeyMatch.Loose)
        {
            return change.KeyBlob;
        }

        using KeyResolver resolver = new(session.Connection, keys, clock, clocks, table, MergeStrategy.HasTombstones(table));
        return resolver.Find(change.KeyBytes).ToArray();
    }

    private bool TryComplete(in FragmentRow part, string cut, MergeCall call)
    {
        if (!Staged.IsWhole(part, cut))
        {
            return false;
        }

        byte* value = Sqlite3.Allocate(part.TotalSize);
        try
        {
            Staged.Assemble(part, cut, value);
            Merge(part, value, call);
        }
        finally
        {
            Sqlite3.Free(value);
        }

        Staged.Drop(part.ValueId);
        if (!IsKnown(part) && winner is Winner present)
        {
            Remember(part.ValueId, present);
        }

        return true;
    }

    /// <summary>Remembers a whole value that lost against an equal version: no clock shows that it was here.</summary>
    private void Remember(string valueId, Winner present)
    {
        if (refused.Count == MaxRefused)
        {
            refused.Remove(refusedOrder.Dequeue());
        }

        if (refused.TryAdd(valueId, present))
        {
            refusedOrder.Enqueue(valueId);
        }
        else
        {
            refused[valueId] = present;
        }
    }

    private void Merge(in FragmentRow part, byte* encoded, MergeCall call)
    {
        ChangeRow change = part.Change;
        ValueReader reader = new(encoded, part.TotalSize);
        if (!reader.TryRead(out change.Value) || reader.Remaining != 0)
        {
            throw PayloadErrors.BadFragment($"value {part.ValueId} in"
                + " cloudsync_payload_fragments cannot be decoded");
        }

        merge.Enter();
        try
        {
            clock.Advance();
            Merge(change, call);
            clock.Advance();
            merge.Watch?.Store();
        }
        finally
        {
            merge.Leave();
        }
    }

    private void Merge(in ChangeRow change, MergeCall call)
    {
        if (!merge.Knows(change))
        {
            if (waiting.IsIgnored(change))
            {
                return;
            }

            if (call.Keeps)
            {
                call.AddCopy(change, merge.Find(change.TableName) == null ? RefusalReason.Table : RefusalReason.Column);
                waiting.Settle(call);
                return;
            }
        }

        bool isNext = call.Keeps && (waiting.Any || call.IsCareful);
        merge.Collect(call.Keeps);
        if (!isNext)
        {
            merge.BeginRow(change);
            if (!merge.Add(change))
            {
                throw merge.UnknownColumn(change, MergeEngine.InsertOperation);
            }

            if (merge.FlushRow())
            {
                return;
            }

            NoteTraces(change, call);
            merge.AbandonRow();
        }

        call.AddCopy(change, RefusalReason.None);
        waiting.Settle(call);
    }

    private void NoteTraces(in ChangeRow change, MergeCall call)
    {
        if (session.Connection.IsAutocommit)
        {
            throw call.RolledBack(GroupWriter.Identity(change), merge.RefusedFailure());
        }

        if (merge.HasWritten)
        {
            throw call.Traced(merge.Current!.Table.Name, merge.RefusedFailure());
        }
    }
}
