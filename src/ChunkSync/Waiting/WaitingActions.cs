using ChunkSync.Capture;
using ChunkSync.Catalog;
using ChunkSync.Clock;
using ChunkSync.Format;
using ChunkSync.Keys;
using ChunkSync.Merge;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Waiting;

/// <summary>What a user does about changes that wait: tries them, forgets them, or lets what is here win.</summary>
internal sealed unsafe class WaitingActions(
    SyncSession session, TableCatalog catalog, VersionClock clock, LocalClocks clocks, CaptureWatch watch, RefusedChanges waiting, ITreeFolds trees)
{
    private const string Savepoint = "chunksync_waiting";

    /// <summary><c>cloudsync_waiting_retry</c>: tries what waits, until nothing more fits.</summary>
    /// <param name="table">Only rows of this table; null for all.</param>
    /// <param name="key">Only this row; null for all.</param>
    /// <returns>The number of rows that do not wait any more.</returns>
    public long Retry(string? table, byte[]? key)
    {
        session.RefuseDuringMerge("cloudsync_waiting_retry");
        session.Refresh();
        if (!waiting.Any && trees.CountRefused() == 0)
        {
            waiting.Watch?.PassCall();
            return 0;
        }

        return WatchedCall.Run(waiting.Watch, () =>
        {
            using MergeCall call = new(keeps: true, []);
            return Retry(call, table, key);
        });
    }

    private long Retry(MergeCall call, string? table, byte[]? key)
    {
        while (true)
        {
            bool owns = session.Connection.IsAutocommit;
            VersionClock.State saved = clock.Save();
            WatchMark mark = waiting.Watch?.Mark() ?? default;
            try
            {
                if (TryRetry(call, table, key) is long left)
                {
                    return left;
                }

                call.ChecksDeferred = true;
                waiting.Watch?.Rewind(mark);
                RestoreClock(saved);
            }
            catch (EngineException)
            {
                waiting.SwitchBack();
                throw;
            }
            catch (AttemptFailedException attempt)
            {
                waiting.SwitchBack();
                waiting.Watch?.Rewind(mark);
                RestoreClock(saved);
                if (session.Connection.IsAutocommit && !(owns && (call.CanBeginAnew || call.IsCareful)))
                {
                    throw attempt.Failure;
                }

                call.Clear();
            }
        }
    }

    /// <summary><c>cloudsync_waiting_drop</c>: forgets changes that wait.</summary>
    /// <param name="table">Of rows of this table.</param>
    /// <param name="key">Of this row; null for all.</param>
    /// <param name="overrules">Whether what is here becomes the newest write instead.</param>
    /// <returns>The number of changes.</returns>
    public long Drop(string table, byte[]? key, bool overrules)
    {
        session.RefuseDuringMerge("cloudsync_waiting_drop");
        session.Refresh();
        if (!waiting.Any)
        {
            return 0;
        }

        VersionClock.State saved = clock.Save();
        try
        {
            using TransactionScope scope = session.BeginTransaction(Savepoint);
            session.Transaction.Join();
            watch.Restore();
            long dropped = DropRows(table, key, overrules);
            waiting.Store.Quota.Tidy();
            scope.Complete();
            return dropped;
        }
        catch
        {
            RestoreClock(saved);
            throw;
        }
    }

    /// <summary><c>cloudsync_waiting_ignore</c>: changes of a table, or of a column, are dropped on arrival from now on, and those that wait
    /// now.</summary>
    /// <returns>The number of changes dropped now.</returns>
    public long Ignore(string name, string? column)
    {
        session.RefuseDuringMerge("cloudsync_waiting_ignore");
        if (!session.IsInitialized)
        {
            throw SyncSession.NotInitialized("before calling cloudsync_waiting_ignore().");
        }

        TrackedTable? table = catalog.Find(name);
        if (column == null && table != null)
        {
            throw Errors.Refused($"cloudsync_waiting_ignore: table {table.Name} is tracked here: end that with cloudsync_cleanup first");
        }

        if (column != null && table == null)
        {
            throw catalog.Damage.Unknown(name, ResultCode.Error, $"cloudsync_waiting_ignore: table {name} is not tracked here: leave the column out to drop all changes of it");
        }

        if (table != null && Array.Exists(table.Columns, known => AsciiNames.Same(known.Name, column!)))
        {
            throw Errors.Refused($"cloudsync_waiting_ignore: table {table.Name} has a column '{column}': take it away with cloudsync_begin_alter first");
        }

        long dropped = 0;
        session.InTransaction(Savepoint, () =>
        {
            session.Transaction.Join();
            if (table == null)
            {
                waiting.Ignored.Add(name);
                dropped = waiting.Any ? DropRows(name, null, overrules: false) : 0;
            }
            else
            {
                waiting.Ignored.Add(table, column!);
                dropped = waiting.DropColumn(table.Name, column!);
            }
        });
        return dropped;
    }

    /// <summary>Rows of tree tables that were refused their places, with the columns of <c>cloudsync_waiting</c>; null where there are no trees. The
    /// reader disposes it.</summary>
    public Statement? OpenPlaces() => trees.OpenRefused();

    private long? TryRetry(MergeCall call, string? table, byte[]? key)
    {
        bool owns = session.Connection.IsAutocommit;
        using TransactionScope scope = session.BeginTransaction(Savepoint);
        session.Transaction.Join();
        watch.Restore();
        if (owns && trees.NeedsDeferredKeys)
        {
            session.DeferForeignKeys();
        }

        bool isClean = !session.Connection.HasDeferredViolations;
        long refused = trees.CountRefused();
        long left = waiting.Any ? waiting.Retry(call, table, key) : 0;
        EngineException? unfolded = trees.FoldAll(call, triesAll: true);
        if (unfolded != null && session.Connection.IsAutocommit)
        {
            throw new AttemptFailedException(unfolded);
        }

        left += Math.Max(0, refused - trees.CountRefused());
        if (isClean && !call.ChecksDeferred && session.Connection.HasDeferredViolations)
        {
            return null;
        }

        scope.Complete();
        return unfolded == null ? left : throw unfolded;
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

    private long DropRows(string table, byte[]? key, bool overrules)
    {
        RefusedRows rows = waiting.List(table, key);
        long dropped = 0;
        using RowChanges changes = new();
        if (overrules && rows.Count > 0)
        {
            clock.Advance();
        }

        for (int i = 0; i < rows.Count; i++)
        {
            ChangeRow row = rows.First(i);
            if (overrules)
            {
                changes.Clear();
                waiting.Store.Cells.Load(row, changes);
                if (changes.Count > 0)
                {
                    Overrule(row, changes);
                }
            }

            dropped += waiting.Store.RemoveAll(row);
        }

        if (overrules && rows.Count > 0)
        {
            clock.Advance();
        }

        return dropped;
    }

    /// <summary>Lets what is here win: clocks go to where the waiting changes are, and a local write goes beyond them.</summary>
    private void Overrule(in ChangeRow row, RowChanges changes)
    {
        TrackedTable table = Find(row);
        foreach (ref readonly ChangeRow change in changes.All)
        {
            if (!change.IsSentinel && table.FindValueColumn(change.ColumnName) < 0)
            {
                throw Errors.Refused($"cloudsync_waiting_drop: table {table.Name} has no column"
                    + $" '{System.Text.Encoding.UTF8.GetString(change.ColumnName)}': what cannot be seen here cannot be overruled");
            }
        }

        using KeyBuffer key = new(session.Connection);
        key.Assign(row.KeyBlob);
        using BaseRows rows = new(session.Connection, table);
        bool isHere = rows.Has(key);
        LocalClockWriter writer = clocks.Writer(table);
        using CaptureScope scope = session.Capturing();
        clocks.Pending(table)?.CaptureStored(table, row.KeyBlob);
        clocks.Ceiling(table).Note(key.Native);
        long life = changes.All[0].CausalLength;
        long local = CausalLength(table, row);
        if (!isHere)
        {
            if (!MergeStrategy.HasTombstones(table))
            {
                throw Errors.Refused($"cloudsync_waiting_drop: table {table.Name} is grow-only, and its row {KeyText.Describe(key.Bytes)} is not here: others"
                    + " would keep it, so that it cannot be overruled");
            }

            // Nobody has the row but those who sent it: they delete it.
            if (Math.Max(life, local) % 2 == 1)
            {
                SetLife(table, row, Math.Max(life, local));
                writer.Delete(key);
            }
        }
        else if (life % 2 == 0)
        {
            // As an INSERT over the tombstone.
            SetLife(table, row, life);
            ForgetColumns(table, row);
            writer.Insert(key);
        }
        else
        {
            if (life > local)
            {
                SetLife(table, row, life);
            }

            foreach (ref readonly ChangeRow change in changes.All)
            {
                OverruleColumn(table, change, writer, key);
            }
        }
    }

    private void OverruleColumn(TrackedTable table, in ChangeRow change, LocalClockWriter writer, KeyBuffer key)
    {
        int column = change.IsSentinel ? -1 : table.FindValueColumn(change.ColumnName);
        if (column < 0)
        {
            return;
        }

        using Statement raise = session.Connection.Prepare(
            $"INSERT INTO {table.QuotedClock}(pk, col_name, col_version, db_version, site_id, seq) VALUES (?1, ?2, ?3, ?4, 0, ?5)"
            + " ON CONFLICT(pk, col_name) DO UPDATE SET col_version = excluded.col_version WHERE excluded.col_version > col_version");
        raise.BindBlob(1, change.KeyBlob).BindText(2, table.ValueColumns[column].ClockNameUtf8).Bind(3, change.ColumnVersion)
            .Bind(4, clock.Next()).Bind(5, clock.TakeSeq());
        raise.Run();
        writer.UpsertColumn(key, column, clock.Next());
    }

    private TrackedTable Find(in ChangeRow row)
    {
        TrackedTable? table = catalog.Find(row.TableName);
        return table is { Columns.Length: > 0 } ? table
            : throw Errors.Refused($"cloudsync_waiting_drop: table {System.Text.Encoding.UTF8.GetString(row.TableName)} is not tracked here:"
                + " what cannot be seen here cannot be overruled");
    }

    private long CausalLength(TrackedTable table, in ChangeRow row)
    {
        using Statement read = session.Connection.Prepare($"SELECT ifnull(max(CASE WHEN col_name = '{SentinelColumn.Name}' THEN col_version END),"
            + $" count(*) > 0) FROM {table.QuotedClock} WHERE pk = ?1");
        read.BindBlob(1, row.KeyBlob);
        long found = read.Step() ? read.Int64(0) : 0;
        read.Reset();
        return found;
    }

    private void SetLife(TrackedTable table, in ChangeRow row, long causalLength)
    {
        using Statement write = session.Connection.Prepare(
            $"INSERT INTO {table.QuotedClock}(pk, col_name, col_version, db_version, site_id, seq)"
            + $" VALUES (?1, '{SentinelColumn.Name}', ?2, ?3, 0, ?4) ON CONFLICT(pk, col_name) DO UPDATE SET col_version = excluded.col_version,"
            + " db_version = excluded.db_version, site_id = 0, seq = excluded.seq");
        write.BindBlob(1, row.KeyBlob).Bind(2, causalLength).Bind(3, clock.Next()).Bind(4, clock.TakeSeq());
        write.Run();
    }

    private void ForgetColumns(TrackedTable table, in ChangeRow row)
    {
        using Statement forget = session.Connection.Prepare($"DELETE FROM {table.QuotedClock} WHERE pk = ?1 AND col_name <> '{SentinelColumn.Name}'");
        forget.BindBlob(1, row.KeyBlob);
        forget.Run();
    }
}
