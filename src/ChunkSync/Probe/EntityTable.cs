using System.Runtime.CompilerServices;
using ChunkSync.Sqlite;

namespace ChunkSync.Probe;

/// <summary>The entities of a probe set: found by (table, key) in a hash table, and by their 40-bit hashes in the order of an index.</summary>
/// <remarks>16 bytes an entity, at most 10 for its slots, 8 for the hash that indexes are searched with, 1 for whether it was found.</remarks>
internal sealed unsafe class EntityTable : IDisposable
{
    private struct Entity
    {
        public int Table;
        public int KeyOffset;
        public int KeyLength;
        public uint Hash;
    }

    private readonly NativeBuffer entities = new();
    private readonly NativeBuffer found = new();
    private readonly NativeBuffer indexHashes = new();
    private readonly NativeBuffer tableStarts = new();
    private readonly byte* origin;
    private int* slots;
    private uint mask;

    /// <summary>An empty table whose keys lie behind <paramref name="origin"/>.</summary>
    public EntityTable(byte* origin) => this.origin = origin;

    public int Count => (int)(entities.Length / sizeof(Entity));

    /// <summary>The number of entities that <see cref="MarkFound"/> was never called for.</summary>
    public int Misses { get; private set; }

    /// <summary>The distinct tables of the entities, folded, ascending.</summary>
    public NameList Tables { get; } = new();

    /// <summary>Adds an entity of the last table of <see cref="Tables"/>; false when it does not come behind the one before.</summary>
    public bool TryAdd(byte* key, int length)
    {
        int table = Tables.Count - 1;
        if (tableStarts.Length / sizeof(int) <= table)
        {
            *(int*)tableStarts.Reserve(sizeof(int)) = Count;
            tableStarts.Commit(sizeof(int));
        }
        else
        {
            Entity last = ((Entity*)entities.Data)[Count - 1];
            if (KeyOf(last).SequenceCompareTo(new ReadOnlySpan<byte>(key, length)) >= 0)
            {
                return false;
            }
        }

        *(Entity*)entities.Reserve(sizeof(Entity)) = new Entity
        {
            Table = table,
            KeyOffset = (int)(key - origin),
            KeyLength = length,
            Hash = HashOf(table, key, length),
        };
        entities.Commit(sizeof(Entity));
        return true;
    }

    /// <summary>Builds the hash table once all entities are there.</summary>
    public void Build()
    {
        Misses = Count;
        long size = 16;
        while (size * 4 < Count * 5L)
        {
            size *= 2;
        }

        slots = (int*)Sqlite3.Allocate(size * sizeof(int));
        new Span<int>(slots, checked((int)size)).Fill(-1);
        mask = (uint)(size - 1);
        new Span<byte>(found.Reserve(Count), Count).Clear();
        found.Commit((long)Count);
        Entity* all = (Entity*)entities.Data;
        for (int i = 0; i < Count; i++)
        {
            uint slot = all[i].Hash & mask;
            while (slots[slot] >= 0)
            {
                slot = (slot + 1) & mask;
            }

            slots[slot] = i;
        }
    }

    /// <summary>The entity's number, or -1.</summary>
    public int Find(int table, byte* key, int length)
    {
        uint hash = HashOf(table, key, length);
        Entity* all = (Entity*)entities.Data;
        for (uint slot = hash & mask; slots[slot] >= 0; slot = (slot + 1) & mask)
        {
            ref Entity entity = ref all[slots[slot]];
            if (entity.Hash == hash && entity.Table == table && KeyOf(entity).SequenceEqual(new ReadOnlySpan<byte>(key, length)))
            {
                return slots[slot];
            }
        }

        return -1;
    }

    /// <summary>An entity by its number; numbers ascend with the order of runs.</summary>
    public EntityKey this[int index]
    {
        get
        {
            Entity entity = ((Entity*)entities.Data)[index];
            ReadOnlySpan<byte> table = Tables[entity.Table];
            fixed (byte* name = table)
            {
                // The name lies in native memory, as everything of a set.
                return new EntityKey(name, table.Length, origin + entity.KeyOffset, entity.KeyLength);
            }
        }
    }

    /// <summary>The 64-bit hash of an entity, as key tables hold it.</summary>
    public long HashOf(int index)
    {
        EntityKey entity = this[index];
        return (long)EntityHash.Of64(entity.Table, entity.Key);
    }

