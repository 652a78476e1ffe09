using System.Runtime.InteropServices;
using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Frontier;

/// <summary>Where the nodes are that a fold has come across, in native memory: a hash table by node, 40 bytes an entry.</summary>
internal sealed unsafe class PlaceTable : IDisposable
{
    private const long FirstSlots = 64;
    private const ulong Spread = 0x9E37_79B9_7F4A_7C15;

    private readonly NativeBuffer memory = new();
    private long slots;

    /// <summary>What a fold knows of a node. Addresses are valid until the next node is added.</summary>
    internal struct Entry
    {
        /// <summary>The node; 0 for an empty slot.</summary>
        public long Node;

        /// <summary>Where it is at this moment of the fold.</summary>
        public TreePlace Place;

        /// <summary>What else.</summary>
        public PlaceFlags Flags;

        /// <summary>Its number in a <see cref="PathForest"/>; 0 for none.</summary>
        public int Path;

        /// <summary>Whether a flag is set.</summary>
        public readonly bool Has(PlaceFlags flag) => (Flags & flag) != 0;
    }

    /// <summary>How many nodes there are.</summary>
    public long Count { get; private set; }

    /// <summary>How many slots; <see cref="At"/> goes through them.</summary>
    public long Slots => slots;

    /// <summary>The entry in a slot; its node is 0 where there is none.</summary>
    public ref Entry At(long slot)
    {
        Check.That(slot >= 0 && slot < slots);
        return ref ((Entry*)memory.Data)[slot];
    }

    /// <summary>The entry of a node, or null.</summary>
    public Entry* Find(long node)
    {
        if (slots == 0)
        {
            return null;
        }

        Entry* entry = Slot(node);
        return entry->Node == 0 ? null : entry;
    }

    /// <summary>Adds a node that is not there.</summary>
    public Entry* Add(long node)
    {
        Check.That(node > 0);
        if ((Count + 1) * 4 > slots * 3)
        {
            Grow();
        }

        Entry* entry = Slot(node);
        Check.That(entry->Node == 0);
        entry->Node = node;
        Count++;
        return entry;
    }

    /// <summary>Forgets all nodes, and the memory of many.</summary>
    public void Clear()
    {
        if (slots > FirstSlots)
        {
            memory.Dispose();
            slots = 0;
        }
        else
        {
            new Span<Entry>(memory.Data, (int)slots).Clear();
        }

        Count = 0;
    }

    public void Dispose()
    {
        memory.Dispose();
        slots = 0;
        Count = 0;
    }

    private Entry* Slot(long node)
    {
        Entry* table = (Entry*)memory.Data;
        long at = (long)(((ulong)node * Spread) >> 20) & (slots - 1);
        while (table[at].Node != 0 && table[at].Node != node)
        {
            at = (at + 1) & (slots - 1);
        }

        return table + at;
    }

    private void Grow()
    {
        long grown = Math.Max(FirstSlots, slots * 2);
        long old = slots;
        Entry* from = (Entry*)memory.Detach();
        try
        {
            Entry* to = (Entry*)memory.Reserve(grown * sizeof(Entry));
            NativeMemory.Clear(to, (nuint)(grown * sizeof(Entry)));
            slots = grown;
            for (long i = 0; i < old; i++)
            {
                if (from[i].Node != 0)
                {
                    *Slot(from[i].Node) = from[i];
                }
            }
        }
        catch
        {
            // Without memory there is nothing to go on with: the fold fails.
            slots = 0;
            Count = 0;
            throw;
        }
        finally
        {
            Sqlite3.Free(from);
        }
    }
}
