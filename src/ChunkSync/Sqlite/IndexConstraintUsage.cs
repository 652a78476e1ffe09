using System.Runtime.InteropServices;

namespace ChunkSync.Sqlite;

/// <summary><c>struct sqlite3_index_constraint_usage</c>: where a term's value goes in <c>xFilter</c> (1-based, 0 = unused).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IndexConstraintUsage
{
    public int ArgumentIndex;
    public byte Omit;
}