    /// <summary>The first entity that is not before another in the order of runs; <see cref="Count"/> when all are.</summary>
    public int FirstNotBefore(EntityKey entity)
    {
        int low = 0;
        int high = Count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (this[middle].CompareTo(entity) < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    /// <summary>A change of the entity was seen that matches the whole set.</summary>
    /// <returns>Whether it was the first.</returns>
    public bool MarkFound(int entity)
    {
        bool isNew = found.Data[entity] == 0;
        Misses -= isNew ? 1 : 0;
        found.Data[entity] = 1;
        return isNew;
    }

    /// <summary>Takes a first <see cref="MarkFound"/> back.</summary>
    public void Unmark(int entity)
    {
        found.Data[entity] = 0;
        Misses++;
    }

    /// <summary>Whether an index holds the hash of an entity of a table; the smaller list is searched in the larger.</summary>
    /// <param name="table">The table's number in <see cref="Tables"/>.</param>
    /// <param name="stored">Ascending hashes as an index stores them.</param>
    /// <param name="count">How many.</param>
    public bool AnyIn(int table, byte* stored, int count)
    {
        BuildIndexHashes();
        int first = ((int*)tableStarts.Data)[table];
        int end = table + 1 < Tables.Count ? ((int*)tableStarts.Data)[table + 1] : Count;
        ReadOnlySpan<ulong> wanted = new((ulong*)indexHashes.Data + first, end - first);
        if (wanted.Length <= count)
        {
            foreach (ulong hash in wanted)
            {
                if (Contains(stored, count, hash))
                {
                    return true;
                }
            }

            return false;
        }

        for (int i = 0; i < count; i++)
        {
            if (wanted.BinarySearch(EntityHash.Read(stored + ((long)EntityHash.Size * i))) >= 0)
            {
                return true;
            }
        }

        return false;
    }

    public void Dispose()
    {
        Tables.Dispose();
        entities.Dispose();
        found.Dispose();
        indexHashes.Dispose();
        tableStarts.Dispose();
        Sqlite3.Free(slots);
        slots = null;
    }

    private ReadOnlySpan<byte> KeyOf(in Entity entity) => new(origin + entity.KeyOffset, entity.KeyLength);

    /// <summary>Made at the first chunk that has hashes: they ascend within each table.</summary>
    private void BuildIndexHashes()
    {
        if (indexHashes.Length > 0)
        {
            return;
        }

        ulong* hashes = (ulong*)indexHashes.Reserve((long)Count * sizeof(ulong));
        Entity* all = (Entity*)entities.Data;
        int start = 0;
        for (int i = 0; i < Count; i++)
        {
            hashes[i] = EntityHash.Of(Tables[all[i].Table], KeyOf(all[i]));
            if (i + 1 == Count || all[i + 1].Table != all[i].Table)
            {
                new Span<ulong>(hashes + start, i + 1 - start).Sort();
                start = i + 1;
            }
        }

        indexHashes.Commit((long)Count * sizeof(ulong));
    }

    private static bool Contains(byte* stored, int count, ulong hash)
    {
        int low = 0;
        int high = count - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            ulong found = EntityHash.Read(stored + ((long)EntityHash.Size * middle));
            if (found == hash)
            {
                return true;
            }

            if (found < hash)
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }

        return false;
    }

    /// <summary>Eight bytes at a time; only equality within one set depends on it.</summary>
    private static uint HashOf(int table, byte* key, int length)
    {
        const ulong Multiplier = 0x9FB21C651E98DF25;
        ulong hash = ((ulong)(uint)table << 32) ^ (uint)length ^ 0x9E3779B97F4A7C15;
        for (; length >= sizeof(ulong); key += sizeof(ulong), length -= sizeof(ulong))
        {
            hash = (hash ^ Unsafe.ReadUnaligned<ulong>(key)) * Multiplier;
            hash ^= hash >> 32;
        }

        ulong tail = 0;
        for (int i = 0; i < length; i++)
        {
            tail |= (ulong)key[i] << (8 * i);
        }

        hash = (hash ^ tail) * Multiplier;
        return (uint)(hash >> 32) ^ (uint)hash;
    }
}
