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
    private readonly bool hasTombstones;
    private readonly KeyRules rules;
    private readonly KeyCeiling ceiling;

    /// <summary>What finds the row of a key that is not told by its bytes alone; made at the first one.</summary>
    private KeyResolver? resolver;

    /// <summary>The key that the row's changes came with; null between two rows.</summary>
    private NativeBytes asked;

    /// <summary>The causal length that they came with, where the bytes alone do not tell the row; -1 where they do.</summary>
    private long askedCausalLength;

    protected RowMerger(MergeContext context, TrackedTable table, bool hasTombstones)
    {
        this.context = context;
        this.hasTombstones = hasTombstones;
        Table = table;
        rules = context.Keys.Rules(table);
        ceiling = context.Clocks.Ceiling(table);
    }

    /// <summary>The table.</summary>
    public TrackedTable Table { get; }

    /// <summary>The key that the row has; null between two rows.</summary>
    protected NativeBytes Key { get; private set; }

    /// <summary>Whether changes now are about this row.</summary>
    public bool IsAt(in ChangeRow change) => change.KeyBlob.SequenceEqual(asked.Span)
        && (askedCausalLength < 0 || change.CausalLength == askedCausalLength);

    /// <summary>Goes to a row: what is known of it is read. The key stays in place until <see cref="Flush"/>.</summary>
    public void Begin(in ChangeRow change)
    {
        Check.That(asked.Data == null);
        asked = change.KeyBytes;
        FindKey(change);
        bool isNew = askedCausalLength < 0 && ceiling.IsNew(Key);
        ceiling.Note(Key);
        ReadRow(isNew);
    }

    /// <summary>Decides one change of the row.</summary>
    /// <param name="change">The change, whose numbers have been checked.</param>
    /// <param name="operation">The name that sqlite-sync's message for an unknown column has.</param>
    public void Add(in ChangeRow change, string operation)
    {
        Check.That(asked.Data != null && IsAt(change) && change.HasSoundNumbers);
        Decide(change, operation);
    }

    /// <summary>Writes what won since <see cref="Begin"/>.</summary>
    public void Flush()
    {
        WriteRow();
        Leave();
    }

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
    protected abstract void Decide(in ChangeRow change, string operation);

    /// <summary>Writes what won.</summary>
    protected abstract void WriteRow();

    /// <summary>Forgets what was decided.</summary>
    protected abstract void ForgetRow();

    private void Leave()
    {
        asked = default;
        Key = default;
    }

    /// <summary>Finds the key that the row has: mostly the change's own.</summary>
    private void FindKey(in ChangeRow change)
    {
        KeyMatch match = rules.Match(asked);
        if (match == KeyMatch.None)
        {
            throw Errors.Refused("Unable to perform merge_insert_col: the pk of a change of table"
                + $" {Table.Name} is {KeyText.Describe(asked)}, the key has {Table.KeyColumns.Length} columns");
        }

        Key = asked;
        askedCausalLength = -1;
        if (match == KeyMatch.Loose)
        {
            askedCausalLength = change.CausalLength;
            resolver ??= new KeyResolver(context.Session.Connection, context.Keys, context.Clock, context.Clocks, Table, hasTombstones);
            Key = resolver.Resolve(change);
        }
    }
}
