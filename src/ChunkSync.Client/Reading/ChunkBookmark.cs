using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace ChunkSync.Client;

/// <summary>Where a read goes on: in another process, on another connection, a day later. Its text can be stored anywhere:
/// <c>v1:12.0.262144:40:1048576:524288:0:own:0:9f86d081</c> is cursor, last version of the window, chunk size, bytes that are out, limit of the window,
/// whose changes, whether the window is complete, and a check of it all.</summary>
public sealed record ChunkBookmark
{
    private const string Version = "v1";
    private const int Fields = 9;
    private const int CheckDigits = 8;

    internal ChunkBookmark(ChunkCursor cursor, long until, long chunkSize, long windowBytes, long maxWindowBytes, ChunkSites sites, bool isComplete)
    {
        Cursor = cursor;
        Until = until;
        ChunkSize = chunkSize;
        WindowBytes = windowBytes;
        MaxWindowBytes = maxWindowBytes;
        Sites = sites;
        IsComplete = isComplete;
    }

    /// <summary>The first position that has not been read.</summary>
    public ChunkCursor Cursor { get; }

    /// <summary>The last version of the window.</summary>
    public long Until { get; }

    /// <summary>The size of chunks that was asked for; 0 for the database's setting.</summary>
    public long ChunkSize { get; }

    /// <summary>Bytes before compression of the window that are out.</summary>
    public long WindowBytes { get; }

    /// <summary>The limit of the window; 0 for none.</summary>
    public long MaxWindowBytes { get; }

    /// <summary>Whose changes the window has.</summary>
    public ChunkSites Sites { get; }

    /// <summary>Whether the window is out, so that nothing is left to be resumed: the next window is <c>new ChunkWindow(since: bookmark.Until)</c>.</summary>
    public bool IsComplete { get; }

    /// <summary>Reads a text.</summary>
    /// <param name="text">What <see cref="ToString"/> wrote.</param>
    /// <exception cref="FormatException">It is something else.</exception>
    public static ChunkBookmark Parse(string text) => TryParse(text, out ChunkBookmark? bookmark)
        ? bookmark
        : throw new FormatException($"'{text}' is no bookmark of a chunk, or it was changed");

    /// <summary>Reads a text.</summary>
    /// <param name="text">What <see cref="ToString"/> wrote.</param>
    /// <param name="bookmark">The bookmark; null where the text is something else.</param>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out ChunkBookmark? bookmark)
    {
        bookmark = null;
        string[] parts = text?.Split(':') ?? [];
        if (parts.Length != Fields || parts[0] != Version || !ChunkCursor.TryParse(parts[1], null, out ChunkCursor cursor)
            || !TryNumber(parts[2], out long until) || !TryNumber(parts[3], out long chunkSize) || !TryNumber(parts[4], out long windowBytes)
            || !TryNumber(parts[5], out long maxWindowBytes) || !ChunkSites.TryParse(parts[6], out ChunkSites sites) || parts[7] is not ("0" or "1"))
        {
            return false;
        }

        ChunkBookmark read = new(cursor, until, chunkSize, windowBytes, maxWindowBytes, sites, parts[7] == "1");
        bookmark = read.ToString() == text ? read : null;
        return bookmark != null;
    }

    /// <summary>The text to store.</summary>
    public override string ToString()
    {
        string text = string.Create(CultureInfo.InvariantCulture,
            $"{Version}:{Cursor}:{Until}:{ChunkSize}:{WindowBytes}:{MaxWindowBytes}:{Sites}:{(IsComplete ? 1 : 0)}");
        return text + ":" + Convert.ToHexStringLower(Sha256.Hash(Encoding.UTF8.GetBytes(text)))[..CheckDigits];
    }

    private static bool TryNumber(string text, out long number) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
