using System.Runtime.InteropServices;

namespace ChunkSync.Sqlite;

/// <summary><c>struct sqlite3_index_constraint</c>: one term <c>column op value</c> of the WHERE clause.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IndexConstraint
{
    public const byte Equal = 2;
    public const byte Greater = 4;
    public const byte LessOrEqual = 8;
    public const byte Less = 16;
    public const byte GreaterOrEqual = 32;

    public int Column;
    public byte Operator;
    public byte Usable;
    public int TermOffset;
}
