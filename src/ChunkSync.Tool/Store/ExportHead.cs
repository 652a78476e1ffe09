using System.Text.Json.Serialization;
using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>What an export is and how far it is: <c>head.json</c>. What it does not cover does not count.</summary>
internal sealed record ExportHead
{
    /// <summary>The longest one that is read.</summary>
    public const int MaxLength = 65_536;

    /// <summary>Whose stream it is, in hex.</summary>
    public required string Site { get; init; }

    /// <summary>The number of the window, from 1.</summary>
    public required long Generation { get; init; }

    /// <summary>The name of the last part of the manifest; null where there was nothing to export yet.</summary>
    public required string? LastPart { get; init; }

    /// <summary>Behind the last chunk.</summary>
    public required ChunkCursor Cursor { get; init; }

    /// <summary>The version behind which the window begins.</summary>
    public required long Since { get; init; }

    /// <summary>The last version of the window.</summary>
    public required long Until { get; init; }

    /// <summary>The size of chunks in bytes before compression.</summary>
    public required long ChunkSize { get; init; }

    /// <summary>Whose changes: <c>own</c>, <c>only-HEX</c> or <c>but-HEX</c>.</summary>
    public required string Sites { get; init; }

    /// <summary>The name of the last part of the generation before; null for the first, and after a restart.</summary>
    public required string? Before { get; init; }

    /// <summary>Whether the window is out.</summary>
    public required bool Complete { get; init; }

    /// <summary>Where the window begins, where it does not begin with a version.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ChunkCursor? From { get; init; }

    /// <summary>The budget of the window; 0 for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long MaxWindowBytes { get; init; }

    /// <summary>What of the budget is used.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long WindowBytes { get; init; }

    /// <summary>Where the window begins.</summary>
    [JsonIgnore]
    public ChunkCursor Begin => From ?? ChunkCursor.Behind(Since);

    /// <summary>Up to where the stream is in the store.</summary>
    [JsonIgnore]
    public ChunkCursor End => Complete ? ChunkCursor.Behind(Until) : Cursor;

    /// <summary>The sender.</summary>
    [JsonIgnore]
    public SiteId Sender => SiteId.Parse(Site);

    /// <summary>What is wrong with it; null where nothing is.</summary>
    public string? FindDefect()
    {
        bool hasParts = LastPart != null;
        PartPlace last = default, before = default;
        return !SiteId.TryParse(Site, null, out SiteId site) || site.ToString() != Site ? $"site '{Site}' is no site id"
            : Generation < 1 ? $"generation is {Generation}"
            : hasParts && (!StoreNames.TryReadPart(LastPart!, out last) || last.Generation > Generation) ? $"last_part '{LastPart}' is no part of generation {Generation}"
            : Before != null && (!StoreNames.TryReadPart(Before, out before) || before.Generation >= Generation) ? $"before '{Before}' is no part of a generation before {Generation}"
            : Since < 0 ? $"since is {Since}"
            : Until < Since ? $"until {Until} is less than since {Since}"
            : ChunkSize is < 0 or > int.MaxValue ? $"chunk_size is {ChunkSize}"
            : !SitesText.TryParse(Sites, out _) ? $"sites '{Sites}' is none of own, only-HEX and but-HEX"
            : MaxWindowBytes < 0 || WindowBytes < 0 ? "a number of bytes is negative"
            : From is ChunkCursor from && from.DbVersion - 1 != Since && from.DbVersion != Since ? $"from {from} does not fit since {Since}"
            : Cursor < Begin && !Complete ? $"cursor {Cursor} lies before the window"
            : !hasParts && !Complete ? "last_part is missing"
            : null;
    }
}
