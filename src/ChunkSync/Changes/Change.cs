namespace ChunkSync.Changes;

/// <summary>One change of the stream: the nine values of a change row (format A.3). Addresses belong to the source and are valid
/// until it moves on. A TEXT or BLOB value is either in memory (<see cref="Data"/>) or read in pieces from the source.</summary>
internal unsafe struct Change
{
    /// <summary>UTF-8 name of the table.</summary>
    public byte* Table;
    public int TableLength;

    /// <summary>The primary-key blob (format H).</summary>
    public byte* Key;
    public int KeyLength;

    /// <summary>UTF-8 name of the column as the clock row spells it, or the sentinel.</summary>
    public byte* Column;
    public int ColumnLength;

    /// <summary>One of <see cref="Sqlite.StorageClass"/>.</summary>
    public int ValueClass;
    public long Integer;
    public double Real;

    /// <summary>The bytes of a TEXT (UTF-8) or BLOB value; null when they are only at the source.</summary>
    public byte* Data;
    public long DataLength;

    public long ColumnVersion;
    public long DbVersion;

    public byte* Site;
    public int SiteLength;

    /// <summary>The row's causal length.</summary>
    public long CausalLength;
    public long Seq;

    /// <summary>The table's place in the order of the stream, behind (db_version, seq).</summary>
    public int TableOrder;
}
