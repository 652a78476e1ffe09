namespace ChunkSync.Client;

/// <summary>A piece of a window: a payload that <see cref="SyncDatabase.ApplyAsync(ReadOnlyMemory{byte}, ApplyOptions, CancellationToken)"/> takes, and where it
/// stands in the stream.</summary>
public sealed class Chunk
{
    /// <summary>The byte of a payload that has its version, and the version of one part of a value.</summary>
    private const int VersionByte = 4;
    private const byte PartVersion = 3;

    private readonly PageReader reader;
    private readonly long generation;

    internal Chunk(PageReader reader, long generation, ChunkCursor from, in PageNumbers numbers)
    {
        this.reader = reader;
        this.generation = generation;
        From = from;
        Index = generation - 1;
        Rows = numbers.Rows;
        DbVersionMin = numbers.DbVersionMin;
        DbVersionMax = numbers.DbVersionMax;
        Watermark = numbers.Watermark;
        Next = numbers.Next;
        IsFinal = numbers.IsFinal;
        WindowCapped = numbers.WindowCapped;
        WindowBytes = numbers.WindowBytes;
    }

    /// <summary>The bytes to send, valid until the next chunk is asked for.</summary>
    /// <exception cref="InvalidOperationException">The next chunk was asked for, or the loop has ended: copy the bytes before.</exception>
    public ReadOnlyMemory<byte> Payload => reader.PayloadOf(generation);

    /// <summary>Which chunk of this read it is, from 0.</summary>
    public long Index { get; }

    /// <summary>Where it begins.</summary>
    public ChunkCursor From { get; }

    /// <summary>Where the next one begins.</summary>
    public ChunkCursor Next { get; }

    /// <summary>The number of changes; 1 for a part of a long value.</summary>
    public long Rows { get; }

    /// <summary>The version of its first change.</summary>
    public long DbVersionMin { get; }

    /// <summary>The version of its last change.</summary>
    public long DbVersionMax { get; }

    /// <summary>The end of the window. When the loop has ended by itself, that of the last chunk is where the next window begins.</summary>
    public long Watermark { get; }

    /// <summary>Whether it is the last chunk of the window.</summary>
    public bool IsFinal { get; }

    /// <summary>Whether <see cref="ChunkWindow.MaxWindowBytes"/> ended the window with this chunk.</summary>
    public bool WindowCapped { get; }

    /// <summary>Bytes before compression of the window, up to and with this chunk.</summary>
    public long WindowBytes { get; }

    /// <summary>Whether it holds a part of a value that is longer than a chunk.</summary>
    /// <exception cref="InvalidOperationException">As for <see cref="Payload"/>.</exception>
    public bool IsFragment => Payload.Span is { Length: > VersionByte } bytes && bytes[VersionByte] == PartVersion;

    /// <summary>Which part of a value it holds; null where it holds whole changes. Looks into the payload.</summary>
    /// <exception cref="InvalidOperationException">As for <see cref="Payload"/>.</exception>
    public ChunkFragment? Fragment => IsFragment ? reader.Database.PartOf(Payload.Span) : null;

    /// <summary>Everything that a next process needs to go on behind this chunk.</summary>
    public ChunkBookmark Resume => reader.BookmarkOf(this);

    /// <summary>The chunk as <see cref="SyncDatabase.ReceiveAsync(ChunkEnvelope, CancellationToken)"/> takes it at the other side; its payload is valid as long as <see cref="Payload"/>.</summary>
    /// <param name="sender">The id of this stream: <see cref="SyncDatabase.Site"/>.</param>
    /// <exception cref="InvalidOperationException">As for <see cref="Payload"/>.</exception>
    public ChunkEnvelope ToEnvelope(SiteId sender) => new(sender, this);
}
