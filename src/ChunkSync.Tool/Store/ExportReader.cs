using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>Reads an export, and trusts nothing in it: every name follows from what it names, every object is what its SHA-256 says, every chunk begins where the one
/// before it ends.</summary>
/// <param name="store">Where it is.</param>
internal sealed class ExportReader(IChunkStore store)
{
    /// <summary>The head from which the reader began, where it may have been written again meanwhile; null for no such head.</summary>
    public ExportHead? Began { get; init; }

    /// <summary>What to do about damage.</summary>
    public string RepairCure { get; init; } = "export it again with --restart";

    /// <summary>The head; null where there is no export.</summary>
    /// <exception cref="ToolException">It cannot be read, or is no head.</exception>
    public async Task<ExportHead?> FindHeadAsync(CancellationToken cancellation)
    {
        byte[]? bytes = await store.ReadAsync(StoreNames.Head, 0, ExportHead.MaxLength + 1, cancellation);
        if (bytes == null)
        {
            return null;
        }

        ExportHead head = Parse(StoreNames.Head, bytes, ExportHead.MaxLength, StoreJson.Default.ExportHead);
        return head.FindDefect() is string defect ? throw Refuse(StoreNames.Head, defect) : head;
    }

    /// <summary>The head.</summary>
    /// <exception cref="ToolException">There is none, it cannot be read, or is no head.</exception>
    public async Task<ExportHead> HeadAsync(CancellationToken cancellation) => await FindHeadAsync(cancellation)
        ?? throw new ToolException(ExitCode.InputOutput, store.Address, $"there is no export here ({StoreNames.Head} is missing)");

    /// <summary>The parts of the manifest that hold what lies behind a position, in order.</summary>
    /// <param name="head">The head.</param>
    /// <param name="from">The position; parts that end before it are left out.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="ToolException">One is missing, changed, or does not join the next.</exception>
    public async Task<ExportChain> ChainAsync(ExportHead head, ChunkCursor from, CancellationToken cancellation)
    {
        ExportChain chain = new();
        string? name = head.LastPart;
        ManifestPart? later = null;
        while (name != null)
        {
            ManifestPart part = await PartAsync(name, cancellation);
            CheckJoint(name, part, head, later);
            chain.Prepend(name, part, from);
            if (part.Chunks[0].From <= from)
            {
                break;
            }

            CheckOrder(name, part);
            (name, later) = (part.Previous, part);
        }

        return chain;
    }

    /// <summary>The chunks of a chain in order, from a position on.</summary>
    /// <param name="chain">The chain.</param>
    /// <param name="from">The position; chunks that end before it are left out.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="ToolException">A part is missing or changed.</exception>
    public async IAsyncEnumerable<ManifestChunk> ChunksAsync(ExportChain chain, ChunkCursor from, [EnumeratorCancellation] CancellationToken cancellation)
    {
        // By name: the SHA-256 in it makes the part the one that was looked at before.
        foreach (string name in chain.Names)
        {
            foreach (ManifestChunk chunk in (await PartAsync(name, cancellation)).Chunks)
            {
                if (chunk.Following > from)
                {
                    yield return chunk;
                }
            }
        }
    }

    /// <summary>A part of the manifest.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="ToolException">It is missing or changed.</exception>
    public async Task<ManifestPart> PartAsync(string name, CancellationToken cancellation)
    {
        if (!StoreNames.TryReadPart(name, out PartPlace place))
        {
            throw Refuse(StoreNames.Head, $"'{name}' is no name of a part");
        }

        byte[] bytes = await store.ReadAsync(name, 0, ManifestPart.MaxLength + 1, cancellation) ?? throw await MissingAsync(name, cancellation);
        if (bytes.Length <= ManifestPart.MaxLength && StoreNames.Part(place, StoreNames.Hash(bytes)) != name)
        {
            throw Refuse(name, "its bytes are not those that its name promises");
        }

        ManifestPart part = Parse(name, bytes, ManifestPart.MaxLength, StoreJson.Default.ManifestPart);
        return part.FindDefect() is string defect ? throw Refuse(name, defect) : part;
    }

