namespace ChunkSync.Sqlite;

/// <summary>SQLite's storage classes, which sqlite3.h calls fundamental data types.</summary>
internal static class StorageClass
{
    public const int Integer = 1;
    public const int Real = 2;
    public const int Text = 3;
    public const int Blob = 4;
    public const int Null = 5;
}
