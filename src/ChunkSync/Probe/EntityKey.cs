namespace ChunkSync.Probe;

/// <summary>An entity as runs are ordered: by folded table name, then by pk, bytes each.</summary>
internal readonly unsafe struct EntityKey(byte* table, int tableLength, byte* key, int keyLength)
{
    public ReadOnlySpan<byte> Table => new(table, tableLength);

    public ReadOnlySpan<byte> Key => new(key, keyLength);

    public int CompareTo(EntityKey other)
    {
        int order = Table.SequenceCompareTo(other.Table);
        return order != 0 ? order : Key.SequenceCompareTo(other.Key);
    }

    /// <summary>The entity as messages show it.</summary>
    public override string ToString() => $"({System.Text.Encoding.UTF8.GetString(Table)}, x'{Convert.ToHexStringLower(Key)}')";
}
