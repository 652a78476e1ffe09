using ChunkSync.Format;
using ChunkSync.Merge;
using ChunkSync.Sqlite;

namespace ChunkSync.Waiting;

/// <summary>Changes of one row, in native memory: a hostile payload can have many of one.</summary>
internal sealed unsafe class RowChanges : IDisposable
{
    private readonly NativeBuffer changes = new();
    private readonly NativeArena bytes = new();

    /// <summary>The changes; valid until the next one is added.</summary>
    public Span<ChangeRow> All => new(changes.Data, Count);

    /// <summary>The number of changes.</summary>
    public int Count => (int)(changes.Length / sizeof(ChangeRow));

    /// <summary>Whether some of them, read from what waits, were sent by others than their row's origin.</summary>
    public bool HasOtherSenders { get; set; }

    /// <summary>Adds a change whose bytes stay where they are.</summary>
    public void Add(in ChangeRow change)
    {
        byte* place = changes.Reserve(sizeof(ChangeRow));
        *(ChangeRow*)place = change;
        changes.Commit(sizeof(ChangeRow));
    }

    /// <summary>Keeps some bytes as long as the changes.</summary>
    public byte* Keep(ReadOnlySpan<byte> copied) => bytes.Copy(copied);

    /// <summary>Adds the changes of a group.</summary>
    public void Add(in AsideGroup group)
    {
        // They were decoded before: their end is that of the last one.
        ValueReader reader = new(group.Rows, long.MaxValue / 2 - (long)group.Rows);
        for (int i = 0; i < group.Count; i++)
        {
            ChangeRowCodec.TryRead(ref reader, ChangeRowUse.Merge, out ChangeRow change, out _);
            Add(change);
        }
    }

    /// <summary>The first change of a group.</summary>
    public static ChangeRow First(in AsideGroup group)
    {
        ValueReader reader = new(group.Rows, long.MaxValue / 2 - (long)group.Rows);
        ChangeRowCodec.TryRead(ref reader, ChangeRowUse.Merge, out ChangeRow change, out _);
        return change;
    }

    /// <summary>Leaves out the changes of earlier lives of the row than the latest one among them: they have lost.</summary>
    public void KeepLatestLife()
    {
        long latest = long.MinValue;
        foreach (ref readonly ChangeRow change in All)
        {
            latest = Math.Max(latest, change.CausalLength);
        }

        Span<ChangeRow> all = All;
        int kept = 0;
        for (int i = 0; i < all.Length; i++)
        {
            if (all[i].CausalLength == latest)
            {
                all[kept++] = all[i];
            }
        }

        Truncate(kept);
    }

    /// <summary>Leaves out the changes behind the first ones.</summary>
    public void Truncate(int count) => changes.Truncate((long)count * sizeof(ChangeRow));

    /// <summary>Whether all of them were decided to win for a row, and are not written.</summary>
    public bool HaveAllWon(RowMerger row)
    {
        foreach (ref readonly ChangeRow change in All)
        {
            if (!row.HasWon(change))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Forgets the changes, and the bytes that were kept.</summary>
    public void Clear()
    {
        changes.Clear();
        bytes.Clear();
        HasOtherSenders = false;
    }

    public void Dispose()
    {
        changes.Dispose();
        bytes.Dispose();
    }
}
