using ChunkSync.Format;

namespace ChunkSync.Probe;

/// <summary>The checksum of a stored body, computed a few bytes with every row of a walk: each of its steps waits for the one before, and so do those of
/// the walk, but not for each other. What was found of a body counts once <see cref="Check"/> has passed.</summary>
internal unsafe struct RunningChecksum
{
    private readonly ulong? expected;
    private readonly byte* end;
    private readonly long step;
    private Fnv1a64 hash;
    private byte* next;

    /// <param name="header">The payload's header.</param>
    /// <param name="payload">The payload, which stays in place.</param>
    /// <param name="length">Its length.</param>
    /// <param name="isWanted">Whether the checksum is looked at; version 1 has none.</param>
    public RunningChecksum(in ContainerHeader header, byte* payload, long length, bool isWanted)
    {
        bool has = isWanted && header.Version != ContainerHeader.LegacyVersion;
        expected = has ? header.Checksum : null;
        hash = new Fnv1a64(Fnv1a64.OffsetBasis);
        next = payload + ContainerHeader.Length;
        end = has ? payload + length : next;
        step = ((end - next) / Math.Max(header.Rows, 1)) + 1;
    }

    /// <summary>Goes on by the share of one row.</summary>
    public void Advance()
    {
        long length = Math.Min(step, end - next);
        hash.Add(next, length);
        next += length;
    }

    /// <summary>Computes what is left, and compares.</summary>
    /// <exception cref="DamagedChunkException">The checksum is wrong.</exception>
    public void Check()
    {
        hash.Add(next, end - next);
        next = end;
        if (expected is ulong sum && ContainerHeader.Low48(hash.Value) != sum)
        {
            throw PayloadCheck.WrongChecksum();
        }
    }
}
