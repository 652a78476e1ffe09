namespace ChunkSync.Merge;

/// <summary>A clock row to be written: everything but pk and db_version.</summary>
/// <remarks><see cref="Name"/> is UTF-8 in native memory.</remarks>
internal unsafe struct ClockEntry
{
    public byte* Name;
    public int NameLength;
    public long Version;
    public long Site;
    public long Seq;
}
