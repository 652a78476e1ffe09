using ChunkSync.Catalog;
using ChunkSync.Clock;
using ChunkSync.Format;
using ChunkSync.Keys;
using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary>Merges changes into one table, a row at a time: <see cref="Begin"/> finds the row and reads what is known of it, each
/// <see cref="Add"/> decides one change, <see cref="Flush"/> writes what won. The kinds of mergers are the rules by which changes are decided;
/// which row a change is about is the same for all of them.</summary>
internal abstract unsafe class RowMerger : IDisposable
{
    private readonly MergeContext context;
    private readonly KeyRules rules;
    private readonly KeyCeiling ceiling;

    /// <summary>What finds the row of a key that is not told by its bytes alone; made at the first one.</summary>
    private KeyResolver? resolver;

    /// <summary>Whether clock rows of the table's rows may be held back; null until that is looked up.</summary>
    private bool? canHold;

    /// <summary>The key that the row's changes came with; null between two rows.</summary>
    private NativeBytes asked;

    /// <summary>The causal length that they came with, where the bytes alone do not tell the row; -1 where they do.</summary>
    private long askedCausalLength;

    protected RowMerger(MergeContext context, TrackedTable table, bool hasTombstones)
    {
        this.context = context;
        HasTombstones = hasTombstones;
        Table = table;
        rules = context.Keys.Rules(table);
        ceiling = context.Clocks.Ceiling(table);
    }

    /// <summary>The table.</summary>
    public TrackedTable Table { get; }

    /// <summary>Whether the table's rows can be deleted.</summary>
    protected bool HasTombstones { get; }

    /// <summary>The key that the row has; null between two rows.</summary>
    public NativeBytes Key { get; private set; }

    /// <summary>Whether the row was refused: see <see cref="Refusals"/>. What comes for it is passed over, until it is abandoned.</summary>
    public bool IsRowRefused { get; protected set; }

    /// <summary>Value columns that hold a placeholder here, for which another row's value made room: what is stored in them wins
    /// against nothing. Null for none.</summary>
    public ParkedColumns? Parked { get; set; }

    /// <summary>Whether changes now are about this row.</summary>
    public bool IsAt(in ChangeRow change) => change.KeyBlob.SequenceEqual(asked.Span)
        && (askedCausalLength < 0 || change.CausalLength == askedCausalLength);

    /// <summary>Goes to a row: what is known of it is read. The key stays in place until <see cref="Flush"/>.</summary>
    public void Begin(in ChangeRow change)
    {
        Check.That(asked.Data == null);
        asked = change.KeyBytes;
        IsRowRefused = false;
        try
        {
            FindKey(change);
        }
        catch (EngineException refused) when (refused.IsOfRow && context.Refusals.AreCollected)
        {
            Refuse(RefusalKind.Of(refused.Code, fromPrepare: false), refused);
        }

        if (IsRowRefused)
        {
            return;
        }

        bool isNew = askedCausalLength < 0 && ceiling.IsNew(Key);
        ceiling.Note(Key);
        ReadRow(isNew);
    }

    /// <summary>Whether clock rows that are held back have to be written before a row begins: they may be its own, or triggers may look at them.</summary>
    public bool NeedsClocks(in ChangeRow change) =>
        !CanHoldClocks || !ceiling.IsKnown || rules.Match(change.KeyBytes) != KeyMatch.Exact || context.Batch.Has(change.KeyBytes);

    private bool CanHoldClocks => canHold ??= Table is { Filter: null, HasBlocks: false, Tree: null, HasPendingRows: false, HasPendingColumns: false }
        && !context.Batch.HasForeignTriggers(Table);

    /// <summary>Whether clock rows of this row may be held back: its key stays in place.</summary>
    protected bool HoldsClocks => context.Batch.IsOn && askedCausalLength < 0 && !context.Cascades.IsActive && CanHoldClocks;

    /// <summary>Decides one change of the row.</summary>
    /// <param name="change">The change, whose numbers have been checked.</param>
    /// <returns>False when the table has no such column.</returns>
    public bool Add(in ChangeRow change)
    {
        Check.That(asked.Data != null && IsAt(change) && change.HasSoundNumbers);
        return IsRowRefused ? MergeEngine.Knows(Table, change) : Decide(change);
    }

