using System.Text;
using ChunkSync.Format;

namespace ChunkSync.Probe;

/// <summary>With strict fragments: every hit behind a part of a long value is its next part, and no value is open at the end.</summary>
internal sealed unsafe class FragmentSequence(bool isResumed)
{
    private string? openId;
    private long nextPart;
    private long parts;
    private long lastChunk;
    private bool hasBegun;

    /// <summary>Checks the next hit.</summary>
    /// <param name="row">The row.</param>
    /// <param name="version">The version of its payload.</param>
    /// <param name="chunk">Its chunk.</param>
    /// <exception cref="ProbeException">A part is missing before it, or a fragment payload holds something else.</exception>
    public void Check(ref ChangeRowWalker row, byte version, long chunk)
    {
        FragmentName name = default;
        bool isPart = version == ContainerHeader.FragmentVersion && row.Column != null && FragmentName.TryParse(row.ColumnName, out name);
        if (version == ContainerHeader.FragmentVersion && !isPart)
        {
            throw new ProbeException($"chunk {chunk}: row {row.Row} is not a part of a value");
        }

        bool isFirstOfResumed = isResumed && !hasBegun;
        hasBegun = true;
        string? id = isPart ? Encoding.UTF8.GetString(name.ValueId) : null;
        if (openId != null)
        {
            if (id != openId || name.PartIndex != nextPart || name.PartCount != parts)
            {
                throw MissingBehind();
            }
        }
        else if (isPart && name.PartIndex > 0 && !isFirstOfResumed)
        {
            throw new ProbeException($"value {id} is not whole: part {name.PartIndex - 1} of {name.PartCount} is missing before chunk {chunk}");
        }

        bool goesOn = isPart && name.PartIndex + 1 < name.PartCount;
        openId = goesOn ? id : null;
        nextPart = goesOn ? name.PartIndex + 1 : 0;
        parts = goesOn ? name.PartCount : 0;
        lastChunk = chunk;
    }

    /// <summary>Checks that no value is open.</summary>
    /// <exception cref="ProbeException">One is.</exception>
    public void CheckEnd()
    {
        if (openId != null)
        {
            throw MissingBehind();
        }
    }

    private ProbeException MissingBehind() => new($"value {openId} is not whole: part {nextPart} of {parts} is missing behind chunk {lastChunk}");
}
