using ChunkSync.Clock;
using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary>Merges the rows of a payload in order, and puts groups aside that are refused.</summary>
internal sealed unsafe class CollectingMerge(VersionClock clock, MergeEngine merge, IWaitingChanges waiting, Connection connection)
{
    private const string Operation = "merge_pending_add";

    private MergeCall call = null!;
    private byte* groupStart;
    private uint rowStart;
    private uint row;
    private OpenedPayload.RowReader reader;

    /// <summary>The position of the last row that was merged, or put aside.</summary>
    public long LastDbVersion { get; private set; }

    /// <inheritdoc cref="LastDbVersion"/>
    public long LastSeq { get; private set; }

    /// <summary>Merges rows until the end or the first error.</summary>
    /// <param name="start">The first row.</param>
    /// <param name="count">The number of rows.</param>
    /// <param name="of">The call; gets what is refused.</param>
    /// <param name="good">The number of rows before the row that failed.</param>
    /// <param name="leftTraces">Whether that row wrote something.</param>
    /// <returns>The error; null at the end.</returns>
    /// <exception cref="AttemptFailedException">The call begins anew.</exception>
    public EngineException? Merge(OpenedPayload.RowReader start, uint count, MergeCall of, out uint good, out bool leftTraces)
    {
        call = of;
        reader = start;
        rowStart = 0;
        row = 0;
        good = count;
        leftTraces = false;
        merge.Clocks.Hold();
        try
        {
            MergeRows(count);
            merge.Clocks.Flush();
            return null;
        }
        catch (EngineException failure)
        {
            leftTraces = connection.TotalChanges != merge.ChangesBefore;
            merge.AbandonRow();
            TryFlushClocks();
            leftTraces |= merge.Clocks.HasFailed;
            good = rowStart;
            return failure;
        }
        finally
        {
            merge.Clocks.Release();
        }
    }

    /// <summary>Writes clock rows of the rows before the failed one. Where that fails too, all of them have to be done again.</summary>
    private void TryFlushClocks()
    {
        try
        {
            if (!connection.IsAutocommit)
            {
                merge.Clocks.Flush();
            }
        }
        catch (EngineException)
        {
            Check.That(merge.Clocks.HasFailed);
        }
    }

    private void MergeRows(uint count)
    {
        clock.Advance();
        for (; row < count; row++)
        {
            byte* at = reader.At;
            reader.Read(out ChangeRow change);
            bool newRun = row > 0 && change.DbVersion != LastDbVersion;
            if (newRun || !merge.IsSameRow(change))
            {
                EndGroup();
                if (newRun)
                {
                    clock.Advance();
                }

                rowStart = row;
                groupStart = at;
                if (!TryBegin(change, count))
                {
                    continue;
                }
            }

            LastDbVersion = change.DbVersion;
            LastSeq = change.Seq;
            if (!merge.Add(change))
            {
                PutUnknown(change, at);
            }
        }

        EndGroup();
        clock.Advance();
    }

    /// <summary>Begins a row; false when the change, or its whole group, is done with.</summary>
    private bool TryBegin(in ChangeRow change, uint count)
    {
        if (merge.Find(change.TableName) == null)
        {
            if (IsDropped(change, groupStart, RefusalReason.Table))
            {
                LastDbVersion = change.DbVersion;
                LastSeq = change.Seq;
                return false;
            }
        }
        else if (merge.Refusals.AreCollected && (call.IsCareful || (waiting.Any && waiting.Wait(change))))
        {
            merge.Clocks.Flush();
            merge.Clocks.Release();
            MergeWhole(change, count);
            merge.Clocks.Hold();
            return false;
        }

        merge.BeginRow(change);
        return true;
    }

    /// <summary>Merges a group as a whole, of which the first change has been read.</summary>
    private void MergeWhole(in ChangeRow first, uint count)
    {
        AsideGroup group = new() { Rows = groupStart };
        ChangeRow change = first;
        byte* at = groupStart;
        bool isAnyKnown = false;
        while (true)
        {
            LastDbVersion = change.DbVersion;
            LastSeq = change.Seq;
            group.Count++;
            if (merge.Knows(change))
            {
                isAnyKnown = true;
            }
            else
            {
                PutUnknown(change, at);
            }

            OpenedPayload.RowReader before = reader;
            at = reader.At;
            if (row + 1 == count)
            {
                break;
            }

            reader.Read(out change);
            if (change.DbVersion != first.DbVersion || !change.KeyBlob.SequenceEqual(first.KeyBlob)
                || !AsciiNames.Same(change.TableName, first.TableName))
            {
                reader = before;
                break;
            }

            row++;
        }

        if (isAnyKnown && !waiting.MergeWith(call, group))
        {
            merge.AbandonRow();
            call.Add(group);
        }
    }

    /// <summary>Writes the row in progress, or puts its group aside.</summary>
    private void EndGroup()
    {
        if (!merge.FlushRow())
        {
            PutAside();
        }
    }

    private void PutAside()
    {
        if (connection.IsAutocommit)
        {
            EngineException failure = merge.RefusedFailure();
            throw call.RolledBack(GroupWriter.Identity(FirstOfGroup()), failure);
        }

        if (merge.HasWritten)
        {
            throw call.Traced(merge.Current!.Table.Name, merge.RefusedFailure());
        }

        merge.AbandonRow();
        merge.Clocks.Flush();
        call.Add(new AsideGroup { Rows = groupStart, Count = (int)(row - rowStart) }, merge.Refusals, merge.WrittenRows);
    }

    private ChangeRow FirstOfGroup()
    {
        ValueReader first = new(groupStart, reader.At - groupStart);
        ChangeRowCodec.TryRead(ref first, ChangeRowUse.Merge, out ChangeRow change, out _);
        return change;
    }

    /// <summary>Lets go of a change of a column that is not here, or puts it aside.</summary>
    private void PutUnknown(in ChangeRow change, byte* at)
    {
        // Of a row that is refused already, its key is what stops the call.
        if (!IsDropped(change, at, RefusalReason.Column) && merge.Current is not { IsRowRefused: true })
        {
            throw merge.UnknownColumn(change, Operation);
        }
    }

    /// <summary>Lets go of a change of what is not here, or puts it aside; false where that is an error.</summary>
    private bool IsDropped(in ChangeRow change, byte* at, RefusalReason reason)
    {
        if (waiting.IsIgnored(change))
        {
            return true;
        }

        if (call.Keeps)
        {
            call.Add(new AsideGroup { Rows = at, Count = 1, Unknown = reason });
        }

        return call.Keeps;
    }
}
