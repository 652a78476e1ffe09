using ChunkSync.Format;

namespace ChunkSync.Changes;

/// <summary>An ordered stream of changes: by (db_version, seq), then creation order of the clock table, then pk bytes, then
/// col_name bytes. What cuts chunks reads changes only through this interface.</summary>
internal unsafe interface IChangeSource
{
    /// <summary>Moves to the first or next change; false at the end.</summary>
    bool MoveNext();

    /// <summary>The current change, valid until the next <see cref="MoveNext"/>.</summary>
    ref readonly ChangeRow Current { get; }

    /// <summary>The place of the current change's table in the order of the stream, behind (db_version, seq).</summary>
    int TableOrder { get; }

    /// <summary>Copies bytes of the current TEXT or BLOB value, for values that are not in memory as a whole.</summary>
    /// <param name="offset">Offset in the value's data.</param>
    /// <param name="target">Where the bytes go.</param>
    /// <param name="length">How many bytes; offset + length is at most the value's length.</param>
    void ReadData(long offset, byte* target, int length);

    /// <summary>FNV64 of the current value's encoding when it is remembered from an earlier page of the same value.</summary>
    bool TryRecallChecksum(out ulong checksum);

    /// <summary>Remembers what a whole pass over the current value computed.</summary>
    void RememberChecksum(ulong checksum);
}
