namespace ChunkSync.Sqlite;

/// <summary>A list of byte strings in one native buffer, which is kept between uses. A string's address is valid until the next one is
/// added.</summary>
internal sealed unsafe class ByteStringList : IDisposable
{
    private readonly NativeBuffer bytes = new();
    private readonly List<(long Start, int Length)> places = [];

    /// <summary>The number of strings.</summary>
    public int Count => places.Count;

    /// <summary>One of them.</summary>
    public ReadOnlySpan<byte> this[int index] => new(bytes.Data + places[index].Start, places[index].Length);

    /// <summary>Adds a copy.</summary>
    public void Add(ReadOnlySpan<byte> text)
    {
        long start = bytes.Length;
        bytes.Append(text);
        places.Add((start, text.Length));
    }

    /// <summary>Forgets all of them and keeps the memory.</summary>
    public void Clear()
    {
        bytes.Clear();
        places.Clear();
    }

    public void Dispose()
    {
        Clear();
        bytes.Dispose();
    }
}
