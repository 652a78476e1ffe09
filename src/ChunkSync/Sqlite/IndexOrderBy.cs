using System.Runtime.InteropServices;

namespace ChunkSync.Sqlite;

/// <summary><c>struct sqlite3_index_orderby</c>: one term of the ORDER BY clause.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IndexOrderBy
{
    public int Column;
    public byte Descending;
}
