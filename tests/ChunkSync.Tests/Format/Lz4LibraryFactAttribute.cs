namespace ChunkSync.Tests.Format;

/// <summary>A test that needs the system's liblz4, and is reported as skipped without it.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class Lz4LibraryFactAttribute : FactAttribute
{
    public Lz4LibraryFactAttribute()
    {
        if (!Lz4Codec.HasLibrary)
        {
            Skip = "liblz4 is not installed";
        }
    }
}
