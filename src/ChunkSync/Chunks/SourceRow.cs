using ChunkSync.Changes;
using ChunkSync.Format;

namespace ChunkSync.Chunks;

/// <summary>The current change of a source as an encoded row, with a value that is not in memory read to where it goes.</summary>
internal static unsafe class SourceRow
{
    /// <summary>Writes the row into memory of at least <see cref="ChangeRowCodec.SizeOf"/> bytes; returns the address behind it.</summary>
    public static byte* Write(IChangeSource source, byte* at)
    {
        ref readonly ChangeRow row = ref source.Current;
        byte* end = ChangeRowCodec.Write(at, row, out byte* gap);
        if (gap != null)
        {
            source.ReadData(0, gap, (int)row.Value.Length);
        }

        return end;
    }
}