    /// <summary>Writes what won since <see cref="Begin"/>.</summary>
    /// <returns>False when the row was refused: it stays in progress until it is abandoned.</returns>
    public bool Flush()
    {
        if (!IsRowRefused)
        {
            Write();
        }

        if (IsRowRefused)
        {
            return false;
        }

        Leave();
        return true;
    }

    /// <summary>Whether a change of the row would win against what is here; nothing is decided by asking.</summary>
    public bool Beats(in ChangeRow change)
    {
        bool beats = !IsRowRefused && Wins(change);
        EndReading();
        return beats;
    }

    /// <summary>The value that won for a column and is not written yet.</summary>
    public abstract bool TryGetWon(int column, out WireValue value);

    /// <summary>Appends the stored value of a column, encoded; NULL when there is no row.</summary>
    public abstract void CopyStored(int column, NativeBuffer target);

    /// <summary>Whether a change of a column was decided to win, and is not written.</summary>
    public bool HasWon(in ChangeRow change) => !change.IsSentinel && (change.CausalLength & 1) == 1
        && Table.FindValueColumn(change.ColumnName) is int column and >= 0 && TryGetWon(column, out _);

    /// <summary>Forgets what was decided and not written: the row failed.</summary>
    public void Abandon()
    {
        ForgetRow();
        Leave();
    }

    public virtual void Dispose() => resolver?.Dispose();

    /// <summary>Reads what is known of the row of <see cref="Key"/>.</summary>
    /// <param name="isNew">Whether the key is known to have no clock rows.</param>
    protected abstract void ReadRow(bool isNew);

    /// <inheritdoc cref="Add"/>
    protected abstract bool Decide(in ChangeRow change);

    /// <inheritdoc cref="Beats"/>
    protected abstract bool Wins(in ChangeRow change);

    /// <summary>Writes what won.</summary>
    protected abstract void WriteRow();

    /// <summary>Forgets what was decided.</summary>
    protected abstract void ForgetRow();

    /// <summary>Ends what stands at the row to read it: others may write before it is asked about again.</summary>
    protected virtual void EndReading()
    {
    }

    private void Write()
    {
        try
        {
            WriteRow();
        }
        catch (EngineException refused) when (refused.IsOfRow && context.Refusals.AreCollected)
        {
            Refuse(RefusalKind.Of(refused.Code, fromPrepare: false), refused);
        }
    }

    private void Refuse(RefusalReason reason, EngineException refused)
    {
        context.Refusals.Note(reason, refused.Code, refused.Message);
        IsRowRefused = true;
    }

    private void Leave()
    {
        EndReading();
        asked = default;
        Key = default;
        IsRowRefused = false;
        Parked = null;
    }

    /// <summary>Finds the key that the row has: mostly the change's own.</summary>
    private void FindKey(in ChangeRow change)
    {
        KeyMatch match = rules.Match(asked);
        askedCausalLength = -1;
        if (match == KeyMatch.None)
        {
            if (context.Refusals.AreCollected && HasOtherArity(asked))
            {
                context.Refusals.Note(RefusalReason.Key, 0,
                    $"the key is {KeyText.Describe(asked)}, table {Table.Name} has a key of {Table.KeyColumns.Length} columns");
                Key = asked;
                IsRowRefused = true;
                return;
            }

            throw Errors.Refused("Unable to perform merge_insert_col: the pk of a change of table"
                + $" {Table.Name} is {KeyText.Describe(asked)}, the key has {Table.KeyColumns.Length} columns");
        }

        Key = asked;
        if (match == KeyMatch.Loose)
        {
            askedCausalLength = change.CausalLength;
            resolver ??= new KeyResolver(context.Session.Connection, context.Keys, context.Clock, context.Clocks, Table, HasTombstones);
            Key = resolver.Resolve(change);
        }
    }

    /// <summary>Whether a key is well-formed, with another number of values than the table's.</summary>
    private bool HasOtherArity(NativeBytes key)
    {
        if (key.Length < 2 || key.Data[0] == 0 || key.Data[0] == Table.KeyColumns.Length)
        {
            return false;
        }

        ValueReader reader = new(key.Data + 1, key.Length - 1);
        for (int i = 0; i < key.Data[0]; i++)
        {
            if (!reader.TryRead(out _))
            {
                return false;
            }
        }

        return reader.Remaining == 0;
    }
}
