using System.Runtime.InteropServices;

namespace ChunkSync.Sqlite;

/// <summary><c>struct sqlite3_index_info</c> (sqlite3.h) as <c>xBestIndex</c> gets it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct IndexInfo
{
    public int ConstraintCount;
    public IndexConstraint* Constraints;
    public int OrderByCount;
    public IndexOrderBy* OrderBy;
    public IndexConstraintUsage* Usage;
    public int IndexNumber;
    public byte* IndexString;
    public int NeedToFreeIndexString;
    public int OrderByConsumed;
    public double EstimatedCost;
    public long EstimatedRows;
    public int IndexFlags;
    public ulong ColumnsUsed;
}
