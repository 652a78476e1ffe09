using System.Runtime.InteropServices;

namespace ChunkSync.Tests.Host;

/// <summary>A test that needs a SQLite library with <c>sqlite3_serialize</c>; before 3.36 it is optional.</summary>
public sealed class SerializeFactAttribute : FactAttribute
{
    public SerializeFactAttribute()
    {
        if (!NativeLibrary.TryGetExport(NativeSqlite.Library, "sqlite3_deserialize", out _))
        {
            Skip = "this SQLite library was built without sqlite3_deserialize";
        }
    }
}
