using System.Text.Json.Serialization;
using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>A chunk in a manifest.</summary>
/// <param name="Name">Its name; null where nothing was left of the window, so that there is no object.</param>
/// <param name="From">Where it begins.</param>
/// <param name="Next">Where it ends.</param>
/// <param name="Rows">The number of changes.</param>
/// <param name="Size">The length of its payload.</param>
/// <param name="Sha256">The SHA-256 of its payload, 64 hex digits.</param>
/// <param name="IsFinal">Whether it is the last one of its window.</param>
internal sealed record ManifestChunk(string? Name, ChunkCursor From, ChunkCursor Next, long Rows, long Size, string Sha256, bool IsFinal)
{
    private static readonly string HashOfNothing = StoreNames.Hash([]);

    /// <summary>Where the chunk behind it begins: behind a window's last one the next window does.</summary>
    [JsonIgnore]
    public ChunkCursor Following => IsFinal ? ChunkCursor.Behind(Next.DbVersion) : Next;

    /// <summary>The end of a window of which nothing is left: it has been written again, and comes in the next one.</summary>
    /// <param name="from">Where the chunks end.</param>
    /// <param name="until">The last version of the window.</param>
    public static ManifestChunk Nothing(ChunkCursor from, long until) => new(null, from, new ChunkCursor(until, 0, 0), 0, 0, HashOfNothing, true);

    /// <summary>What is wrong with it; null where nothing is.</summary>
    public string? FindDefect()
    {
        if (Sha256.Length != HashOfNothing.Length || !Sha256.All(char.IsAsciiHexDigitLower))
        {
            return $"'{Sha256}' is no SHA-256";
        }

        if (Following <= From || (IsFinal && (Next.Seq != 0 || Next.Offset != 0)))
        {
            return $"it begins at {From} and ends at {Next}";
        }

        if (Name == null)
        {
            return IsFinal && Rows == 0 && Size == 0 && Sha256 == HashOfNothing ? null : "it has no name";
        }

        return Size is < 1 or > ChunkEnvelope.MaxPayloadLength ? $"its size is {Size}, not 1 to {ChunkEnvelope.MaxPayloadLength}"
            : Rows is < 0 or > uint.MaxValue ? $"it has {Rows} rows"
            : Name != StoreNames.Chunk(From, Sha256) ? $"its name is '{Name}', which is not that of a chunk from {From} with its SHA-256"
            : null;
    }
}
