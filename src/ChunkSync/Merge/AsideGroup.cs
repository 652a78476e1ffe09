using System.Runtime.InteropServices;

namespace ChunkSync.Merge;

/// <summary>Changes of one row that follow each other and were refused: where their encoding lies, and how many they are.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct AsideGroup
{
    /// <summary>The first change row (<see cref="ChunkSync.Format.ChangeRowCodec"/>).</summary>
    public byte* Rows;

    /// <summary>The number of change rows.</summary>
    public int Count;

    /// <summary>Why a single change waits that no attempt can place: its table or column is not here; <see cref="RefusalReason.None"/> for a
    /// group that was refused when it was written.</summary>
    public RefusalReason Unknown;

    /// <summary>SQLite's message when the group was refused alone (<see cref="MergeCall.TextOf"/>); 0 where it is not kept.</summary>
    public byte Text;

    /// <summary>SQLite's extended code at that; 0 where it is not kept.</summary>
    public short Code;
}
