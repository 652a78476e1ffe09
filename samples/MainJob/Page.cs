using System.Diagnostics;
using Microsoft.Data.Sqlite;

namespace ChunkSync.Samples.MainJob;

/// <summary>One chunk as it came, with the time its query took.</summary>
internal sealed record Page(
    byte[] Payload, long Rows, long Min, long Max, long Watermark, long NextDbVersion, long NextSeq, long NextOffset, bool IsFinal,
    double Milliseconds)
{
    private const int VersionByte = 4;
    private const byte FragmentVersion = 3;

    /// <summary>Whether it carries a part of a value that is longer than a chunk.</summary>
    public bool IsFragment => Payload[VersionByte] == FragmentVersion;

    public static Page From(SqliteDataReader reader, Stopwatch watch) => new(
        (byte[])reader.GetValue(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4), reader.GetInt64(5),
        reader.GetInt64(6), reader.GetInt64(7), reader.GetInt64(8) == 1, watch.Elapsed.TotalMilliseconds);
}