    /// <summary>The payload of a chunk.</summary>
    /// <param name="chunk">The chunk, which has an object.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="ToolException">It is missing or changed.</exception>
    public async Task<byte[]> PayloadAsync(ManifestChunk chunk, CancellationToken cancellation)
    {
        int size = (int)chunk.Size;
        byte[] payload = await store.ReadAsync(chunk.Name!, 0, size + 1, cancellation) ?? throw await MissingAsync(chunk.Name!, cancellation);
        return payload.Length != size
            ? throw Refuse(chunk.Name!, $"it has {(payload.Length > size ? "more than " : "")}{Math.Min(payload.Length, size)} bytes, not {size}")
            : StoreNames.Hash(payload) != chunk.Sha256
            ? throw Refuse(chunk.Name!, "its SHA-256 is not the manifest's: it was changed")
            : payload;
    }

    /// <summary>A failure about what is in the store.</summary>
    /// <param name="name">The object.</param>
    /// <param name="cause">What is wrong with it.</param>
    public ToolException Refuse(string name, string cause) => new(ExitCode.Refused, $"{store.Address}/{Shown(name)}", cause, RepairCure) { IsDamage = true };

    /// <summary>Names from outside can be of any length.</summary>
    private static string Shown(string name) => Printable.Of(name, 120);

    /// <summary>An export that was made anew may have removed what the one before had.</summary>
    private async Task<ToolException> MissingAsync(string name, CancellationToken cancellation)
    {
        bool isAnew = Began != null && await FindHeadAsync(cancellation) != Began;
        return new ToolException(ExitCode.Refused, $"{store.Address}/{name}", "it is missing", isAnew ? "the export was made anew meanwhile: run the command again" : RepairCure)
        {
            IsDamage = true,
        };
    }

    private T Parse<T>(string name, byte[] bytes, int maxLength, JsonTypeInfo<T> type)
    {
        if (bytes.Length > maxLength)
        {
            throw Refuse(name, $"it has more than {maxLength} bytes");
        }

        try
        {
            return JsonSerializer.Deserialize(bytes, type) ?? throw Refuse(name, "it is null");
        }
        catch (JsonException failure)
        {
            throw Refuse(name, $"it is no such JSON ({(failure.Path is { Length: > 0 } path ? "at " + Shown(path) : "it cannot be parsed")})");
        }
    }

    /// <summary>Whether a part ends where the one behind it, or the head, begins.</summary>
    private void CheckJoint(string name, ManifestPart part, ExportHead head, ManifestPart? later)
    {
        ManifestChunk last = part.Chunks[^1];
        if (later != null)
        {
            if (later.Chunks[0].From != last.Following)
            {
                throw Refuse(name, $"it ends at {last.Following}, and the part behind it begins at {later.Chunks[0].From}");
            }
        }
        else if (last.Next != head.Cursor || last.IsFinal != head.Complete || (head.Complete && last.Next.DbVersion != head.Until))
        {
            throw Refuse(StoreNames.Head, $"its cursor is {head.Cursor}, and its last part ends at {last.Next}");
        }

        if (part.Previous == head.Before && part.Chunks[0].From != head.Begin && StoreNames.TryReadPart(name, out PartPlace place) && place.Generation == head.Generation)
        {
            throw Refuse(name, $"it begins at {part.Chunks[0].From}, and its window at {head.Begin}");
        }
    }

    private void CheckOrder(string name, ManifestPart part)
    {
        if (part.Previous is string previous
            && !(StoreNames.TryReadPart(previous, out PartPlace before) && StoreNames.TryReadPart(name, out PartPlace place) && place.CanFollow(before)))
        {
            throw Refuse(name, $"previous '{Shown(previous)}' is no part before it");
        }
    }
}
