using System.Text;
using ChunkSync.Sqlite;

namespace ChunkSync.Backfill;

/// <summary>The shortest leading part of a text or blob that tells two values apart: characters of a TEXT, bytes of a BLOB.</summary>
internal sealed class PrefixRounding(Encoding encoding) : IRounding
{
    /// <summary>How many lengths are tried; collations may need more than one character.</summary>
    private const int Tries = 8;

    private readonly bool isUtf8 = encoding is UTF8Encoding;
    private readonly int highByte = encoding.Equals(Encoding.BigEndianUnicode) || encoding.WebName == "utf-16BE" ? 0 : 1;

    /// <inheritdoc/>
    public List<RoundValue> Candidates(KeyValue low, KeyValue high)
    {
        List<RoundValue> candidates = [];
        bool isText = high.Type == StorageClass.Text;
        if (low.Type != high.Type || !(isText || high.Type == StorageClass.Blob))
        {
            return candidates;
        }

        int count = 0;
        int end = 0;
        int tried = 0;
        while (end < high.Bytes.Length && tried < Tries)
        {
            int next = isText ? EndOfCharacter(high.Bytes, end) : end + 1;
            count++;
            bool isCommon = tried == 0 && low.Bytes.Length >= next && low.Bytes[end..next].SequenceEqual(high.Bytes[end..next])
                && (!isText || low.Bytes.Length == next || EndOfCharacter(low.Bytes, end) == next);
            end = next;
            if (!isCommon)
            {
                tried++;
                candidates.Add(new("prefix:" + count) { Bytes = high.Bytes[..end].ToArray(), IsText = isText });
            }
        }

        return candidates;
    }

    /// <summary>Behind the character at a place. What is not valid is taken as it stands.</summary>
    private int EndOfCharacter(ReadOnlySpan<byte> text, int at)
    {
        int end = at + 1;
        if (isUtf8)
        {
            while (end < text.Length && (text[end] & 0xC0) == 0x80)
            {
                end++;
            }

            return end;
        }

        bool isPair = at + highByte < text.Length && (text[at + highByte] & 0xFC) == 0xD8;
        return Math.Min(at + (isPair ? 4 : 2), text.Length);
    }
}
