using System.Text;
using ChunkSync.Sqlite;

namespace ChunkSync.Catalog;

/// <summary>A column of a tracked table as <c>PRAGMA table_info</c> shows it; generated columns are not among them.</summary>
internal sealed class TableColumn
{
    public TableColumn(int cid, string name, string declaredType, bool notNull, bool hasDefault, int keyOrdinal)
    {
        Cid = cid;
        Name = name;
        DeclaredType = declaredType;
        NotNull = notNull;
        HasDefault = hasDefault;
        KeyOrdinal = keyOrdinal;
        ClockName = AsciiNames.Lower(name);
        ClockNameUtf8 = Encoding.UTF8.GetBytes(ClockName);
        Quoted = Sqlite.Connection.Quote(name);
    }

    /// <summary>The column's number in the table.</summary>
    public int Cid { get; }

    /// <summary>The declared name.</summary>
    public string Name { get; }

    /// <summary>The declared name in double quotes.</summary>
    public string Quoted { get; }

    /// <summary>The name in clock rows: ASCII letters in lower case, everything else as declared (behaviour E.5).</summary>
    public string ClockName { get; }

    public byte[] ClockNameUtf8 { get; }

    public string DeclaredType { get; }

    public bool NotNull { get; }

    public bool HasDefault { get; }

    /// <summary>1-based place in PRIMARY KEY(…); 0 for a column outside the key.</summary>
    public int KeyOrdinal { get; }

    public bool IsKey => KeyOrdinal > 0;

    /// <summary>Whether it says where a row of a tree is: the log of operations decides it, and it has no clocks.</summary>
    public bool IsPlace { get; init; }
}
